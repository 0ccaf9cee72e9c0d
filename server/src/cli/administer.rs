//! `doorward tenant`, `doorward api-key` and `doorward admin-token`.

use doorward_shared::{
    AdminTokenId, ApiKeyId, TenantId, Timestamp,
    admin::{CreateAdminTokenRequest, CreateSecretRequest, CreateTenantRequest, CreatedSecret, Role, SecretItem},
    config::{Cors, RelyingParty, TenantConfig, Webauthn},
    page::PageRequest,
};

use super::{CliError, admin_call::failed, output};
use crate::service::admin::{AdminContext, admin_tokens, api_keys, tenants};

pub(super) struct NewTenant {
    pub(super) name: String,
    pub(super) rp_id: String,
    pub(super) origins: Vec<String>,
    pub(super) cors_origins: Vec<String>,
    pub(super) api_key: bool,
}

pub(super) async fn create_tenant(call: &AdminContext, new: NewTenant, json: bool) -> Result<(), CliError> {
    let relying_party =
        RelyingParty { id: new.rp_id, display_name: new.name.clone(), icon: None, origins: new.origins };
    let config = TenantConfig {
        cors: Cors { allowed_origins: new.cors_origins, allow_unsafe_wildcard: false },
        webauthn: Webauthn::for_relying_party(relying_party),
        mfa: None,
    };
    let request =
        CreateTenantRequest { display_name: Some(new.name), config: Some(config), create_api_key: new.api_key };
    let created = tenants::create(call, request).await.map_err(failed)?;
    if json {
        return output::json(&created);
    }
    output::line(&format!("tenant   {}", created.id))?;
    match created.api_key {
        Some(key) => output::line(&format!("api key  {}   (shown only now)", key.secret)),
        None => Ok(()),
    }
}

pub(super) async fn list_tenants(call: &AdminContext, json: bool) -> Result<(), CliError> {
    let mut all = Vec::new();
    let mut page = PageRequest { page: 1, per_page: PageRequest::MAX_PER_PAGE };
    loop {
        let found = tenants::list(call, None, page).await.map_err(failed)?;
        all.extend(found.items);
        if u64::from(page.page) * u64::from(page.per_page) >= found.total {
            break;
        }
        page.page += 1;
    }
    if json {
        return output::json(&all);
    }
    let rows: Vec<_> =
        all.iter().map(|tenant| vec![tenant.id.to_string(), output::cell(&tenant.display_name)]).collect();
    output::table(&["ID", "NAME"], &rows)
}

pub(super) async fn delete_tenant(call: &AdminContext, id: TenantId, json: bool) -> Result<(), CliError> {
    tenants::delete(call, id).await.map_err(failed)?;
    done(json, &format!("deleted tenant {id} with its users, credentials, keys and audit log"))
}

pub(super) async fn create_api_key(
    call: &AdminContext,
    tenant: TenantId,
    name: String,
    expires_at: Option<Timestamp>,
    json: bool,
) -> Result<(), CliError> {
    let request = CreateSecretRequest { name: Some(name), expires_at };
    created(&api_keys::create(call, tenant, request).await.map_err(failed)?, json)
}

pub(super) async fn list_api_keys(call: &AdminContext, tenant: TenantId, json: bool) -> Result<(), CliError> {
    let keys = api_keys::list(call, tenant).await.map_err(failed)?;
    if json {
        return output::json(&keys);
    }
    output::table(&SECRET_HEADINGS, &keys.iter().map(secret_row).collect::<Vec<_>>())
}

pub(super) async fn revoke_api_key(
    call: &AdminContext,
    tenant: TenantId,
    id: ApiKeyId,
    json: bool,
) -> Result<(), CliError> {
    api_keys::revoke(call, tenant, id).await.map_err(failed)?;
    done(json, &format!("revoked API key {id}"))
}

pub(super) async fn create_admin_token(
    call: &AdminContext,
    name: String,
    role: Role,
    expires_at: Option<Timestamp>,
    json: bool,
) -> Result<(), CliError> {
    let request = CreateAdminTokenRequest { name: Some(name), role: Some(role), expires_at };
    created(&admin_tokens::create(call, request).await.map_err(failed)?, json)
}

pub(super) async fn list_admin_tokens(call: &AdminContext, json: bool) -> Result<(), CliError> {
    let tokens = admin_tokens::list(call).await.map_err(failed)?;
    if json {
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

pub(super) async fn revoke_admin_token(call: &AdminContext, id: AdminTokenId, json: bool) -> Result<(), CliError> {
    admin_tokens::revoke(call, id).await.map_err(failed)?;
    done(json, &format!("revoked admin token {id}"))
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

fn created(secret: &CreatedSecret, json: bool) -> Result<(), CliError> {
    if json {
        return output::json(secret);
    }
    output::line(&format!("id       {}", secret.id))?;
    output::line(&format!("secret   {}   (shown only now)", secret.secret))
}

fn done(json: bool, text: &str) -> Result<(), CliError> {
    if json { output::json(&serde_json::json!({ "done": true })) } else { output::line(text) }
}
