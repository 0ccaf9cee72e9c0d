//! Imports tenants with their configurations and keys, page by page.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use doorward_shared::{Base64Url, TenantId, admin::SigningAlgorithm, config::TenantConfig};

use super::{
    super::report::TenantReport,
    config::{self, Parts},
    rows::{
        CONFIGS, CORS_ORIGINS, ConfigRow, LARGEST_DATA, LargestRow, MOST_CREDENTIALS, NEWEST_ROW, ORIGINS, OriginRow,
        SECRETS, SIGNING_KEYS, SecretRow, SigningKeyRow, TENANTS, TenantRow,
    },
    secrets::{self, time},
    session::{Import, ImportError, TenantImport},
    source::SourceError,
};
use crate::{
    crypto::DigestKey,
    domain::Tenant,
    service::{
        Refusal, ServiceError,
        admin::import::{self as target, ImportState, ImportedTenant, TenantChanges},
    },
};

/// The rows that belong to one page of tenants, grouped by the id of the owning row.
struct Page {
    configs: BTreeMap<String, Vec<ConfigRow>>,
    origins: BTreeMap<String, Vec<String>>,
    cors_origins: BTreeMap<String, Vec<String>>,
    secrets: BTreeMap<String, Vec<SecretRow>>,
    signing_keys: BTreeMap<String, Vec<SigningKeyRow>>,
}

/// Maxima in the source, by tenant id.
struct Largest {
    credentials: BTreeMap<String, u64>,
    data: BTreeMap<String, u64>,
    /// Creation time of the newest user or credential, in microseconds since the Unix epoch.
    created_at: BTreeMap<String, u64>,
}

pub(super) fn import(import: &mut Import<'_>) -> Result<(), ImportError> {
    let context = import.context.clone();
    // A dry run creates no digest key. Before the first import, it therefore checks the API keys without digests.
    let digest_key = match import.options.dry_run {
        false => Some(import.wait(target::digest_key(&context))?),
        true => import.wait(target::stored_digest_key(&context))?,
    };
    let largest = Largest {
        credentials: largest(import, MOST_CREDENTIALS)?,
        data: largest(import, LARGEST_DATA)?,
        created_at: largest(import, NEWEST_ROW)?,
    };
    import.source.declare("tenant_rows", TENANTS)?;
    let mut read = 0;
    loop {
        let mut rows: Vec<TenantRow> = import.source.fetch("tenant_rows")?;
        if rows.is_empty() {
            return Ok(());
        }
        read += rows.len() as u64;
        let wanted = &import.options.tenants;
        rows.retain(|row| wanted.is_empty() || row.id.parse().is_ok_and(|id: TenantId| wanted.contains(&id)));
        let mut page = page(import, &rows)?;
        for row in rows {
            let id: TenantId =
                row.id.parse().map_err(|_| SourceError::Schema("a tenant's id is not a UUID".to_owned()))?;
            let tenant = one(import, id, &row, &mut page, &largest, digest_key.as_ref())?;
            import.tenants.insert(id, tenant);
        }
        import.progress("tenants", read);
    }
}

fn largest(import: &mut Import<'_>, query: &str) -> Result<BTreeMap<String, u64>, SourceError> {
    let rows: Vec<LargestRow> = import.source.rows(query, &[])?;
    Ok(rows.into_iter().map(|row| (row.tenant_id, u64::try_from(row.number).unwrap_or(0))).collect())
}

fn page(import: &mut Import<'_>, tenants: &[TenantRow]) -> Result<Page, SourceError> {
    let source = &mut import.source;
    let ids: Vec<String> = tenants.iter().map(|row| row.id.clone()).collect();
    let configs: Vec<ConfigRow> = source.rows(CONFIGS, &ids)?;
    let of = |id: fn(&ConfigRow) -> Option<String>| configs.iter().filter_map(id).collect::<Vec<_>>();
    let origins: Vec<OriginRow> = source.rows(ORIGINS, &of(|row| row.relying_party_id.clone()))?;
    let cors_origins: Vec<OriginRow> = source.rows(CORS_ORIGINS, &of(|row| row.cors_id.clone()))?;
    let secrets: Vec<SecretRow> = source.rows(SECRETS, &of(|row| Some(row.config_id.clone())))?;
    let signing_keys: Vec<SigningKeyRow> = source.rows(SIGNING_KEYS, &ids)?;
    let texts = |rows: Vec<OriginRow>| by(rows.into_iter().filter_map(|row| Some((row.owner, row.origin?))));
    Ok(Page {
        origins: texts(origins),
        cors_origins: texts(cors_origins),
        secrets: by(secrets.into_iter().map(|row| (row.config_id.clone(), row))),
        signing_keys: by(signing_keys.into_iter().map(|row| (row.tenant_id.clone(), row))),
        configs: by(configs.into_iter().map(|row| (row.tenant_id.clone(), row))),
    })
}

fn by<T>(rows: impl Iterator<Item = (String, T)>) -> BTreeMap<String, Vec<T>> {
    let mut found: BTreeMap<String, Vec<T>> = BTreeMap::new();
    for (key, row) in rows {
        found.entry(key).or_default().push(row);
    }
    found
}

/// Converts a tenant, and writes it unless this is a dry run.
fn one(
    import: &mut Import<'_>,
    id: TenantId,
    row: &TenantRow,
    page: &mut Page,
    largest: &Largest,
    digest_key: Option<&DigestKey>,
) -> Result<TenantImport, ImportError> {
    let context = import.context.clone();
    let mut report = TenantReport::new(id, &row.display_name, import.options.dry_run);
    let previous = import.wait(target::state(&context, id))?;
    let is_used = import.wait(target::is_used(&context, id))?;
    let mut next = previous.clone().unwrap_or_default();
    let newest = largest.created_at.get(&row.id).map_or(0, |micros| i64::try_from(*micros).unwrap_or(i64::MAX));
    next.rows_until = next.rows_until.max(time(newest));
    let mut tenant = TenantImport::new(report.clone(), previous, next, is_used);
    if is_used && !import.options.include_used {
        report.skip(
            "Doorward already serves it: since its import, an API key was used or a ceremony was completed. To update \
             it nevertheless, run the import with --include-used",
        );
        report.is_outdated = tenant.previous.is_some();
    } else if let Some(new) = converted(import, id, row, page, largest, digest_key, &mut report)? {
        let config = config_digest(&new.config)?;
        let keep_config = tenant.previous.as_ref().is_some_and(|previous| previous.config == config);
        tenant.next.config = config;
        let imported = ImportedTenant {
            tenant: new.tenant(id, row),
            keep_config,
            api_keys: new.api_keys,
            revoke_missing: !is_used,
            signing_keys: new.signing_keys,
        };
        if !import.options.dry_run || tenant.previous.is_some() {
            write(import, imported, &mut report)?;
        }
        if !import.options.dry_run && !report.is_skipped() {
            // If this import is interrupted, the next import detects from this state which rows the source has deleted.
            // It also reads the configuration and the audit log again.
            let started =
                ImportState { rows_until: tenant.next.rows_until, ..tenant.previous.clone().unwrap_or_default() };
            import.wait(target::put_state(&context, id, &started))?;
        }
    }
    report.tally("tenants").read = 1;
    tenant.report = report;
    Ok(tenant)
}

/// A converted tenant.
struct Converted {
    name: String,
    config: TenantConfig,
    api_keys: Vec<crate::domain::ApiKey>,
    signing_keys: Vec<crate::domain::SigningKeyRecord>,
}

impl Converted {
    fn tenant(&self, id: TenantId, row: &TenantRow) -> Tenant {
        Tenant {
            id,
            display_name: self.name.clone(),
            config: self.config.clone(),
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
            disabled_at: None,
        }
    }
}

fn converted(
    import: &Import<'_>,
    id: TenantId,
    row: &TenantRow,
    page: &mut Page,
    largest: &Largest,
    digest_key: Option<&DigestKey>,
    report: &mut TenantReport,
) -> Result<Option<Converted>, ImportError> {
    if id == TenantId::INSTALLATION {
        report.skip("its id is reserved for the installation's own log");
        return Ok(None);
    }
    let configs = page.configs.remove(&row.id).unwrap_or_default();
    let Some(config) = configs.first() else {
        report.skip("it has no configuration in the source");
        return Ok(None);
    };
    if configs.iter().any(|other| other.config_id != config.config_id) {
        report.problem("configuration", "the source has several; the newest one is imported");
    }
    let secrets = page.secrets.remove(&config.config_id).unwrap_or_default();
    let list = |lists: &mut BTreeMap<String, Vec<String>>, owner: &Option<String>| {
        owner.as_ref().and_then(|owner| lists.remove(owner)).unwrap_or_default()
    };
    let parts = Parts {
        origins: list(&mut page.origins, &config.relying_party_id),
        cors_origins: list(&mut page.cors_origins, &config.cors_id),
        most_credentials: largest.credentials.get(&row.id).copied().unwrap_or(0),
        largest_data: largest.data.get(&row.id).copied().unwrap_or(0),
        row: config.clone(),
    };
    let name = config::name(&row.display_name, "Imported tenant", "tenant", report);
    let Some(config) = config::convert(&parts, &name, report) else { return Ok(None) };
    let rows = page.signing_keys.remove(&row.id).unwrap_or_default();
    let app = &import.context.app;
    let Some(mut signing_keys) = secrets::signing_keys(app, id, &rows, &secrets, report) else { return Ok(None) };
    let exists = import.wait(import.context.app.tenant(id))?.is_some();
    if signing_keys.is_empty() && !exists && !import.options.dry_run {
        report.problem("signing keys", "the source has none; a new one was created");
        let key = target::new_signing_key(&import.context, id, SigningAlgorithm::Rs256);
        signing_keys.push(import.wait(key)?);
    }
    let api_keys = secrets::api_keys(app, digest_key, id, &secrets, report)?;
    Ok(Some(Converted { name, config, api_keys, signing_keys }))
}

/// Returns a digest with which a later import detects whether the source's configuration has changed.
fn config_digest(config: &TenantConfig) -> Result<String, ServiceError> {
    let json = serde_json::to_vec(config).map_err(|error| ServiceError::Internal(error.to_string()))?;
    Ok(Base64Url::encode(digest(&SHA256, &json).as_ref()))
}

fn write(import: &Import<'_>, new: ImportedTenant, report: &mut TenantReport) -> Result<(), ImportError> {
    match import.wait(target::tenant(&import.context, import.mode(), new)) {
        Ok(TenantChanges { tenant, api_keys, signing_keys }) => {
            report.tally("tenants").add(tenant);
            for (kind, changes) in [("api_keys", api_keys), ("signing_keys", signing_keys)] {
                let tally = report.tally(kind);
                (tally.added, tally.updated) = (changes.added, changes.updated);
                (tally.unchanged, tally.deleted) = (changes.unchanged, changes.deleted);
            }
            Ok(())
        }
        Err(ServiceError::Refused(refusal @ Refusal::TenantExists(_))) => {
            report.skip(refusal.reason());
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
