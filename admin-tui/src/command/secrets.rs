//! `doorward-admin api-key …`, `signing-key …`, `admin-token …`

use doorward_shared::{
    ErrorCode, SigningKeyId, TenantId, Timestamp,
    admin::{AdminTokenItem, CreateAdminTokenRequest, CreateSecretRequest, CreatedSecret, SecretItem, SigningKeyItem},
    command_line::Confirmation,
};
use uuid::Uuid;

use super::{
    confirm::confirm,
    context::CommandContext,
    disabling::{self, State},
    error::CommandError,
    output::{Output, optional_time, refuse_lost_secret, time},
    table::Column,
};
use crate::{
    api::DisableTarget,
    args::secrets::{
        AdminTokenCommand, AdminTokenCreateArgs, AdminTokenRevokeArgs, ApiKeyArgs, ApiKeyCommand, ApiKeyCreateArgs,
        ApiKeyRevokeArgs, SigningKeyArgs, SigningKeyCommand, SigningKeyRotateArgs,
    },
    sanitize::sanitize,
    time_parse::TimeInput,
};

pub(super) async fn keys(context: &CommandContext, command: ApiKeyCommand) -> Result<(), CommandError> {
    match command {
        ApiKeyCommand::List(args) => {
            let tenant = context.tenant(&args.tenant).await?;
            let keys = context.api.api_keys(tenant).await?;
            let [id, name, hint, created, used, expires] = SECRET_COLUMNS;
            let columns = [id, name, hint, created, used, expires, Column::new("STATE")];
            context.output.list(&columns, &keys, |key| {
                secret_row(key).into_iter().chain([disabling::word(key.disabled_at)]).collect()
            })
        }
        ApiKeyCommand::Create(args) => create_key(context, args).await,
        ApiKeyCommand::Disable(args) => set_key_state(context, args, State::Disabled).await,
        ApiKeyCommand::Enable(args) => set_key_state(context, args, State::Enabled).await,
        ApiKeyCommand::Revoke(args) => revoke_key(context, args).await,
    }
}

async fn create_key(context: &CommandContext, args: ApiKeyCreateArgs) -> Result<(), CommandError> {
    refuse_lost_secret()?;
    let expires_at = expiry(args.expires, context.now)?;
    let tenant = context.tenant(&args.tenant.tenant).await?;
    let request = CreateSecretRequest { name: Some(args.name), expires_at };
    let created = context.api.create_api_key(tenant, &request).await?;
    print_created(context.output, &created, args.quiet, "API key")
}

async fn set_key_state(context: &CommandContext, args: ApiKeyArgs, state: State) -> Result<(), CommandError> {
    let tenant = context.tenant(&args.tenant.tenant).await?;
    let keys = context.api.api_keys(tenant).await?;
    let Some(key) = keys.iter().find(|key| key.id == args.key.uuid()) else {
        return Err(CommandError::with_code(
            ErrorCode::SecretNotFound,
            format!("the tenant has no API key {}", args.key),
        ));
    };
    let what = format!("API key {} ({})", key.name, key.id);
    disabling::set(context, DisableTarget::ApiKey(tenant, args.key), &what, key.disabled_at, state).await
}

async fn revoke_key(context: &CommandContext, args: ApiKeyRevokeArgs) -> Result<(), CommandError> {
    let tenant = context.tenant(&args.tenant.tenant).await?;
    let keys = context.api.api_keys(tenant).await?;
    let key = confirm_revocation(args.confirmation, "API key", keys.iter(), args.key.uuid())?;
    context.api.revoke_api_key(tenant, args.key).await?;
    context.output.done(&format!("revoked {key}"))
}

pub(super) async fn tokens(context: &CommandContext, command: AdminTokenCommand) -> Result<(), CommandError> {
    match command {
        AdminTokenCommand::List => list_tokens(context).await,
        AdminTokenCommand::Create(args) => create_token(context, args).await,
        AdminTokenCommand::Revoke(args) => revoke_token(context, args).await,
    }
}

async fn list_tokens(context: &CommandContext) -> Result<(), CommandError> {
    let tokens = context.api.admin_tokens().await?;
    let [id, name, hint, created, used, expires] = SECRET_COLUMNS;
    let columns = [id, name, Column::new("ROLE"), Column::new("TENANTS"), hint, created, used, expires];
    context.output.list(&columns, &tokens, |token: &AdminTokenItem| {
        let [id, name, hint, created, used, expires] = secret_row(&token.secret);
        vec![id, name, token.role.to_string(), token.tenants_text(), hint, created, used, expires]
    })
}

async fn create_token(context: &CommandContext, args: AdminTokenCreateArgs) -> Result<(), CommandError> {
    refuse_lost_secret()?;
    let expires_at = expiry(args.expires, context.now)?;
    let mut tenants = Vec::new();
    for tenant in &args.tenants {
        tenants.push(context.tenant(tenant).await?);
    }
    let tenants = (!tenants.is_empty()).then_some(tenants);
    let request = CreateAdminTokenRequest { name: Some(args.name), role: Some(args.role), tenants, expires_at };
    let created = context.api.create_admin_token(&request).await?;
    print_created(context.output, &created, args.quiet, "admin token")
}

async fn revoke_token(context: &CommandContext, args: AdminTokenRevokeArgs) -> Result<(), CommandError> {
    let tokens = context.api.admin_tokens().await?;
    let secrets = tokens.iter().map(|token| &token.secret);
    let token = confirm_revocation(args.confirmation, "admin token", secrets, args.token.uuid())?;
    context.api.revoke_admin_token(args.token, args.force).await?;
    context.output.done(&format!("revoked {token}"))
}

/// Asks whether to revoke a secret. Returns the secret's kind, name and id as one text.
fn confirm_revocation<'a>(
    confirmation: Confirmation,
    kind: &str,
    mut secrets: impl Iterator<Item = &'a SecretItem>,
    id: Uuid,
) -> Result<String, CommandError> {
    // An unknown id is not refused here, because the server returns an error for it.
    let name = secrets.find(|secret| secret.id == id).map(|secret| format!(" {}", secret.name)).unwrap_or_default();
    let secret = format!("{kind}{name} ({id})");
    confirm(confirmation, &format!("This revokes the {secret}. Requests with it will be rejected."))?;
    Ok(secret)
}

/// Columns that the tables of all kinds of secrets contain.
const SECRET_COLUMNS: [Column; 6] = [
    Column::new("ID"),
    Column::text("NAME", 8),
    Column::new("HINT"),
    Column::new("CREATED").hide_order(2),
    Column::new("LAST USED").hide_order(1),
    Column::new("EXPIRES").hide_order(1),
];

fn secret_row(secret: &SecretItem) -> [String; 6] {
    [
        secret.id.to_string(),
        secret.name.clone(),
        secret.hint.clone(),
        time(secret.created_at),
        optional_time(secret.last_used_at),
        optional_time(secret.expires_at),
    ]
}

/// Converts `--expires` to a time in the future.
fn expiry(input: Option<TimeInput>, now: Timestamp) -> Result<Option<Timestamp>, CommandError> {
    match input.map(|input| input.in_future(now)) {
        Some(at) if at <= now => Err(CommandError::usage(format!("--expires: {} is in the past", time(at)))),
        at => Ok(at),
    }
}

/// Prints a new secret. It cannot be shown again.
fn print_created(output: Output, created: &CreatedSecret, quiet: bool, kind: &str) -> Result<(), CommandError> {
    let printed = if output.json {
        output.change_json(true, created)
    } else if quiet {
        output.line(&sanitize(&created.secret))
    } else {
        let secret = format!("{}   (shown only now)", created.secret);
        output.pairs(&[("id", created.id.to_string()), ("secret", secret)])
    };
    printed.map_err(|error| not_printed(kind, created.id, &error))
}

/// Returns an error with the id of a secret that was created but not printed, so that the user can revoke it.
pub(super) fn not_printed(kind: &str, id: Uuid, error: &CommandError) -> CommandError {
    let reason = match error {
        CommandError::OutputClosed => "standard output is closed",
        other => other.message(),
    };
    CommandError::failed(format!(
        "{kind} {id} was created but could not be printed ({reason}), and cannot be shown again: revoke it"
    ))
}

const SIGNING_KEY_COLUMNS: [Column; 7] = [
    Column::new("ID"),
    Column::new("ALGORITHM"),
    Column::new("STATE"),
    Column::new("CREATED").hide_order(3),
    Column::new("SIGNS FROM").hide_order(1),
    Column::new("RETIRED").hide_order(2),
    Column::new("WITHDRAWN").hide_order(4),
];

pub(super) async fn signing_keys(context: &CommandContext, command: SigningKeyCommand) -> Result<(), CommandError> {
    match command {
        SigningKeyCommand::List(args) => {
            let tenant = context.tenant(&args.tenant).await?;
            let keys = context.api.signing_keys(tenant).await?;
            context.output.list(&SIGNING_KEY_COLUMNS, &keys, |key| signing_key_row(key, context.now))
        }
        SigningKeyCommand::Rotate(args) => rotate(context, args).await,
        SigningKeyCommand::Retire(args) => retire(context, args).await,
        SigningKeyCommand::Withdraw(args) => withdraw(context, args).await,
    }
}

fn state(key: &SigningKeyItem, now: Timestamp) -> &'static str {
    match (key.signing, key.retired_at) {
        _ if key.withdrawn_at.is_some() => "withdrawn",
        (true, _) => "signing",
        (false, Some(at)) if at <= now => "retired",
        (false, _) if key.signs_from > now => "waiting",
        (false, _) => "replaced",
    }
}

fn signing_key_row(key: &SigningKeyItem, now: Timestamp) -> Vec<String> {
    vec![
        key.id.to_string(),
        key.algorithm.to_string(),
        state(key, now).to_owned(),
        time(key.created_at),
        time(key.signs_from),
        optional_time(key.retired_at),
        optional_time(key.withdrawn_at),
    ]
}

async fn rotate(context: &CommandContext, args: SigningKeyRotateArgs) -> Result<(), CommandError> {
    let tenant = context.tenant(&args.tenant.tenant).await?;
    let key = context.api.rotate_signing_key(tenant, args.algorithm, args.force).await?;
    if context.output.json {
        return context.output.change_json(true, &key);
    }
    context.output.pairs(&[
        ("id", key.id.to_string()),
        ("algorithm", key.algorithm.to_string()),
        ("signs from", time(key.signs_from)),
    ])
}

async fn retire(context: &CommandContext, args: SigningKeyArgs) -> Result<(), CommandError> {
    let tenant = context.tenant(&args.tenant.tenant).await?;
    let consequence = format!(
        "This retires the signing key {}. If it is the one that signs, it signs until another key has been published for \
         15 minutes.",
        args.key
    );
    confirm(args.confirmation, &consequence)?;
    let before = signing_key(context, tenant, args.key).await?;
    context.api.retire_signing_key(tenant, args.key).await?;
    if signing_key(context, tenant, args.key).await? == before {
        return context.output.unchanged(&format!("signing key {} was already retired", args.key));
    }
    context.output.done(&format!("retired signing key {}", args.key))
}

/// Reads the current state of a signing key from the server.
async fn signing_key(
    context: &CommandContext,
    tenant: TenantId,
    id: SigningKeyId,
) -> Result<Option<SigningKeyItem>, CommandError> {
    let keys = context.api.signing_keys(tenant).await?;
    Ok(keys.into_iter().find(|key| key.id == id.uuid()))
}

async fn withdraw(context: &CommandContext, args: SigningKeyArgs) -> Result<(), CommandError> {
    let tenant = context.tenant(&args.tenant.tenant).await?;
    let consequence = format!(
        "This removes the signing key {} from the JWKS at once. Its tokens are refused. If it is the one that signs, \
         verifiers with a cached JWKS refuse new tokens for up to 10 minutes.",
        args.key
    );
    confirm(args.confirmation, &consequence)?;
    let before = signing_key(context, tenant, args.key).await?;
    let withdrawn = context.api.withdraw_signing_key(tenant, args.key).await?;
    if context.output.json {
        let changed = before.is_none_or(|key| key.withdrawn_at.is_none());
        return context.output.change_json(changed, &withdrawn);
    }
    context.output.pairs(&[
        ("withdrawn", withdrawn.withdrawn.id.to_string()),
        ("signs now", withdrawn.signing.id.to_string()),
        ("notice", withdrawn.notice),
    ])
}
