//! `doorward-admin completions` and `man`: generated from the definition of the command line.

use clap::CommandFactory as _;
use doorward_shared::command_line::{self, CompletionsArgs, ManArgs};

use super::{error::CommandError, output::Output};
use crate::args::Cli;

pub(super) fn completions(output: Output, args: CompletionsArgs) -> Result<(), CommandError> {
    output.bytes(&command_line::completions(Cli::command(), args.shell))?;
    output.flush()
}

pub(super) fn man(output: Output, args: &ManArgs) -> Result<(), CommandError> {
    match &args.dir {
        None => {
            let page =
                command_line::man_page(Cli::command()).map_err(|error| CommandError::failed(error.to_string()))?;
            output.bytes(&page)?;
            output.flush()
        }
        Some(folder) => {
            let failed = |error| CommandError::failed(format!("{}: {error}", folder.display()));
            command_line::write_man_pages(Cli::command(), folder).map_err(failed)?;
            output.done(&format!("wrote the man pages to {}", folder.display()))
        }
    }
}
