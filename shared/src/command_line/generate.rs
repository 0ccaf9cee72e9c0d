//! Shell completions and man pages, generated from the definition of a command line.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Args, Command};
use clap_complete::Shell;

/// `completions SHELL`
#[derive(Debug, Clone, Copy, Args)]
pub struct CompletionsArgs {
    /// Shell for which to print the completion script
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// `man [DIR]`
#[derive(Debug, Clone, Args)]
pub struct ManArgs {
    /// Folder for the pages of all commands [default: print the page of the program]
    #[arg(value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// Returns the completion script of a command for a shell.
#[must_use]
pub fn completions(mut command: Command, shell: Shell) -> Vec<u8> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    script
}

/// Returns the man page of a command, without those of its subcommands.
///
/// # Errors
/// Never, because the page is written to memory.
pub fn man_page(command: Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    Ok(page)
}

/// Writes the man pages of a command and of all its subcommands to a folder, which is created if it does not exist.
///
/// # Errors
/// Returns an error if the folder cannot be created or a page cannot be written.
pub fn write_man_pages(command: Command, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(command, folder)
}
