//! `doorward-admin apply`

use std::path::PathBuf;

use clap::Args;
use doorward_shared::command_line::Confirmation;

#[derive(Debug, Clone, Args)]
pub struct ApplyArgs {
    /// TOML file with the tenants, as printed by `export`; - for standard input
    #[arg(long, short, value_name = "FILE")]
    pub file: PathBuf,
    /// Print the changes without making them; the exit code is 10 if there are any
    #[arg(long)]
    pub dry_run: bool,
    /// Also disable the tenants that are not in the file; they are never deleted
    #[arg(long)]
    pub prune: bool,
    #[command(flatten)]
    pub confirmation: Confirmation,
}
