//! `doorward completions` and `doorward man`: generated from the definition of the command line.

use clap::CommandFactory as _;
use doorward_shared::command_line::{self, CompletionsArgs, ManArgs};

use super::{CliError, args::Cli, output};

pub(super) fn completions(args: CompletionsArgs) -> Result<(), CliError> {
    output::bytes(&command_line::completions(Cli::command(), args.shell))
}

pub(super) fn man(args: &ManArgs) -> Result<(), CliError> {
    match &args.dir {
        None => {
            let page = command_line::man_page(Cli::command()).map_err(|error| CliError::new(error.to_string()))?;
            output::bytes(&page)
        }
        Some(folder) => {
            let written = command_line::write_man_pages(Cli::command(), folder);
            let failed = |error| CliError::new(format!("{}: {error}", folder.display()));
            written.map_err(failed)?;
            output::line(&format!("wrote the man pages to {}", folder.display()))
        }
    }
}
