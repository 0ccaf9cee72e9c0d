//! Reads the values of gauges when the metrics are requested.

use std::time::Duration;

use crate::{
    app::App,
    db::DbError,
    store::{
        audit_counts::{self, CounterKey},
        installation, metadata,
    },
};

/// Maximum time to wait for the database. If it does not respond in time, the metrics contain the last known size of
/// the database and the last known state of the metadata.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Returns all metrics in Prometheus' text format.
pub async fn metrics(app: &App) -> String {
    let metrics = &app.metrics;
    let labels = [("version", env!("CARGO_PKG_VERSION")), ("engine", app.db.engine().as_str())];
    metrics.gauge("doorward_build_info", &labels, 1.0);
    for (queue, load) in app.db.load() {
        metrics.gauge("doorward_database_queued_units", &[("queue", queue)], count(load.queued));
        metrics.gauge("doorward_database_idle_threads", &[("queue", queue)], count(load.idle_threads));
    }
    if let Some(connected) = app.db.connected() {
        metrics.gauge("doorward_database_connected", &[], count(connected));
    }
    if let Some(bytes) = app.db.wal_bytes() {
        metrics.gauge("doorward_sqlite_wal_bytes", &[], bytes as f64);
    }
    let stored = app.db.read(|connection| {
        Ok::<_, DbError>((installation::database_size(connection)?, metadata::newest_import(connection)?))
    });
    if let Ok(Ok((bytes, import))) = tokio::time::timeout(TIMEOUT, stored).await {
        metrics.gauge("doorward_database_bytes", &[], bytes as f64);
        let now = app.clock.now();
        if let Some(import) = &import {
            let age = (now.millis() - import.imported_at.millis()).max(0);
            metrics.gauge("doorward_metadata_age_seconds", &[], age as f64 / 1_000.0);
        }
        let is_overdue = import.is_some_and(|import| import.is_outdated(now));
        metrics.gauge("doorward_metadata_overdue", &[], f64::from(u8::from(is_overdue)));
    }
    metrics.render()
}

/// Counts the entries of all audit logs. The cost grows with the number of tenants and days (0.25 s for a million
/// counters on SQLite). A job therefore calls this, and each unit of work sums only a part of the counters.
pub async fn count_audit_entries(app: &App) -> Result<(), DbError> {
    let (mut entries, mut next) = (0, Some(CounterKey::default()));
    while let Some(after) = next {
        let (some, end) = app.db.read(move |connection| audit_counts::count_some(connection, &after)).await?;
        (entries, next) = (entries + some, end);
    }
    app.metrics.gauge("doorward_audit_entries", &[], entries as f64);
    Ok(())
}

fn count(number: usize) -> f64 {
    number as f64
}
