//! Arguments that several subcommands share.

use clap::Args;

/// Selects a tenant.
#[derive(Debug, Clone, Args)]
pub struct TenantFlag {
    /// Id or name of the tenant
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: String,
}

/// Confirms changes that cannot be undone.
#[derive(Debug, Clone, Copy, Args)]
pub struct Confirmation {
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
}

/// Parses a display name.
pub(super) fn name(text: &str) -> Result<String, &'static str> {
    let name = text.trim();
    if (1..=128).contains(&name.chars().count()) { Ok(name.to_owned()) } else { Err("must have 1 to 128 characters") }
}
