//! `doorward-admin keys …`

use doorward_shared::{
    Timestamp,
    admin::{CreateSecretRequest, CreatedSecret, SecretItem},
};
use uuid::Uuid;

use super::{
    Context, Failed,
    confirm::confirm,
    output::{maybe_time, time},
    table::{Column, Table},
    tenant,
};
use crate::{
    args::secrets::{KeysCommand, KeysCreateArgs, KeysRevokeArgs},
    moment::Moment,
};

pub(super) async fn run(context: &Context, command: KeysCommand) -> Result<(), Failed> {
    match command {
        KeysCommand::List(of) => {
            let tenant = tenant::find(&context.api, &of.tenant).await?;
            let keys = context.api.api_keys(tenant).await?;
            if context.out.json {
                return context.out.value(&keys);
            }
            let rows: Vec<_> = keys.iter().map(|key| secret_row(key).to_vec()).collect();
            context.out.table(&Table::new(&SECRET_COLUMNS), &rows)
        }
        KeysCommand::Create(args) => create(context, args).await,
        KeysCommand::Revoke(args) => revoke(context, args).await,
    }
}

/// What every secret has, in a list.
pub(super) const SECRET_COLUMNS: [Column; 6] = [
    Column::new("ID"),
    Column::text("NAME", 8),
    Column::new("HINT"),
    Column::new("CREATED").spare(2),
    Column::new("LAST USED").spare(1),
    Column::new("EXPIRES").spare(1),
];

pub(super) fn secret_row(secret: &SecretItem) -> [String; 6] {
    [
        secret.id.to_string(),
        secret.name.clone(),
        secret.hint.clone(),
        time(secret.created_at),
        maybe_time(secret.last_used_at),
        maybe_time(secret.expires_at),
    ]
}

async fn create(context: &Context, args: KeysCreateArgs) -> Result<(), Failed> {
    let expires_at = expires(args.expires, context.now)?;
    let tenant = tenant::find(&context.api, &args.of.tenant).await?;
    let request = CreateSecretRequest { name: Some(args.name), expires_at };
    let created = context.api.create_api_key(tenant, &request).await?;
    deliver(context, &created, args.quiet, "API key")
}

/// When something is to expire.
pub(super) fn expires(moment: Option<Moment>, now: Timestamp) -> Result<Option<Timestamp>, Failed> {
    match moment.map(|moment| moment.coming(now)) {
        Some(at) if at <= now => Err(Failed::usage("--expires: the time has passed already")),
        at => Ok(at),
    }
}

/// Prints a secret, this once.
pub(super) fn deliver(context: &Context, created: &CreatedSecret, quiet: bool, what: &str) -> Result<(), Failed> {
    let printed = if context.out.json {
        context.out.value(created)
    } else if quiet {
        context.out.line(&crate::escape::visible(&created.secret))
    } else {
        let shown = format!("{}   (shown only now)", created.secret);
        context.out.pairs(&[("id", created.id.to_string()), ("secret", shown)])
    };
    printed.map_err(|failed| undelivered(what, created.id, failed))
}

/// A secret that nobody could read is good for nothing, and should not stay around.
pub(super) fn undelivered(what: &str, id: Uuid, failed: Failed) -> Failed {
    let why = match failed {
        Failed::Refused(why) | Failed::Away(why) | Failed::Usage(why) => why,
        Failed::Unread => "nobody reads standard output".to_owned(),
    };
    Failed::new(format!("{what} {id} was made, but could not be printed, and cannot be shown again: revoke it ({why})"))
}

async fn revoke(context: &Context, args: KeysRevokeArgs) -> Result<(), Failed> {
    let tenant = tenant::find(&context.api, &args.of.tenant).await?;
    let keys = context.api.api_keys(tenant).await?;
    let known = keys.iter().find(|key| key.id == args.key.uuid());
    // The server has the last word about ids that are not in the list.
    let name = known.map_or_else(String::new, |key| format!(" {}", key.name));
    confirm(
        args.confirmation,
        &format!("This revokes the API key{name} ({}): requests with it are refused.", args.key),
    )?;
    context.api.revoke_api_key(tenant, args.key).await?;
    context.out.done(&format!("API key{name} ({}) is revoked", args.key))
}
