//! Results of the latest scheduled probes.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// For each probed tenant, whether its latest probe succeeded.
#[derive(Debug, Default)]
pub struct ProbeResults(Mutex<BTreeMap<String, bool>>);

impl ProbeResults {
    pub fn record(&self, tenant: &str, succeeded: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant.to_owned(), succeeded);
    }

    /// Returns whether the latest probe of any tenant failed; `false` before the first probe.
    pub fn any_failed(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().any(|succeeded| !succeeded)
    }
}
