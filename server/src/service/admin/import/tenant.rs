//! Imports tenants with their configuration and keys.

use std::collections::BTreeSet;

use doorward_shared::{
    AuditType, SigningKeyId, TenantId, Timestamp,
    config::{Limits, Mfa, RelyingParty, TenantConfig, Webauthn},
};
use serde_json::json;

use super::{
    super::{api_keys, context::AdminContext, signing_keys::PUBLISHED_BEFORE_SIGNING_MS, tenants},
    mode::{Mode, change},
};
use crate::{
    db::Connection,
    domain::{ApiKey, ImportOutcome, SigningKeyRecord, Tally, Tenant},
    service::{ServiceError, audit},
    store::{api_keys as keys_table, signing_keys as signing_table, tenant_summaries, tenants as table},
};

/// A tenant of another system, converted to Doorward's types.
#[derive(Debug, Clone)]
pub struct ImportedTenant {
    pub tenant: Tenant,
    /// Whether the stored configuration of an existing tenant is kept.
    pub keep_config: bool,
    pub api_keys: Vec<ApiKey>,
    /// Whether to revoke earlier imported API keys that are missing from `api_keys`. No key is revoked if
    /// an API key of the tenant was used in Doorward, or a user completed a ceremony.
    pub revoke_missing: bool,
    pub signing_keys: Vec<SigningKeyRecord>,
}

/// What the import of a tenant changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantChanges {
    pub tenant: ImportOutcome,
    pub api_keys: Tally,
    pub signing_keys: Tally,
}

/// The audit entries that the import of a tenant can write. Each contains the time of the import.
struct Entries {
    created: audit::Entry,
    renamed: audit::Entry,
    configured: audit::Entry,
    api_key: audit::Entry,
    revoked: audit::Entry,
    signing_key: audit::Entry,
}

/// Returns whether an API key of the tenant was used with Doorward, or a ceremony was completed in Doorward.
pub async fn is_used(context: &AdminContext, tenant: TenantId) -> Result<bool, ServiceError> {
    context.read(move |connection| Ok(tenant_summaries::is_used(connection, tenant)?)).await
}

/// Adds or updates a tenant, adds its keys, and revokes missing API keys if `revoke_missing` is set. Writes an audit
/// entry for each change.
///
/// # Errors
/// [`crate::service::Refusal::TenantExists`] if rows or the audit log of a deleted tenant with this id still exist.
pub async fn tenant(context: &AdminContext, mode: Mode, import: ImportedTenant) -> Result<TenantChanges, ServiceError> {
    let (id, now) = (import.tenant.id, context.app.clock.now());
    let entry = |kind| context.event(id, kind, now);
    let entries = Entries {
        created: entry(AuditType::TenantCreated)?,
        renamed: entry(AuditType::TenantUpdated)?,
        configured: entry(AuditType::TenantConfigUpdated)?,
        api_key: entry(AuditType::ApiKeyCreated)?,
        revoked: entry(AuditType::ApiKeyRevoked)?,
        signing_key: entry(AuditType::SigningKeyCreated)?,
    };
    let unit = move |connection: &mut Connection| {
        table::lock(connection, id)?;
        let tenant = add_or_update(connection, &import, &entries)?;
        Ok(TenantChanges {
            tenant,
            signing_keys: signing_keys(connection, &import, &entries, now)?,
            api_keys: add_api_keys(connection, &import, &entries, now)?,
        })
    };
    change(context, mode, unit).await
}

fn add_or_update(
    connection: &mut Connection,
    import: &ImportedTenant,
    entries: &Entries,
) -> Result<ImportOutcome, ServiceError> {
    let new = &import.tenant;
    let Some(before) = table::find(connection, new.id)? else {
        tenants::insert(connection, new)?;
        let detail = json!({ "display_name": new.display_name, "config": new.config });
        entries.created.clone().detail(detail).write(connection)?;
        return Ok(ImportOutcome::Added);
    };
    let mut outcome = ImportOutcome::Unchanged;
    if before.display_name != new.display_name {
        table::rename(connection, new.id, &new.display_name, new.updated_at)?;
        let detail = json!({ "display_name": { "before": before.display_name, "after": new.display_name } });
        entries.renamed.clone().detail(detail).write(connection)?;
        outcome = ImportOutcome::Updated;
    }
    let config = merged(&before.config, new.config.clone());
    if !import.keep_config && config != before.config {
        table::update_config(connection, new.id, &config, new.updated_at)?;
        let detail = json!({ "before": before.config, "after": config });
        entries.configured.clone().detail(detail).write(connection)?;
        outcome = ImportOutcome::Updated;
    }
    Ok(outcome)
}

/// Returns the imported configuration. Settings that other systems do not have keep their stored values. An import
/// never decreases limits.
fn merged(before: &TenantConfig, new: TenantConfig) -> TenantConfig {
    let (webauthn, mfa) = (new.webauthn, new.mfa);
    TenantConfig {
        cors: new.cors,
        webauthn: Webauthn {
            relying_party: RelyingParty {
                top_origins: before.webauthn.relying_party.top_origins.clone(),
                ..webauthn.relying_party
            },
            timeout: webauthn.timeout,
            user_verification: webauthn.user_verification,
            attachment: webauthn.attachment,
            attestation_preference: webauthn.attestation_preference,
            resident_key_requirement: webauthn.resident_key_requirement,
            ..before.webauthn.clone()
        },
        mfa: Mfa {
            timeout: mfa.timeout,
            user_verification: mfa.user_verification,
            attachment: mfa.attachment,
            attestation_preference: mfa.attestation_preference,
            resident_key_requirement: mfa.resident_key_requirement,
            ..before.mfa.clone()
        },
        limits: Limits {
            credentials_per_user: before.limits.credentials_per_user.max(new.limits.credentials_per_user),
            transaction_data_bytes: before.limits.transaction_data_bytes.max(new.limits.transaction_data_bytes),
        },
        acr: before.acr.clone(),
        trust: before.trust.clone(),
    }
}

fn signing_keys(
    connection: &mut Connection,
    import: &ImportedTenant,
    entries: &Entries,
    now: Timestamp,
) -> Result<Tally, ServiceError> {
    // If Doorward already serves the tenant, verifiers need time to read a new key before it signs.
    let earliest =
        tenant_summaries::is_used(connection, import.tenant.id)?.then(|| now.plus_millis(PUBLISHED_BEFORE_SIGNING_MS));
    let stored = signing_table::list(connection, import.tenant.id)?;
    let stored: BTreeSet<SigningKeyId> = stored.into_iter().map(|key| key.id).collect();
    let mut tally = Tally::default();
    for key in &import.signing_keys {
        if stored.contains(&key.id) {
            tally.add(ImportOutcome::Unchanged);
            continue;
        }
        let signs_from = earliest.map_or(key.signs_from, |earliest| key.signs_from.max(earliest));
        let key = &SigningKeyRecord { signs_from, ..key.clone() };
        signing_table::insert(connection, key)?;
        let detail = json!({ "id": key.id, "algorithm": key.algorithm, "signs_from": key.signs_from });
        entries.signing_key.clone().detail(detail).write(connection)?;
        tally.add(ImportOutcome::Added);
    }
    Ok(tally)
}

fn add_api_keys(
    connection: &mut Connection,
    import: &ImportedTenant,
    entries: &Entries,
    now: Timestamp,
) -> Result<Tally, ServiceError> {
    let mut tally = Tally::default();
    for key in &import.api_keys {
        let outcome = keys_table::import(connection, key)?;
        if outcome != ImportOutcome::Unchanged {
            entries.api_key.clone().detail(api_keys::describe(key)).write(connection)?;
        }
        tally.add(outcome);
    }
    if tenant_summaries::is_used(connection, import.tenant.id)? || !import.revoke_missing {
        return Ok(tally);
    }
    let tenant = import.tenant.id;
    let is_missing = |key: &ApiKey| key.digest.is_some() && import.api_keys.iter().all(|one| one.id != key.id);
    for key in keys_table::list(connection, tenant)?.iter().filter(|key| is_missing(key)) {
        keys_table::revoke(connection, tenant, key.id, now)?;
        entries.revoked.clone().detail(api_keys::describe(key)).write(connection)?;
        tally.deleted += 1;
    }
    Ok(tally)
}
