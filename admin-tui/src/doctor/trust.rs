//! Findings about trust policies that need FIDO metadata.

use doorward_shared::config::{TrustMode, TrustPolicy};

use super::finding::{Finding, Severity};
use crate::api::TenantReport;

/// Command to run on the machine of a node: downloads the newest BLOB and imports it.
const IMPORT: &str = "curl -fsSo blob.jwt https://mds3.fidoalliance.org/ && doorward mds import blob.jwt";

pub(super) fn examine(report: &TenantReport) -> Option<Finding> {
    let trust = &report.tenant.config.trust;
    let policies = [&trust.passkeys, &trust.second_factors];
    if !policies.iter().any(|policy| policy.needs_metadata()) {
        return None;
    }
    let metadata = &report.metadata;
    if metadata.number.is_none() {
        let (severity, message) = if policies.into_iter().any(refuses_all) {
            (
                Severity::Error,
                "A trust policy needs proven models, and no FIDO metadata is imported: it refuses everyone.",
            )
        } else {
            (Severity::Warning, "A trust policy needs FIDO metadata, and none is imported: no model has a status.")
        };
        return Some(Finding::new(severity, "metadata_missing", message.to_owned(), Some(IMPORT.to_owned())));
    }
    if !metadata.outdated {
        return None;
    }
    let due = metadata.next_update.as_deref().unwrap_or("an unknown day");
    let message = format!(
        "A trust policy uses FIDO metadata that is out of date: the next one was due on {due}. Models that were revoked \
         since are not refused."
    );
    Some(Finding::new(Severity::Warning, "metadata_outdated", message, Some(IMPORT.to_owned())))
}

/// Returns whether a policy refuses every credential while no metadata is imported.
fn refuses_all(policy: &TrustPolicy) -> bool {
    let is_enforced = policy.registration == TrustMode::Enforce || policy.login == TrustMode::Enforce;
    is_enforced && policy.needs_attestation()
}
