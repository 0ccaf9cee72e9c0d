//! Creates, reads, renames, configures and deletes tenants.

use doorward_shared::{
    AuditType, TenantId,
    admin::{
        ConfigCheck, ConfigProblem, CreateTenantRequest, CreatedSecret, CreatedTenant, SigningAlgorithm, TenantDetail,
        TenantItem, UpdateTenantRequest,
    },
    config::{RelyingParty, TenantConfig, Webauthn},
    page::{Page, PageRequest},
};
use serde_json::{Value, json};

use super::{
    api_keys,
    context::{AdminContext, find_tenant, lock_tenant},
    signing_keys,
};
use crate::{
    clock,
    domain::{Tenant, config_rules, config_shape},
    service::{Refusal, ServiceError, validate},
    store::{api_keys as keys_table, signing_keys as signing_table, tenants as table},
};

/// Creates a tenant with its first signing key and, if requested, an API key.
pub async fn create(context: &AdminContext, request: CreateTenantRequest) -> Result<CreatedTenant, ServiceError> {
    let now = context.app.clock.now();
    let display_name = validate::label("display_name", request.display_name)?;
    let config = request.config.unwrap_or_else(|| local_config(&display_name));
    let config = config_rules::complete(config, None).map_err(Refusal::Config)?;
    let id = TenantId::new(clock::new_uuid(now, context.app.entropy.as_ref())?);
    let tenant = Tenant { id, display_name, config, created_at: now, updated_at: now };
    let signing_key = signing_keys::generate(context, id, SigningAlgorithm::Es256, now, now).await?;
    let api_key = match request.create_api_key {
        true => Some(api_keys::generate(context, id, "First key".to_owned(), None, now)?),
        false => None,
    };
    let described = json!({ "display_name": tenant.display_name, "config": tenant.config });
    let mut entries = vec![
        context.event(id, AuditType::TenantCreated, now)?.detail(described),
        context
            .event(id, AuditType::SigningKeyCreated, now)?
            .detail(json!({ "id": signing_key.id, "algorithm": signing_key.algorithm })),
    ];
    if let Some((key, _)) = &api_key {
        entries.push(context.event(id, AuditType::ApiKeyCreated, now)?.detail(api_keys::describe(key)));
    }
    let (key, secret): (_, Option<CreatedSecret>) = api_key.unzip();
    context
        .change(move |connection| {
            table::insert(connection, &tenant)?;
            signing_table::insert(connection, &signing_key)?;
            if let Some(key) = &key {
                keys_table::insert(connection, key)?;
            }
            Ok(entries.into_iter().try_for_each(|entry| entry.write(connection))?)
        })
        .await?;
    Ok(CreatedTenant { id, api_key: secret })
}

/// Returns the configuration of tenants that are created without one: a relying party on localhost.
fn local_config(display_name: &str) -> TenantConfig {
    TenantConfig {
        cors: Default::default(),
        webauthn: Webauthn::for_relying_party(RelyingParty {
            id: "localhost".to_owned(),
            display_name: display_name.to_owned(),
            icon: None,
            origins: vec!["http://localhost:8080".to_owned()],
        }),
        mfa: None,
        limits: None,
    }
}

/// Returns a page of the tenants, oldest first. With `search`, only tenants whose name or id contains it.
pub async fn list(
    context: &AdminContext,
    search: Option<String>,
    page: PageRequest,
) -> Result<Page<TenantItem>, ServiceError> {
    context.read(move |connection| Ok(table::list(connection, search.as_deref(), page)?)).await
}

pub async fn get(context: &AdminContext, id: TenantId) -> Result<TenantDetail, ServiceError> {
    let tenant = context.read(move |connection| find_tenant(connection, id)).await?;
    let Tenant { id, display_name, config, .. } = tenant;
    Ok(TenantDetail { id, display_name, config })
}

/// Renames a tenant.
pub async fn rename(context: &AdminContext, id: TenantId, request: UpdateTenantRequest) -> Result<(), ServiceError> {
    let now = context.app.clock.now();
    let name = validate::label("display_name", request.display_name)?;
    let entry = context.event(id, AuditType::TenantUpdated, now)?;
    context
        .change(move |connection| {
            let before = lock_tenant(connection, id)?;
            table::rename(connection, id, &name, now)?;
            let changed = json!({ "display_name": { "before": before.display_name, "after": name } });
            Ok(entry.detail(changed).write(connection)?)
        })
        .await
}

/// Returns all problems of a configuration. `read` is the parsed `value`, or `None` if it could not be parsed.
pub fn check(value: &Value, read: Option<&TenantConfig>) -> ConfigCheck {
    let mut problems = read.map_or_else(|| config_shape::problems(value), config_rules::problems);
    if read.is_none() && problems.is_empty() {
        // The parsed `value` no longer shows whether the text repeated a member.
        let message = "a setting is repeated".to_owned();
        problems.push(ConfigProblem { field: String::new(), message });
    }
    ConfigCheck { problems }
}

/// Replaces a tenant's configuration. `mfa`, `limits` and their like keep their current values if they are omitted.
pub async fn configure(context: &AdminContext, id: TenantId, config: TenantConfig) -> Result<(), ServiceError> {
    let now = context.app.clock.now();
    let entry = context.event(id, AuditType::TenantConfigUpdated, now)?;
    context
        .change(move |connection| {
            let before = lock_tenant(connection, id)?.config;
            let after = config_rules::complete(config, Some(&before)).map_err(Refusal::Config)?;
            table::update_config(connection, id, &after, now)?;
            Ok(entry.detail(json!({ "before": before, "after": after })).write(connection)?)
        })
        .await
}

/// Deletes a tenant with all its data, including its audit log. The installation's log records who deleted it.
pub async fn delete(context: &AdminContext, id: TenantId) -> Result<(), ServiceError> {
    let now = context.app.clock.now();
    let entry = context.event(TenantId::INSTALLATION, AuditType::TenantDeleted, now)?;
    context
        .change(move |connection| {
            let tenant = lock_tenant(connection, id)?;
            table::delete(connection, id)?;
            Ok(entry.detail(json!({ "id": id, "display_name": tenant.display_name })).write(connection)?)
        })
        .await
}
