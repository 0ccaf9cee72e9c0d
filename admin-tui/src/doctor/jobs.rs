//! Findings about background jobs of the server, such as scheduled backups.

use doorward_shared::{Timestamp, admin::JobVitals};

use super::finding::{Finding, Severity};
use crate::{api::TenantReport, time_format};

pub(super) fn examine(report: &TenantReport, now: Timestamp) -> Vec<Finding> {
    let finding = |job: &JobVitals| {
        let success = job.last_success.map_or_else(
            || "it has not succeeded since the server started".to_owned(),
            |at| format!("it last succeeded {}", time_format::past(now, at)),
        );
        let message = format!("The server's job \"{}\" fails; {success}. The log has the cause.", job.job);
        Finding::new(Severity::Warning, "job_failing", message, None)
    };
    report.failing_jobs.iter().map(finding).collect()
}
