//! `doorward-admin users …`

use doorward_shared::admin::{UserDetail, UserSummary};

use super::{
    Context, Failed,
    confirm::confirm,
    output::{maybe, maybe_time, time, yes},
    table::{Column, Table},
    tenant,
    tenants::SLICE,
};
use crate::{
    api::UserQuery,
    args::users::{UserArgs, UsersCommand, UsersDeleteArgs, UsersListArgs},
};

pub(super) async fn run(context: &Context, command: UsersCommand) -> Result<(), Failed> {
    match command {
        UsersCommand::List(args) => list(context, args).await,
        UsersCommand::Show(args) => show(context, args).await,
        UsersCommand::Delete(args) => delete(context, args).await,
    }
}

async fn list(context: &Context, args: UsersListArgs) -> Result<(), Failed> {
    let tenant = tenant::find(&context.api, &args.of.tenant).await?;
    let limit = args.limit.unwrap_or(usize::MAX);
    let mut query =
        UserQuery { text: args.search, limit: u32::try_from(limit.clamp(1, SLICE)).ok(), ..UserQuery::default() };
    let mut found: Vec<UserSummary> = Vec::new();
    while found.len() < limit {
        let page = context.api.user_summaries(tenant, &query).await?;
        found.extend(page.items);
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    found.truncate(limit);
    if context.out.json {
        return context.out.value(&found);
    }
    let columns = Table::new(&[
        Column::text("USER", 12),
        Column::text("NAME", 12),
        Column::text("DISPLAY NAME", 8).spare(3),
        Column::number("CREDENTIALS"),
        Column::new("LAST USED"),
        Column::new("CREATED").spare(1),
        Column::new("ID").spare(2),
    ]);
    let row = |user: &UserSummary| {
        vec![
            user.user.user_id.clone(),
            user.user.name.clone(),
            user.user.display_name.clone(),
            user.credentials.to_string(),
            maybe_time(user.last_used_at),
            time(user.user.created_at),
            user.user.id.to_string(),
        ]
    };
    context.out.table(&columns, &found.iter().map(row).collect::<Vec<_>>())
}

async fn show(context: &Context, args: UserArgs) -> Result<(), Failed> {
    let tenant = tenant::find(&context.api, &args.of.tenant).await?;
    let detail = context.api.user(tenant, &args.user).await?;
    if context.out.json {
        return context.out.value(&detail);
    }
    let user = &detail.user;
    context.out.pairs(&[
        ("user", user.user_id.clone()),
        ("id", user.id.to_string()),
        ("name", user.name.clone()),
        ("display name", user.display_name.clone()),
        ("icon", maybe(Some(&user.icon))),
        ("created", time(user.created_at)),
    ])?;
    context.out.line("")?;
    credentials(context, &detail)?;
    if detail.transactions.is_empty() {
        return Ok(());
    }
    context.out.line("")?;
    let columns = Table::new(&[Column::text("TRANSACTION", 12), Column::new("CREATED"), Column::text("DATA", 12)]);
    let row = |transaction: &doorward_shared::public::TransactionItem| {
        vec![transaction.identifier.clone(), time(transaction.created_at), transaction.data.clone()]
    };
    context.out.table(&columns, &detail.transactions.iter().map(row).collect::<Vec<_>>())
}

fn credentials(context: &Context, detail: &UserDetail) -> Result<(), Failed> {
    let columns = Table::new(&[
        Column::new("CREDENTIAL"),
        Column::text("NAME", 8),
        Column::new("KIND"),
        Column::new("CREATED").spare(2),
        Column::new("LAST USED").spare(1),
        Column::text("ATTESTATION", 6).spare(4),
        Column::text("TRANSPORTS", 6).spare(5),
        Column::new("BACKED UP").spare(3),
    ]);
    let row = |credential: &doorward_shared::public::CredentialItem| {
        vec![
            credential.id.to_string(),
            maybe(credential.name.as_deref()),
            if credential.is_mfa { "second factor" } else { "passkey" }.to_owned(),
            time(credential.created_at),
            maybe_time(credential.last_used_at),
            credential.attestation_type.clone(),
            maybe(Some(&credential.transports.join(","))),
            yes(credential.backup_state).to_owned(),
        ]
    };
    context.out.table(&columns, &detail.credentials.iter().map(row).collect::<Vec<_>>())
}

async fn delete(context: &Context, args: UsersDeleteArgs) -> Result<(), Failed> {
    let tenant = tenant::find(&context.api, &args.user.of.tenant).await?;
    // Looked at first, so that the question names whom it is about.
    let detail = context.api.user(tenant, &args.user.user).await?;
    let (user, count) = (&detail.user, detail.credentials.len());
    let what = format!("This deletes the user {} ({}) with {count} credentials, for good.", user.user_id, user.name);
    confirm(args.confirmation, &what)?;
    context.api.delete_user(tenant, &user.id.to_string()).await?;
    context.out.done(&format!("user {} is deleted with {count} credentials", user.user_id))
}
