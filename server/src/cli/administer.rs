//! `doorward tenant`, `doorward api-key` and `doorward admin-token`.

use doorward_shared::{
    TenantId, Timestamp,
    admin::{CreateAdminTokenRequest, CreateSecretRequest, CreateTenantRequest, CreatedSecret, SecretItem},
    config::{Cors, RelyingParty, TenantConfig},
};

use super::{
    CliError,
    admin_call::{failed, find_tenant, open},
    args::{
        AdminArgs, AdminTokenCreateArgs, AdminTokenRevokeArgs, ApiKeyCreateArgs, ApiKeyListArgs, ApiKeyRevokeArgs,
        TenantCreateArgs, TenantDeleteArgs,
    },
    expiry::Expiry,
    output::{self, SecretOutput},
};
use crate::service::admin::{AdminContext, Precondition, admin_tokens, api_keys, tenants};

pub(super) async fn create_tenant(args: TenantCreateArgs) -> Result<(), CliError> {
    let relying_party = RelyingParty::new(args.rp_id, args.name.clone(), args.origins);
    let mut config = TenantConfig::for_relying_party(relying_party);
    args.policy.apply(&mut config);
    config.cors = match args.cors_origins.is_empty() {
        true => Cors::for_relying_party(&config.webauthn.relying_party),
        false => Cors { allowed_origins: args.cors_origins, allow_unsafe_wildcard: false },
    };
    let request = CreateTenantRequest {
        id: None,
        display_name: Some(args.name),
        config: Some(config),
        create_api_key: args.api_key,
    };
    let out = args.api_key.then(SecretOutput::open).transpose()?;
    let created = tenants::create(&open(&args.admin).await?, request).await.map_err(failed)?;
    let text = match (&created.api_key, args.admin.json) {
        (_, true) => output::change_to_json(true, &created)?,
        (None, false) if args.quiet => created.id.to_string(),
        (Some(key), false) => format!("tenant   {}\napi key  {}   (shown only now)", created.id, key.secret),
        (None, false) => format!("tenant   {}", created.id),
    };
    match (&created.api_key, out) {
        (Some(key), Some(out)) => out.print(&text, "the API key", &revocation_of_key(created.id, key)),
        _ => output::line(&text),
    }
}

pub(super) async fn list_tenants(args: AdminArgs) -> Result<(), CliError> {
    let all = tenants::all(&open(&args).await?, None).await.map_err(failed)?;
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
    let call = open(&args.admin).await?;
    let id = find_tenant(&call, &args.tenant).await?;
    let name = tenants::get(&call, id).await.map_err(failed)?.0.display_name;
    let log =
        if args.erase_audit { "Its audit log is deleted." } else { "Its audit log is kept for the retention time." };
    let consequence = format!(
        "This deletes the tenant {name} ({id}) with all its users, credentials and keys. {log} It cannot be undone."
    );
    args.confirmation.ask_for_name(&output::cell(&consequence), &name, &output::cell(&name))?;
    tenants::delete(&call, id, Precondition::None, args.erase_audit).await.map_err(failed)?;
    let text = format!("deleted tenant {name} ({id}) with its users, credentials and keys. {log}");
    output::changed(args.admin.json, &text)
}

pub(super) async fn create_api_key(args: ApiKeyCreateArgs) -> Result<(), CliError> {
    let out = SecretOutput::open()?;
    let call = open(&args.admin).await?;
    let request = CreateSecretRequest { name: Some(args.name), expires_at: expires(&call, args.expires)? };
    let tenant = find_tenant(&call, &args.tenant).await?;
    let key = api_keys::create(&call, tenant, request).await.map_err(failed)?;
    let text = created(&key, args.admin.json, args.quiet)?;
    out.print(&text, "the API key", &revocation_of_key(tenant, &key))
}

pub(super) async fn list_api_keys(args: ApiKeyListArgs) -> Result<(), CliError> {
    let call = open(&args.admin).await?;
    let tenant = find_tenant(&call, &args.tenant).await?;
    let keys = api_keys::list(&call, tenant).await.map_err(failed)?;
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
    let call = open(&args.admin).await?;
    let tenant = find_tenant(&call, &args.tenant).await?;
    let key = format!("API key {}", args.key);
    let consequence = format!("This revokes the {key}. Requests with it will be rejected.");
    args.confirmation.ask(&output::cell(&consequence))?;
    api_keys::revoke(&call, tenant, args.key).await.map_err(failed)?;
    output::changed(args.admin.json, &format!("revoked {key}"))
}

pub(super) async fn create_admin_token(args: AdminTokenCreateArgs) -> Result<(), CliError> {
    let out = SecretOutput::open()?;
    let call = open(&args.admin).await?;
    let expires_at = expires(&call, args.expires)?;
    let mut tenants = Vec::new();
    for tenant in &args.tenants {
        tenants.push(find_tenant(&call, tenant).await?);
    }
    let tenants = (!tenants.is_empty()).then_some(tenants);
    let request = CreateAdminTokenRequest { name: Some(args.name), role: Some(args.role), tenants, expires_at };
    let token = admin_tokens::create(&call, request).await.map_err(failed)?;
    let text = created(&token, args.admin.json, args.quiet)?;
    out.print(&text, "the admin token", &format!("doorward admin-token revoke {} --yes", token.id))
}

pub(super) async fn list_admin_tokens(args: AdminArgs) -> Result<(), CliError> {
    let tokens = admin_tokens::list(&open(&args).await?).await.map_err(failed)?;
    if args.json {
        return output::json(&tokens);
    }
    let row = |token: &doorward_shared::admin::AdminTokenItem| {
        let mut row = secret_row(&token.secret);
        row.extend([token.role.to_string(), token.tenants_text()]);
        row
    };
    let [id, name, hint, created, used, expires] = SECRET_HEADINGS;
    output::table(
        &[id, name, hint, created, used, expires, "ROLE", "TENANTS"],
        &tokens.iter().map(row).collect::<Vec<_>>(),
    )
}

pub(super) async fn revoke_admin_token(args: AdminTokenRevokeArgs) -> Result<(), CliError> {
    let token = format!("admin token {}", args.token);
    let consequence = format!("This revokes the {token}. Requests with it will be rejected.");
    args.confirmation.ask(&output::cell(&consequence))?;
    admin_tokens::revoke(&open(&args.admin).await?, args.token, args.force).await.map_err(failed)?;
    output::changed(args.admin.json, &format!("revoked {token}"))
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
    format!("doorward api-key revoke --tenant {tenant} {} --yes", key.id)
}

/// Returns the text that shows a new secret.
fn created(secret: &CreatedSecret, json: bool, quiet: bool) -> Result<String, CliError> {
    Ok(match (json, quiet) {
        (true, _) => output::change_to_json(true, secret)?,
        (false, true) => secret.secret.clone(),
        (false, false) => format!("id       {}\nsecret   {}   (shown only now)", secret.id, secret.secret),
    })
}

fn expires(call: &AdminContext, expiry: Option<Expiry>) -> Result<Option<Timestamp>, CliError> {
    let resolve = |expiry: Expiry| expiry.resolve(call.app.clock.now());
    expiry.map(resolve).transpose().map_err(|error| CliError::usage(format!("--expires: {error}")))
}
