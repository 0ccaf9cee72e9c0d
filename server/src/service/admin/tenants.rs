//! Tenants: create, read, rename, configure, delete.

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

use super::{AdminCall, api_keys, granted, locked, signing_keys};
use crate::{
    clock,
    domain::{Tenant, config_rules, config_shape},
    service::{Refusal, ServiceError, validate},
    store::{api_keys as keys_table, signing_keys as signing_table, tenants as table},
};

/// Creates a tenant with its first signing key, and an API key if one is asked for.
///
/// # Errors
/// [`Refusal::Invalid`], [`Refusal::Config`].
pub async fn create(call: &AdminCall, request: CreateTenantRequest) -> Result<CreatedTenant, ServiceError> {
    let now = call.app.clock.now();
    let display_name = validate::label("display_name", request.display_name)?;
    let config = request.config.unwrap_or_else(|| local_config(&display_name));
    let config = config_rules::complete(config, None).map_err(Refusal::Config)?;
    let id = TenantId::new(clock::new_uuid(now, call.app.entropy.as_ref())?);
    let tenant = Tenant { id, display_name, config, created_at: now, updated_at: now };
    let signing_key = signing_keys::generate(call, id, SigningAlgorithm::Es256, now, now).await?;
    let api_key = match request.create_api_key {
        true => Some(api_keys::generate(call, id, "First key".to_owned(), None, now)?),
        false => None,
    };
    let described = json!({ "display_name": tenant.display_name, "config": tenant.config });
    let mut events = vec![
        call.event(id, AuditType::TenantCreated, now)?.detail(described),
        call.event(id, AuditType::SigningKeyCreated, now)?
            .detail(json!({ "id": signing_key.id, "algorithm": signing_key.algorithm })),
    ];
    if let Some((key, _)) = &api_key {
        events.push(call.event(id, AuditType::ApiKeyCreated, now)?.detail(api_keys::describe(key)));
    }
    let (key, secret): (_, Option<CreatedSecret>) = api_key.unzip();
    call.change(move |connection| {
        table::insert(connection, &tenant)?;
        signing_table::insert(connection, &signing_key)?;
        if let Some(key) = &key {
            keys_table::insert(connection, key)?;
        }
        events.into_iter().try_for_each(|event| event.write(connection))?;
        Ok(Ok(()))
    })
    .await?;
    Ok(CreatedTenant { id, api_key: secret })
}

/// What a tenant without a configuration gets: a relying party on this machine, for trying things out.
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
    }
}

/// A page of the tenants, oldest first; with `search`, of those whose name or id contains it.
///
/// # Errors
/// As the database has them.
pub async fn list(
    call: &AdminCall,
    search: Option<String>,
    page: PageRequest,
) -> Result<Page<TenantItem>, ServiceError> {
    call.read(move |connection| table::list(connection, search.as_deref(), page)).await
}

/// One tenant with its configuration.
///
/// # Errors
/// [`Refusal::TenantNotFound`].
pub async fn get(call: &AdminCall, id: TenantId) -> Result<TenantDetail, ServiceError> {
    let tenant = call.read(move |connection| table::find(connection, id)).await?;
    let Tenant { id, display_name, config, .. } = tenant.ok_or(Refusal::TenantNotFound)?;
    Ok(TenantDetail { id, display_name, config })
}

/// Gives a tenant another name.
///
/// # Errors
/// [`Refusal::Invalid`], [`Refusal::TenantNotFound`].
pub async fn rename(call: &AdminCall, id: TenantId, request: UpdateTenantRequest) -> Result<(), ServiceError> {
    let now = call.app.clock.now();
    let name = validate::label("display_name", request.display_name)?;
    let event = call.event(id, AuditType::TenantUpdated, now)?;
    call.change(move |connection| {
        let before = granted!(locked(connection, id)?);
        table::rename(connection, id, &name, now)?;
        let changed = json!({ "display_name": { "before": before.display_name, "after": name } });
        event.detail(changed).write(connection)?;
        Ok(Ok(()))
    })
    .await
}

/// Everything that would be refused of a configuration: `read` is what was made of `value`, if something could be.
#[must_use]
pub fn check(value: &Value, read: Option<&TenantConfig>) -> ConfigCheck {
    let mut problems = read.map_or_else(|| config_shape::problems(value), config_rules::problems);
    if read.is_none() && problems.is_empty() {
        // What the value no longer shows.
        let message = "a setting is there twice".to_owned();
        problems.push(ConfigProblem { field: String::new(), message });
    }
    ConfigCheck { problems }
}

/// Replaces a tenant's configuration; without `mfa` in it, the present second-factor settings stay.
///
/// # Errors
/// [`Refusal::Config`], [`Refusal::TenantNotFound`].
pub async fn configure(call: &AdminCall, id: TenantId, config: TenantConfig) -> Result<(), ServiceError> {
    let now = call.app.clock.now();
    let event = call.event(id, AuditType::TenantConfigUpdated, now)?;
    call.change(move |connection| {
        let before = granted!(locked(connection, id)?).config;
        let after = granted!(config_rules::complete(config, before.mfa.as_ref()).map_err(Refusal::Config));
        table::update_config(connection, id, &after, now)?;
        event.detail(json!({ "before": before, "after": after })).write(connection)?;
        Ok(Ok(()))
    })
    .await
}

/// Deletes a tenant with everything it has, its audit log included; the installation's log keeps who did it.
///
/// # Errors
/// [`Refusal::TenantNotFound`].
pub async fn delete(call: &AdminCall, id: TenantId) -> Result<(), ServiceError> {
    let now = call.app.clock.now();
    let event = call.event(TenantId::INSTALLATION, AuditType::TenantDeleted, now)?;
    call.change(move |connection| {
        let tenant = granted!(locked(connection, id)?);
        table::delete(connection, id)?;
        event.detail(json!({ "id": id, "display_name": tenant.display_name })).write(connection)?;
        Ok(Ok(()))
    })
    .await
}
