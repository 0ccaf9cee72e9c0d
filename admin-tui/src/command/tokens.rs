//! `doorward-admin tokens …`

use doorward_shared::admin::CreateAdminTokenRequest;

use super::{
    Context, Failed,
    confirm::confirm,
    keys::{SECRET_COLUMNS, deliver, expires, secret_row},
    table::{Column, Table},
};
use crate::args::secrets::{TokensCommand, TokensCreateArgs, TokensRevokeArgs};

pub(super) async fn run(context: &Context, command: TokensCommand) -> Result<(), Failed> {
    match command {
        TokensCommand::List => list(context).await,
        TokensCommand::Create(args) => create(context, args).await,
        TokensCommand::Revoke(args) => revoke(context, args).await,
    }
}

async fn list(context: &Context) -> Result<(), Failed> {
    let tokens = context.api.admin_tokens().await?;
    if context.out.json {
        return context.out.value(&tokens);
    }
    let [id, name, hint, created, used, expires] = SECRET_COLUMNS;
    let columns = Table::new(&[id, name, Column::new("ROLE"), hint, created, used, expires]);
    let row = |token: &doorward_shared::admin::AdminTokenItem| {
        let [id, name, hint, created, used, expires] = secret_row(&token.secret);
        vec![id, name, token.role.to_string(), hint, created, used, expires]
    };
    context.out.table(&columns, &tokens.iter().map(row).collect::<Vec<_>>())
}

async fn create(context: &Context, args: TokensCreateArgs) -> Result<(), Failed> {
    let expires_at = expires(args.expires, context.now)?;
    let request = CreateAdminTokenRequest { name: Some(args.name), role: Some(args.role), expires_at };
    let created = context.api.create_admin_token(&request).await?;
    deliver(context, &created, args.quiet, "admin token")
}

async fn revoke(context: &Context, args: TokensRevokeArgs) -> Result<(), Failed> {
    let tokens = context.api.admin_tokens().await?;
    let known = tokens.iter().find(|token| token.secret.id == args.token.uuid());
    let name = known.map_or_else(String::new, |token| format!(" {}", token.secret.name));
    let what = format!("This revokes the admin token{name} ({}): its bearer can do nothing any more.", args.token);
    confirm(args.confirmation, &what)?;
    context.api.revoke_admin_token(args.token).await?;
    context.out.done(&format!("admin token{name} ({}) is revoked", args.token))
}
