//! `doorward-admin tokens …`

use doorward_shared::admin::{AdminTokenItem, CreateAdminTokenRequest};

use super::{confirm::confirm, context::CommandContext, error::CommandError, secret, table::Column};
use crate::args::secrets::{TokensCommand, TokensCreateArgs, TokensRevokeArgs};

pub(super) async fn run(context: &CommandContext, command: TokensCommand) -> Result<(), CommandError> {
    match command {
        TokensCommand::List => list(context).await,
        TokensCommand::Create(args) => create(context, args).await,
        TokensCommand::Revoke(args) => revoke(context, args).await,
    }
}

async fn list(context: &CommandContext) -> Result<(), CommandError> {
    let tokens = context.api.admin_tokens().await?;
    let [id, name, hint, created, used, expires] = secret::COLUMNS;
    let columns = [id, name, Column::new("ROLE"), hint, created, used, expires];
    context.output.list(&columns, &tokens, |token: &AdminTokenItem| {
        let [id, name, hint, created, used, expires] = secret::row(&token.secret);
        vec![id, name, token.role.to_string(), hint, created, used, expires]
    })
}

async fn create(context: &CommandContext, args: TokensCreateArgs) -> Result<(), CommandError> {
    let expires_at = secret::expiry(args.expires, context.now)?;
    let request = CreateAdminTokenRequest { name: Some(args.name), role: Some(args.role), expires_at };
    let created = context.api.create_admin_token(&request).await?;
    secret::print(context.output, &created, args.quiet, "admin token")
}

async fn revoke(context: &CommandContext, args: TokensRevokeArgs) -> Result<(), CommandError> {
    let tokens = context.api.admin_tokens().await?;
    let token = tokens.iter().find(|token| token.secret.id == args.token.uuid());
    let name = token.map(|token| format!(" {}", token.secret.name)).unwrap_or_default();
    let consequence =
        format!("This revokes the admin token{name} ({}). Requests with it will be rejected.", args.token);
    confirm(args.confirmation, &consequence)?;
    context.api.revoke_admin_token(args.token).await?;
    context.output.done(&format!("revoked admin token{name} ({})", args.token))
}
