//! Creates, reads, renames, configures and deletes tenants.

use doorward_shared::{
    AuditType, TenantId,
    admin::{
        CreateTenantRequest, CreatedSecret, CreatedTenant, SigningAlgorithm, TenantDetail, TenantItem,
        UpdateTenantRequest,
    },
    config::{Cors, RelyingParty, TenantConfig},
    page::{Order, PageRequest},
};
use serde_json::json;

use super::{
    api_keys,
    context::{AdminContext, find_tenant, lock_tenant, unless_duplicate},
    precondition::{Precondition, TenantVersion},
    signing_keys,
};
use crate::{
    clock,
    db::{Connection, DbError},
    domain::{
        Tenant,
        config_rules::{self, ConfigChange},
        list::{NextRows, NumberedPage, PageQuery},
    },
    service::{Refusal, ServiceError, audited::Audited, validate},
    store::{
        admin_tokens, api_keys as keys_table, installation, kept_logs, signing_keys as signing_table, tenants as table,
    },
};

/// Number of days for which the log of a deleted tenant is kept if no retention time is set.
const DAYS_OF_KEPT_LOGS: u32 = 90;
const DAY_MS: i64 = 86_400_000;

/// Creates a tenant with its first signing key and, if requested, an API key.
pub async fn create(context: &AdminContext, request: CreateTenantRequest) -> Result<CreatedTenant, ServiceError> {
    let now = context.app.clock.now();
    let display_name = validate::label("display_name", request.display_name)?;
    let config = request.config.unwrap_or_else(|| local_config(&display_name));
    let config = config_rules::valid(config).map_err(Refusal::Config)?;
    let id = match request.id {
        Some(TenantId::INSTALLATION) => {
            return Err(Refusal::Invalid("id: this id is reserved for the installation's own log".to_owned()).into());
        }
        Some(id) => id,
        None => TenantId::new(clock::new_uuid(now, context.app.entropy.as_ref())?),
    };
    let tenant = Tenant { id, display_name, config, created_at: now, updated_at: now, disabled_at: None };
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
            insert(connection, &tenant)?;
            signing_table::insert(connection, &signing_key)?;
            if let Some(key) = &key {
                keys_table::insert(connection, key)?;
            }
            let mut written = Audited::without_entry(());
            for entry in &entries {
                written = entry.write_with(connection, ())?;
            }
            Ok(written)
        })
        .await?;
    Ok(CreatedTenant { id, api_key: secret })
}

/// Adds a tenant, unless another tenant or the kept log of a deleted tenant has this id.
pub(super) fn insert(connection: &mut Connection, tenant: &Tenant) -> Result<(), ServiceError> {
    let inserted = table::insert(connection, tenant);
    // On PostgreSQL, the insertion waits for a transaction that removes a tenant with this id. A kept log of that
    // tenant is visible only to a later statement.
    if matches!(inserted, Ok(()) | Err(DbError::Duplicate { .. }))
        && kept_logs::kept_until(connection, tenant.id)?.is_some()
    {
        return Err(Refusal::TenantExists("a deleted tenant had this id, and its audit log still exists").into());
    }
    unless_duplicate(inserted, || Refusal::TenantExists("a tenant with this id exists"))
}

/// Returns the configuration of tenants that are created without a configuration: a relying party on localhost.
fn local_config(display_name: &str) -> TenantConfig {
    let config = TenantConfig::for_relying_party(RelyingParty::new(
        "localhost".to_owned(),
        display_name.to_owned(),
        vec!["http://localhost:8080".to_owned()],
    ));
    TenantConfig { cors: Cors::default(), ..config }
}

/// Returns a page of the tenants. With `search`, returns only tenants whose name, RP ID or id contains this text.
pub async fn list(
    context: &AdminContext,
    search: Option<String>,
    query: PageQuery,
) -> Result<NumberedPage<TenantItem>, ServiceError> {
    let scope = context.scope.clone();
    context.read(move |connection| Ok(table::list(connection, search.as_deref(), scope.as_deref(), &query)?)).await
}

/// Returns all tenants, or those whose name, RP ID or id contains `search`, oldest first.
pub async fn all(context: &AdminContext, search: Option<&str>) -> Result<Vec<TenantItem>, ServiceError> {
    let page = PageRequest { page: 1, per_page: PageRequest::MAX_PER_PAGE };
    let mut query = PageQuery::numbered(Order::Ascending, page);
    let mut tenants = Vec::new();
    loop {
        let page = list(context, search.map(str::to_owned), query.clone()).await?;
        tenants.extend(page.items);
        match page.next {
            Some(NextRows::Number) => query.page.page += 1,
            Some(NextRows::After(cursor)) => query.after = Some(cursor),
            None => return Ok(tenants),
        }
    }
}

pub async fn get(context: &AdminContext, id: TenantId) -> Result<(TenantDetail, TenantVersion), ServiceError> {
    let tenant = context.read(move |connection| find_tenant(connection, id)).await?;
    let version = TenantVersion::of(&tenant)?;
    let Tenant { id, display_name, config, disabled_at, .. } = tenant;
    Ok((TenantDetail { id, display_name, disabled_at, config }, version))
}

/// Renames a tenant and returns its new version.
///
/// # Errors
/// [`Refusal::Invalid`], [`Refusal::TenantNotFound`], or [`Refusal::TenantChanged`] for a stale version.
pub async fn rename(
    context: &AdminContext,
    id: TenantId,
    accepted: Precondition,
    request: UpdateTenantRequest,
) -> Result<TenantVersion, ServiceError> {
    let now = context.app.clock.now();
    let name = validate::label("display_name", request.display_name)?;
    let entry = context.event(id, AuditType::TenantUpdated, now)?;
    context
        .change(move |connection| {
            let before = lock_tenant(connection, id)?;
            let version = accepted.check(&before)?;
            if before.display_name == name {
                return Ok(Audited::without_entry(version));
            }
            table::rename(connection, id, &name, now)?;
            let changed = json!({ "display_name": { "before": before.display_name, "after": name } });
            let version = TenantVersion::of(&Tenant { display_name: name.clone(), ..before })?;
            Ok(entry.clone().detail(changed).write_with(connection, version)?)
        })
        .await
}

/// Replaces a tenant's configuration and returns the tenant's new version. Some settings, such as `mfa` and `limits`,
/// keep their current values if they are omitted.
///
/// # Errors
/// [`Refusal::Config`], [`Refusal::TenantNotFound`], or [`Refusal::TenantChanged`] for a stale version.
pub async fn configure(
    context: &AdminContext,
    id: TenantId,
    accepted: Precondition,
    change: impl Into<ConfigChange>,
) -> Result<TenantVersion, ServiceError> {
    let change = change.into();
    let now = context.app.clock.now();
    let entry = context.event(id, AuditType::TenantConfigUpdated, now)?;
    context
        .change(move |connection| {
            let before = lock_tenant(connection, id)?;
            let version = accepted.check(&before)?;
            let config = change.complete(&before.config).map_err(Refusal::Config)?;
            if before.config == config {
                return Ok(Audited::without_entry(version));
            }
            table::update_config(connection, id, &config, now)?;
            let changed = json!({ "before": before.config, "after": config });
            let version = TenantVersion::of(&Tenant { config, ..before })?;
            Ok(entry.clone().detail(changed).write_with(connection, version)?)
        })
        .await
}

/// Deletes a tenant. No request finds the tenant from now on, and a job deletes its data. The installation's log
/// records who deleted the tenant. The tenant's own audit log is kept for the retention time. If `erase_audit` is set,
/// the job also deletes this log, even if the tenant was already deleted. Admin tokens that are limited to this tenant
/// alone are revoked; tokens that are limited to several tenants lose access to this tenant.
///
/// # Errors
/// [`Refusal::TenantNotFound`], or [`Refusal::TenantChanged`] for a stale version.
pub async fn delete(
    context: &AdminContext,
    id: TenantId,
    accepted: Precondition,
    erase_audit: bool,
) -> Result<(), ServiceError> {
    let now = context.app.clock.now();
    let entry = context.event(TenantId::INSTALLATION, AuditType::TenantDeleted, now)?;
    let days = context.app.settings.audit_retention_days.unwrap_or(DAYS_OF_KEPT_LOGS);
    let until = if erase_audit { now } else { now.plus_millis(i64::from(days) * DAY_MS) };
    context
        .change(move |connection| {
            table::lock(connection, id)?;
            let tenant = table::find(connection, id)?;
            let mut revoked = Vec::new();
            let has_log = kept_logs::kept_until(connection, id)?.is_some_and(|until| until > now);
            if let Some(tenant) = &tenant {
                accepted.check(tenant)?;
                table::mark_deleted(connection, id, now)?;
                // Admin tokens that are limited to the tenant would otherwise be valid for a later tenant with the same
                // id.
                revoked = admin_tokens::remove_tenant(connection, id, now)?;
                installation::delete(connection, &installation::import_state(id))?;
            } else if !(erase_audit && has_log) {
                return Err(Refusal::TenantNotFound.into());
            }
            kept_logs::keep(connection, id, until)?;
            let name = tenant.map(|tenant| tenant.display_name);
            let mut detail = json!({ "id": id, "display_name": name, "audit_log_kept_until": until });
            let names: Vec<String> = revoked.into_iter().map(|token| token.name).collect();
            if let (Some(members), false) = (detail.as_object_mut(), names.is_empty()) {
                let _ = members.insert("revoked_admin_tokens".to_owned(), json!(names));
            }
            Ok(entry.clone().detail(detail).write_with(connection, ())?)
        })
        .await
}

/// Returns an error if the tenant does not exist and no audit log of a deleted tenant with this id is kept.
pub async fn require_log(context: &AdminContext, id: TenantId) -> Result<(), ServiceError> {
    let now = context.app.clock.now();
    context
        .read(move |connection| {
            if table::find(connection, id)?.is_some()
                || kept_logs::kept_until(connection, id)?.is_some_and(|until| until > now)
            {
                return Ok(());
            }
            Err(Refusal::TenantNotFound.into())
        })
        .await
}
