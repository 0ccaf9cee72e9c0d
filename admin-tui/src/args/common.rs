//! Arguments that several subcommands share.

use clap::Args;

#[derive(Debug, Clone, Args)]
pub struct TenantFlag {
    /// Id or name of the tenant
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: String,
}
