//! Checks a tenant's configuration and keys against browsers' rules and the tenant's recent refusals.

use doorward_shared::Timestamp;

use crate::api::TenantReport;

mod configuration;
mod finding;
mod keys;
mod origins;
mod refusals;
mod shell;
#[cfg(test)]
mod tests;

pub use finding::{Finding, Severity};

/// Returns the findings, the most severe first.
pub fn examine(report: &TenantReport, now: Timestamp) -> Vec<Finding> {
    let mut findings = configuration::examine(report);
    findings.extend(origins::examine(report));
    findings.extend(keys::examine(report, now));
    findings.extend(refusals::examine(report));
    findings.sort_by_key(|finding| finding.severity);
    findings
}
