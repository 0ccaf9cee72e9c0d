//! `doorward-admin user …`, `credential …`, `transaction …`

use doorward_shared::{
    ErrorCode, TenantId,
    admin::{TransactionSummary, UserDetail, UserItem, UserSummary},
    counted,
    public::{CredentialItem, TransactionItem},
};

use super::{
    confirm::confirm,
    context::CommandContext,
    disabling::{self, State},
    error::CommandError,
    output::{optional, optional_time, time, yes_no},
    pages,
    table::Column,
};
use crate::{
    api::{DisableTarget, UserQuery, UserRef},
    args::users::{
        CredentialArgs, CredentialCommand, CredentialDeleteArgs, TransactionCommand, UserArgs, UserCommand,
        UserDeleteArgs, UserListArgs,
    },
};

const USER_COLUMNS: [Column; 8] = [
    Column::text("USER", 12),
    Column::text("NAME", 12),
    Column::text("DISPLAY NAME", 8).hide_order(3),
    Column::number("CREDENTIALS"),
    Column::new("LAST USED"),
    Column::new("CREATED").hide_order(1),
    Column::new("ID").hide_order(2),
    Column::new("STATE"),
];

const CREDENTIAL_COLUMNS: [Column; 9] = [
    Column::new("CREDENTIAL"),
    Column::text("NAME", 8),
    Column::new("KIND"),
    Column::new("CREATED").hide_order(2),
    Column::new("LAST USED").hide_order(1),
    Column::text("ATTESTATION", 6).hide_order(4),
    Column::text("TRANSPORTS", 6).hide_order(5),
    Column::new("BACKED UP").hide_order(3),
    Column::new("STATE"),
];

const USER_TRANSACTION_COLUMNS: [Column; 3] =
    [Column::text("TRANSACTION", 12), Column::new("CREATED"), Column::text("DATA", 12)];

pub(super) async fn users(context: &CommandContext, command: UserCommand) -> Result<(), CommandError> {
    match command {
        UserCommand::List(args) => list(context, args).await,
        UserCommand::Show(args) => show(context, args).await,
        UserCommand::Disable(args) => set_state(context, args, State::Disabled).await,
        UserCommand::Enable(args) => set_state(context, args, State::Enabled).await,
        UserCommand::Delete(args) => delete(context, args).await,
    }
}

async fn list(context: &CommandContext, args: UserListArgs) -> Result<(), CommandError> {
    let tenant = context.tenant(&args.tenant.tenant).await?;
    let users = pages::collect(args.limit, async |after, limit| {
        let query = UserQuery { text: args.search.clone(), user_id: None, after, limit: Some(limit) };
        let page = context.api.user_summaries(tenant, &query).await?;
        Ok((page.items, page.next))
    });
    context.output.list(&USER_COLUMNS, &users.await?, |user: &UserSummary| {
        vec![
            user.user.user_id.clone(),
            user.user.name.clone(),
            user.user.display_name.clone(),
            user.credentials.to_string(),
            optional_time(user.last_used_at),
            time(user.user.created_at),
            user.user.id.to_string(),
            disabling::word(user.user.disabled_at),
        ]
    })
}

async fn show(context: &CommandContext, args: UserArgs) -> Result<(), CommandError> {
    let tenant = context.tenant(&args.tenant.tenant).await?;
    let detail = context.api.user(tenant, &UserRef { id: args.user, by: args.by }).await?;
    let output = context.output;
    if output.json {
        return output.json(&detail);
    }
    let user = &detail.user;
    output.pairs(&[
        ("user", user.user_id.clone()),
        ("id", user.id.to_string()),
        ("name", user.name.clone()),
        ("display name", user.display_name.clone()),
        ("icon", optional(Some(&user.icon))),
        ("created", time(user.created_at)),
        ("state", disabling::word(user.disabled_at)),
    ])?;
    output.line("")?;
    output.table(&CREDENTIAL_COLUMNS, detail.credentials.iter().map(credential_row).collect())?;
    if detail.transactions.is_empty() {
        return Ok(());
    }
    output.line("")?;
    let row = |it: &TransactionItem| vec![it.identifier.clone(), time(it.created_at), it.data.clone()];
    output.table(&USER_TRANSACTION_COLUMNS, detail.transactions.iter().map(row).collect())
}

fn credential_row(credential: &CredentialItem) -> Vec<String> {
    vec![
        credential.id.to_string(),
        optional(credential.name.as_deref()),
        if credential.is_mfa { "second factor" } else { "passkey" }.to_owned(),
        time(credential.created_at),
        optional_time(credential.last_used_at),
        credential.attestation_type.clone(),
        optional(Some(&credential.transports.join(","))),
        yes_no(credential.backup_state).to_owned(),
        disabling::word(credential.disabled_at),
    ]
}

async fn set_state(context: &CommandContext, args: UserArgs, state: State) -> Result<(), CommandError> {
    let tenant = context.tenant(&args.tenant.tenant).await?;
    let user = context.api.user(tenant, &UserRef { id: args.user, by: args.by }).await?.user;
    let what = format!("user {} ({})", user.user_id, user.name);
    disabling::set(context, DisableTarget::User(tenant, user.id), &what, user.disabled_at, state).await
}

async fn delete(context: &CommandContext, args: UserDeleteArgs) -> Result<(), CommandError> {
    let tenant = context.tenant(&args.user.tenant.tenant).await?;
    let UserArgs { user: id, by, .. } = args.user;
    let detail = context.api.user(tenant, &UserRef { id, by }).await?;
    let user = &detail.user;
    let credentials = counted(detail.credentials.len(), "credential");
    let consequence =
        format!("This deletes the user {} ({}) and {credentials}. It cannot be undone.", user.user_id, user.name);
    confirm(args.confirmation, &consequence)?;
    context.api.delete_user(tenant, user.id).await?;
    context.output.done(&format!("deleted user {} and {credentials}", user.user_id))
}

pub(super) async fn credentials(context: &CommandContext, command: CredentialCommand) -> Result<(), CommandError> {
    match command {
        CredentialCommand::Disable(args) => set_credential_state(context, args, State::Disabled).await,
        CredentialCommand::Enable(args) => set_credential_state(context, args, State::Enabled).await,
        CredentialCommand::Delete(args) => delete_credential(context, args).await,
    }
}

async fn find_credential(
    context: &CommandContext,
    args: CredentialArgs,
) -> Result<(TenantId, UserItem, CredentialItem), CommandError> {
    let tenant = context.tenant(&args.tenant.tenant).await?;
    let UserDetail { user, credentials, .. } =
        context.api.user(tenant, &UserRef { id: args.user, by: args.by }).await?;
    match credentials.into_iter().find(|credential| credential.id.to_string() == args.credential) {
        Some(credential) => Ok((tenant, user, credential)),
        None => {
            let message = format!("user {} has no credential {}", user.user_id, args.credential);
            Err(CommandError::with_code(ErrorCode::CredentialNotFound, message))
        }
    }
}

async fn set_credential_state(
    context: &CommandContext,
    args: CredentialArgs,
    state: State,
) -> Result<(), CommandError> {
    let (tenant, user, credential) = find_credential(context, args).await?;
    let id = credential.id.to_string();
    let what = format!("credential {} ({id})", credential.name.as_deref().unwrap_or("without a name"));
    let target = DisableTarget::Credential(tenant, user.id, id);
    disabling::set(context, target, &what, credential.disabled_at, state).await
}

async fn delete_credential(context: &CommandContext, args: CredentialDeleteArgs) -> Result<(), CommandError> {
    let (tenant, user, credential) = find_credential(context, args.credential).await?;
    let name = credential.name.as_deref().unwrap_or("without a name");
    let consequence = format!(
        "This deletes the credential {name} ({}). User {} can no longer sign in with it.",
        credential.id, user.user_id
    );
    confirm(args.confirmation, &consequence)?;
    context.api.delete_credential(tenant, user.id, &credential.id.to_string()).await?;
    context.output.done(&format!("deleted credential {name} ({})", credential.id))
}

const TRANSACTION_COLUMNS: [Column; 5] = [
    Column::new("CREATED"),
    Column::text("TRANSACTION", 12),
    Column::text("USER", 8),
    Column::new("CONFIRMED"),
    Column::text("DATA", 12).hide_order(1),
];

pub(super) async fn transactions(context: &CommandContext, command: TransactionCommand) -> Result<(), CommandError> {
    let TransactionCommand::List(args) = command;
    let tenant = context.tenant(&args.tenant.tenant).await?;
    let query = UserQuery { text: args.search, user_id: args.user, ..UserQuery::default() };
    let transactions = pages::collect(args.limit, async |after, limit| {
        let query = UserQuery { after, limit: Some(limit), ..query.clone() };
        let page = context.api.transactions(tenant, &query).await?;
        Ok((page.items, page.next))
    });
    context.output.list(&TRANSACTION_COLUMNS, &transactions.await?, |item: &TransactionSummary| {
        vec![
            time(item.transaction.created_at),
            item.transaction.identifier.clone(),
            item.user_id.clone(),
            yes_no(item.confirmed).to_owned(),
            item.transaction.data.clone(),
        ]
    })
}
