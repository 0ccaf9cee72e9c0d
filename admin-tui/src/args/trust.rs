//! `doorward-admin trust …`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{help, tenants::TenantArg};

#[derive(Debug, Clone, Subcommand)]
pub enum TrustCommand {
    /// Show the users who would lose credentials under other trust policies; changes nothing
    #[command(after_help = help::TRUST_PREVIEW)]
    Preview(TrustPreviewArgs),
    /// Show the algorithms of a tenant's credentials, and how many users are ready for stricter requirements
    Radar(TenantArg),
}

#[derive(Debug, Clone, Args)]
pub struct TrustPreviewArgs {
    /// Id or name of the tenant
    #[arg(value_name = "TENANT")]
    pub tenant: String,
    /// JSON file with a configuration, as printed by `tenant config get`; - for standard input [default: the current
    /// configuration]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Treat the mode `monitor` as `enforce` in the preview
    #[arg(long)]
    pub enforce: bool,
    /// Maximum number of rows [default: all]
    #[arg(long, value_name = "ROWS")]
    pub limit: Option<usize>,
}
