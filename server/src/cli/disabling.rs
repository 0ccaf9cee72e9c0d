//! `doorward tenant disable` and `enable`, and `doorward api-key disable` and `enable`.

use super::{
    CliError,
    admin_call::{failed, find_tenant, open},
    args::{AdminArgs, ApiKeyStateArgs, TenantStateArgs},
    output,
};
use crate::service::admin::disabling::{self, Target};

/// The state that a command sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Disabled,
    Enabled,
}

pub(super) async fn set_tenant(args: TenantStateArgs, state: State) -> Result<(), CliError> {
    set(&args.admin, &args.tenant, Target::Tenant, state, &format!("tenant {}", output::cell(&args.tenant))).await
}

pub(super) async fn set_api_key(args: ApiKeyStateArgs, state: State) -> Result<(), CliError> {
    set(&args.admin, &args.tenant, Target::ApiKey(args.key), state, &format!("API key {}", args.key)).await
}

async fn set(args: &AdminArgs, tenant: &str, target: Target, state: State, what: &str) -> Result<(), CliError> {
    let call = open(args).await?;
    let tenant = find_tenant(&call, tenant).await?;
    let (changed, word) = match state {
        State::Disabled => (disabling::disable(&call, tenant, target).await, "disabled"),
        State::Enabled => (disabling::enable(&call, tenant, target).await, "enabled"),
    };
    let changed = changed.map_err(failed)?;
    if args.json {
        return output::change_json(changed, &serde_json::json!({}));
    }
    output::line(&if changed { format!("{word} {what}") } else { format!("{what} is already {word}") })
}
