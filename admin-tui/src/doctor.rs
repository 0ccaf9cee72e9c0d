//! Checks a tenant's configuration and keys against browsers' rules and the tenant's recent refusals.

use doorward_shared::Timestamp;

use crate::api::TenantReport;

mod configuration;
mod finding;
mod jobs;
mod keys;
mod origins;
mod program;
mod refusals;
mod shell;
#[cfg(test)]
mod tests;
mod trust;

pub use finding::{Finding, Severity};
pub use program::Program;

/// Returns the findings, the most severe first. Their commands begin with `program`.
pub fn examine(report: &TenantReport, program: &Program, now: Timestamp) -> Vec<Finding> {
    let mut findings = configuration::examine(report, program);
    findings.extend(origins::examine(report, program));
    findings.extend(trust::examine(report));
    findings.extend(keys::examine(report, program, now));
    findings.extend(refusals::examine(report, program));
    findings.extend(jobs::examine(report, now));
    findings.sort_by_key(|finding| finding.severity);
    findings
}
