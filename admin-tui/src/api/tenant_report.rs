//! Data that `doctor` examines: a tenant's configuration, keys and recent refusals.

use doorward_shared::{
    TenantId, Timestamp,
    admin::{JobVitals, MetadataStatus, SecretItem, SigningKeyItem, TenantDetail},
    audit::{AdminAuditLogItem, AuditOutcome},
};

use super::{
    audit::{AuditPosition, AuditQuery},
    client::Api,
    error::ApiError,
};

/// Maximum number of refusals in a report.
const MAX_REFUSALS: usize = 1_000;
/// Maximum number of requests for refusals. The server examines a limited number of entries per request.
const MAX_PAGES: usize = 10;
/// Maximum age of the refusals in a report, in days.
pub const REPORT_DAYS: u32 = 7;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantReport {
    pub tenant: TenantDetail,
    pub api_keys: Vec<SecretItem>,
    pub signing_keys: Vec<SigningKeyItem>,
    /// The newest refusals of the last [`REPORT_DAYS`] days, newest first.
    pub refusals: Vec<AdminAuditLogItem>,
    /// `true` if older refusals may have been left out.
    pub is_partial: bool,
    /// Number of ceremonies that succeeded in the last [`REPORT_DAYS`] days.
    pub succeeded: u64,
    /// The FIDO metadata of the installation.
    pub metadata: MetadataStatus,
    /// Background jobs whose latest run failed on the node that responded. Empty if the token may not read them.
    pub failing_jobs: Vec<JobVitals>,
}

impl Api {
    /// Reads configuration, keys and refusals of a tenant.
    pub async fn tenant_report(&self, id: TenantId, now: Timestamp) -> Result<TenantReport, ApiError> {
        let tenant = self.tenant(id).await?.tenant;
        let api_keys = self.api_keys(id).await?;
        let signing_keys = self.signing_keys(id).await?;
        let metadata = self.metadata_status().await?;
        let activity = self.tenant_overview(id, REPORT_DAYS).await?.activity;
        let succeeded = activity.iter().map(|day| day.succeeded).sum();
        let query = AuditQuery {
            tenant: Some(id),
            outcome: Some(AuditOutcome::Failed),
            start: Some(now.plus_millis(-i64::from(REPORT_DAYS) * 86_400_000)),
            ..AuditQuery::default()
        };
        let failing_jobs = self.failing_jobs().await?;
        let mut report = TenantReport {
            tenant,
            api_keys,
            signing_keys,
            refusals: Vec::new(),
            is_partial: true,
            succeeded,
            metadata,
            failing_jobs,
        };
        let mut position = AuditPosition::Newest;
        for _ in 0..MAX_PAGES {
            let missing = MAX_REFUSALS.saturating_sub(report.refusals.len());
            let page = self.audit_page(&query, position, u32::try_from(missing).unwrap_or(u32::MAX)).await?;
            report.refusals.extend(page.entries);
            let Some(next) = page.next else {
                report.is_partial = false;
                break;
            };
            if report.refusals.len() >= MAX_REFUSALS {
                break;
            }
            position = AuditPosition::Before(next);
        }
        Ok(report)
    }

    async fn failing_jobs(&self) -> Result<Vec<JobVitals>, ApiError> {
        // For a limited token, the server would refuse the vitals and record the refusal.
        if self.me().await?.tenants.is_some() {
            return Ok(Vec::new());
        }
        Ok(self.vitals().await?.jobs.into_iter().filter(|job| job.failing).collect())
    }
}
