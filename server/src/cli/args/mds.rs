//! The arguments of `doorward mds`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{admin::AdminArgs, help};

/// `doorward mds …`
#[derive(Debug, Clone, Subcommand)]
pub enum MdsCommand {
    /// Import a metadata BLOB, and judge the attestations of existing credentials with it
    ///
    /// A running server uses the metadata from its next request on. The BLOB must be newer than the one that was
    /// imported last
    #[command(after_help = help::MDS_IMPORT)]
    Import(MdsImportArgs),
    /// Show the serial number of the imported metadata, its age, and the date of the next update
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
    /// Accept a BLOB although the date of its next update has passed
    #[arg(long)]
    pub allow_outdated: bool,
    /// Arguments that every administrative command accepts.
    #[command(flatten)]
    pub admin: AdminArgs,
}
