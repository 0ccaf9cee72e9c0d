//! `doorward tenant`, `doorward api-key` and `doorward admin-token`.

use std::io::IsTerminal as _;

use doorward_shared::{
    TenantId, Timestamp,
    admin::{CreateAdminTokenRequest, CreateSecretRequest, CreateTenantRequest, CreatedSecret, SecretItem},
    config::{Cors, RelyingParty, TenantConfig, Webauthn},
};

use super::{
    CliError,
    admin_call::{failed, open},
    args::{
        AdminArgs, AdminTokenCreateArgs, AdminTokenRevokeArgs, ApiKeyCreateArgs, ApiKeyListArgs, ApiKeyRevokeArgs,
        TenantCreateArgs, TenantDeleteArgs,
    },
    expiry::Expiry,
    output::{self, SecretOutput},
};
use crate::service::admin::{AdminContext, Precondition, admin_tokens, api_keys, tenants};

pub(super) async fn create_tenant(args: TenantCreateArgs) -> Result<(), CliError> {
    let cors = match args.cors_origins.is_empty() {
        true => Cors::for_origins(&args.origins),
        false => Cors { allowed_origins: args.cors_origins, allow_unsafe_wildcard: false },
    };
    let relying_party =
        RelyingParty { id: args.rp_id, display_name: args.name.clone(), icon: None, origins: args.origins };
    let mut config =
        TenantConfig { cors, webauthn: Webauthn::for_relying_party(relying_party), mfa: None, limits: None };
    args.policy.apply(&mut config);
    let request = CreateTenantRequest {
        id: None,
        display_name: Some(args.name),
        config: Some(config),
        create_api_key: args.api_key,
    };
    let out = args.api_key.then(SecretOutput::open).transpose()?;
    let created = tenants::create(&open(&args.admin).await?, request).await.map_err(failed)?;
    let text = match (&created.api_key, args.admin.json) {
        (_, true) => output::to_json(&created)?,
        (Some(key), false) => format!("tenant   {}\napi key  {}   (shown only now)", created.id, key.secret),
        (None, false) => format!("tenant   {}", created.id),
    };
    match (&created.api_key, out) {
        (Some(key), Some(out)) => out.print(&text, "the API key", &revocation_of_key(created.id, key)),
        _ => output::line(&text),
    }
}

pub(super) async fn list_tenants(args: AdminArgs) -> Result<(), CliError> {
    let all = tenants::all(&open(&args).await?).await.map_err(failed)?;
    if args.json {
        return output::json(&all);
    }
    let rows: Vec<_> = all
        .iter()
        .map(|tenant| vec![tenant.id.to_string(), output::cell(&tenant.display_name), state(tenant.disabled_at)])
        .collect();
    output::table(&["ID", "NAME", "STATE"], &rows)
}

pub(super) async fn delete_tenant(args: TenantDeleteArgs) -> Result<(), CliError> {
    confirm(&args)?;
    tenants::delete(&open(&args.admin).await?, args.tenant, Precondition::None, args.erase_audit)
        .await
        .map_err(failed)?;
    let rest =
        if args.erase_audit { "keys and audit log" } else { "and keys; its audit log is kept for the retention time" };
    done(args.admin.json, &format!("deleted tenant {} with its users, credentials, {rest}", args.tenant))
}

pub(super) async fn create_api_key(args: ApiKeyCreateArgs) -> Result<(), CliError> {
    let out = SecretOutput::open()?;
    let call = open(&args.admin).await?;
    let request = CreateSecretRequest { name: Some(args.name), expires_at: expires(&call, args.expires)? };
    let key = api_keys::create(&call, args.tenant, request).await.map_err(failed)?;
    print_created(out, &key, args.admin.json, "the API key", &revocation_of_key(args.tenant, &key))
}

pub(super) async fn list_api_keys(args: ApiKeyListArgs) -> Result<(), CliError> {
    let keys = api_keys::list(&open(&args.admin).await?, args.tenant).await.map_err(failed)?;
    if args.admin.json {
        return output::json(&keys);
    }
    let row = |key: &SecretItem| {
        let mut row = secret_row(key);
        row.push(state(key.disabled_at));
        row
    };
    let [id, name, hint, created, used, expires] = SECRET_HEADINGS;
    output::table(&[id, name, hint, created, used, expires, "STATE"], &keys.iter().map(row).collect::<Vec<_>>())
}

pub(super) async fn revoke_api_key(args: ApiKeyRevokeArgs) -> Result<(), CliError> {
    api_keys::revoke(&open(&args.admin).await?, args.tenant, args.key).await.map_err(failed)?;
    done(args.admin.json, &format!("revoked API key {}", args.key))
}

pub(super) async fn create_admin_token(args: AdminTokenCreateArgs) -> Result<(), CliError> {
    let out = SecretOutput::open()?;
    let call = open(&args.admin).await?;
    let expires_at = expires(&call, args.expires)?;
    let request = CreateAdminTokenRequest { name: Some(args.name), role: Some(args.role), expires_at };
    let token = admin_tokens::create(&call, request).await.map_err(failed)?;
    print_created(out, &token, args.admin.json, "the admin token", &format!("doorward admin-token revoke {}", token.id))
}

pub(super) async fn list_admin_tokens(args: AdminArgs) -> Result<(), CliError> {
    let tokens = admin_tokens::list(&open(&args).await?).await.map_err(failed)?;
    if args.json {
        return output::json(&tokens);
    }
    let row = |token: &doorward_shared::admin::AdminTokenItem| {
        let mut row = secret_row(&token.secret);
        row.push(token.role.to_string());
        row
    };
    let [id, name, hint, created, used, expires] = SECRET_HEADINGS;
    output::table(&[id, name, hint, created, used, expires, "ROLE"], &tokens.iter().map(row).collect::<Vec<_>>())
}

pub(super) async fn revoke_admin_token(args: AdminTokenRevokeArgs) -> Result<(), CliError> {
    admin_tokens::revoke(&open(&args.admin).await?, args.token, args.force).await.map_err(failed)?;
    done(args.admin.json, &format!("revoked admin token {}", args.token))
}

fn state(disabled_at: Option<Timestamp>) -> String {
    if disabled_at.is_some() { "disabled" } else { "enabled" }.to_owned()
}

const SECRET_HEADINGS: [&str; 6] = ["ID", "NAME", "HINT", "CREATED", "LAST USED", "EXPIRES"];

fn secret_row(secret: &SecretItem) -> Vec<String> {
    vec![
        secret.id.to_string(),
        output::cell(&secret.name),
        secret.hint.clone(),
        secret.created_at.to_string(),
        output::time(secret.last_used_at),
        output::time(secret.expires_at),
    ]
}

fn revocation_of_key(tenant: TenantId, key: &CreatedSecret) -> String {
    format!("doorward api-key revoke --tenant {tenant} {}", key.id)
}

/// Prints a new secret. `revoke` is the command that revokes it.
fn print_created(
    out: SecretOutput,
    secret: &CreatedSecret,
    json: bool,
    what: &str,
    revoke: &str,
) -> Result<(), CliError> {
    let text = match json {
        true => output::to_json(secret)?,
        false => format!("id       {}\nsecret   {}   (shown only now)", secret.id, secret.secret),
    };
    out.print(&text, what, revoke)
}

fn done(json: bool, text: &str) -> Result<(), CliError> {
    if json { output::json(&serde_json::json!({ "done": true })) } else { output::line(text) }
}

/// Asks the user to type the tenant's id, unless `--yes` is given.
fn confirm(args: &TenantDeleteArgs) -> Result<(), CliError> {
    if args.yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(CliError::usage(
            "deleting a tenant also deletes its users and their credentials; add --yes to confirm",
        ));
    }
    output::message("This deletes the tenant with all its users, credentials and keys. Type its id to continue:");
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed).map_err(|error| CliError::new(error.to_string()))?;
    if typed.trim() == args.tenant.to_string() { Ok(()) } else { Err(CliError::new("nothing was deleted")) }
}

fn expires(call: &AdminContext, expiry: Option<Expiry>) -> Result<Option<Timestamp>, CliError> {
    let resolve = |expiry: Expiry| expiry.resolve(call.app.clock.now());
    expiry.map(resolve).transpose().map_err(|error| CliError::usage(format!("--expires: {error}")))
}
