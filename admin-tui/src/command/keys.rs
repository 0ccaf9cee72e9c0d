//! `doorward-admin keys …`

use doorward_shared::admin::CreateSecretRequest;

use super::{confirm::confirm, context::CommandContext, error::CommandError, secret};
use crate::args::secrets::{KeysCommand, KeysCreateArgs, KeysRevokeArgs};

pub(super) async fn run(context: &CommandContext, command: KeysCommand) -> Result<(), CommandError> {
    match command {
        KeysCommand::List(args) => {
            let tenant = context.tenant(&args.tenant).await?;
            let keys = context.api.api_keys(tenant).await?;
            context.output.list(&secret::COLUMNS, &keys, |key| secret::row(key).to_vec())
        }
        KeysCommand::Create(args) => create(context, args).await,
        KeysCommand::Revoke(args) => revoke(context, args).await,
    }
}

async fn create(context: &CommandContext, args: KeysCreateArgs) -> Result<(), CommandError> {
    let expires_at = secret::expiry(args.expires, context.now)?;
    let tenant = context.tenant(&args.tenant.tenant).await?;
    let request = CreateSecretRequest { name: Some(args.name), expires_at };
    let created = context.api.create_api_key(tenant, &request).await?;
    secret::print(context.output, &created, args.quiet, "API key")
}

async fn revoke(context: &CommandContext, args: KeysRevokeArgs) -> Result<(), CommandError> {
    let tenant = context.tenant(&args.tenant.tenant).await?;
    let keys = context.api.api_keys(tenant).await?;
    // The request is also sent for ids that are not in the list; the server returns the error.
    let name =
        keys.iter().find(|key| key.id == args.key.uuid()).map(|key| format!(" {}", key.name)).unwrap_or_default();
    let consequence = format!("This revokes the API key{name} ({}). Requests with it will be rejected.", args.key);
    confirm(args.confirmation, &consequence)?;
    context.api.revoke_api_key(tenant, args.key).await?;
    context.output.done(&format!("revoked API key{name} ({})", args.key))
}
