//! Recent activity of a tenant.

use std::collections::BTreeMap;

use doorward_shared::{
    AuditType, TenantId, Timestamp,
    admin::{CeremonyCount, ModelCount, RefusalCount, TenantActivity},
};

use super::{
    context::{AdminContext, find_tenant},
    overview::{WEEK, last_days},
};
use crate::{
    service::ServiceError,
    store::{
        audit_counts, credentials,
        tenant_activity::{self, EntryGroup},
    },
};

/// Maximum number of credentials that a request examines to count the models of authenticators.
const EXAMINED_CREDENTIALS: u32 = 2_000;
const MAX_ROWS: usize = 10;

/// For each kind of ceremony: its name, the type of audit entry for a success, and the type for a failure.
const CEREMONIES: [(&str, AuditType, AuditType); 5] = {
    use AuditType as T;
    [
        ("login", T::WebauthnAuthenticationFinalSucceeded, T::WebauthnAuthenticationFinalFailed),
        ("mfa_login", T::MfaAuthenticationFinalSucceeded, T::MfaAuthenticationFinalFailed),
        ("registration", T::WebauthnRegistrationFinalSucceeded, T::WebauthnRegistrationFinalFailed),
        ("mfa_registration", T::MfaRegistrationFinalSucceeded, T::MfaRegistrationFinalFailed),
        ("transaction", T::WebauthnTransactionFinalSucceeded, T::WebauthnTransactionFinalFailed),
    ]
};

/// Returns the recent activity of a tenant.
pub async fn of_tenant(context: &AdminContext, id: TenantId) -> Result<TenantActivity, ServiceError> {
    let metadata = context.app.metadata().await?;
    let week = last_days(context.app.clock.now(), WEEK);
    context
        .read(move |connection| {
            find_tenant(connection, id)?;
            let totals = audit_counts::totals_by_type(connection, id, week)?;
            let groups = tenant_activity::newest_by_code(connection, id)?;
            let models = credentials::models(connection, id, EXAMINED_CREDENTIALS)?;
            Ok(TenantActivity {
                ceremonies: ceremonies(&totals),
                examined_entries: groups.iter().map(|group| group.count).sum(),
                examined_since: groups.iter().map(|group| group.oldest).min(),
                active_users: tenant_activity::active_users(connection, id)?,
                refusals: refusals(groups),
                examined_credentials: models.iter().map(|(_, count)| count).sum(),
                models: models
                    .into_iter()
                    .take(MAX_ROWS)
                    .map(|(id, credentials)| ModelCount {
                        aaguid: id,
                        model: metadata.name(id, None).map(str::to_owned),
                        credentials,
                    })
                    .collect(),
            })
        })
        .await
}

/// Returns the counts of each kind of ceremony that succeeded or failed at least once.
fn ceremonies(totals: &BTreeMap<AuditType, u64>) -> Vec<CeremonyCount> {
    let total = |kind: AuditType| totals.get(&kind).copied().unwrap_or(0);
    let count = |(ceremony, succeeded, refused): (&str, AuditType, AuditType)| CeremonyCount {
        ceremony: ceremony.to_owned(),
        succeeded: total(succeeded),
        refused: total(refused),
    };
    CEREMONIES.into_iter().map(count).filter(|it| it.succeeded + it.refused > 0).collect()
}

/// Returns the most frequent error codes of refusals: at most [`MAX_ROWS`].
fn refusals(groups: Vec<EntryGroup>) -> Vec<RefusalCount> {
    let mut codes: BTreeMap<String, (u64, Timestamp)> = BTreeMap::new();
    for EntryGroup { kind, error_code, count, latest, .. } in groups {
        // The entry of a success has a code if the trust policy would have refused the ceremony in the mode `enforce`.
        if let Some(code) = error_code.filter(|_| kind.is_failure()) {
            let (total, last) = codes.entry(code).or_insert((0, latest));
            *total += count;
            *last = latest.max(*last);
        }
    }
    let mut refusals: Vec<RefusalCount> =
        codes.into_iter().map(|(code, (count, latest))| RefusalCount { code, count, latest }).collect();
    refusals.sort_by_key(|refusal| std::cmp::Reverse(refusal.count));
    refusals.truncate(MAX_ROWS);
    refusals
}
