//! The arguments of `doorward mds`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{admin::AdminArgs, help};

/// `doorward mds …`
#[derive(Debug, Clone, Subcommand)]
pub enum MdsCommand {
    /// Import a metadata BLOB, and judge the attestations of existing credentials with it
    ///
    /// A running server uses the metadata from its next request on. The BLOB must be newer than the imported one
    #[command(after_help = help::MDS_IMPORT)]
    Import(MdsImportArgs),
    /// Show the number, age and next update of the imported metadata
    Status(AdminArgs),
}

/// `doorward mds import`
#[derive(Debug, Clone, Args)]
pub struct MdsImportArgs {
    /// File with the BLOB that mds3.fidoalliance.org publishes
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Root certificate (PEM or DER) of the BLOB's signer [default: GlobalSign Root CA R3 and R46]
    #[arg(long, value_name = "FILE")]
    pub root: Option<PathBuf>,
    /// Accept a BLOB whose next update is overdue
    #[arg(long)]
    pub allow_outdated: bool,
    /// Arguments of all administrative commands.
    #[command(flatten)]
    pub admin: AdminArgs,
}
