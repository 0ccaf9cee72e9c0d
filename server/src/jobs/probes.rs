//! Scheduled probes, which perform every ceremony for the tenants in the settings.

use std::{fmt, time::Duration};

use crate::{
    app::App,
    db::DbError,
    probe::{self, Target},
};

const SUCCEEDED: &str = "doorward_probe_success";
const SECONDS: &str = "doorward_probe_seconds";

/// Settings of scheduled probes.
#[derive(Clone)]
pub struct ProbePlan {
    pub every: Duration,
    pub targets: Vec<Target>,
}

/// Targets contain API keys, so they are not printed.
impl fmt::Debug for ProbePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbePlan").field("every", &self.every).finish_non_exhaustive()
    }
}

/// Probes all tenants, even after a failure. Returns an error with the first step that failed. Begins no probe while
/// the server stops.
pub(super) async fn probe_all(app: &App, targets: &[Target]) -> Result<(), DbError> {
    let mut failure = None;
    for target in targets {
        if app.is_stopping() {
            break;
        }
        let begin = app.stopwatch.start();
        let result = match probe::run(target, &mut |_| ()).await {
            Ok(steps) => match steps.into_iter().find(|step| !step.ok) {
                Some(step) => Err(format!("{}: {}", step.name, step.detail)),
                None => Ok(()),
            },
            Err(error) => Err(error.to_string()),
        };
        app.metrics.probe(SUCCEEDED, &target.tenant, if result.is_ok() { 1.0 } else { 0.0 });
        app.metrics.probe(SECONDS, &target.tenant, app.stopwatch.elapsed(begin).as_secs_f64());
        app.probe_results.record(&target.tenant, result.is_ok());
        if let Err(reason) = result {
            failure.get_or_insert_with(|| format!("tenant {}: {reason}", target.tenant));
        }
    }
    failure.map_or(Ok(()), |reason| Err(DbError::Unavailable(reason)))
}
