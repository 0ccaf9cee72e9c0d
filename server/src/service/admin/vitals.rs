//! Vitals of this process, for the terminal app.

use doorward_shared::admin::{QueueVitals, Vitals};

use crate::app::App;

/// Returns the current counters of this process. Does not use the database.
pub fn of_node(app: &App) -> Vitals {
    let counts = app.metrics.counts();
    let queues = app.db.load().into_iter().map(|(queue, load)| QueueVitals {
        queue: queue.to_owned(),
        queued: count(load.queued),
        idle_threads: count(load.idle_threads),
    });
    Vitals {
        node: counts.node,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_ms: u64::try_from(app.stopwatch.elapsed(app.started).as_millis()).unwrap_or(u64::MAX),
        now: app.clock.now(),
        requests: counts.requests,
        request_times: counts.request_times,
        ceremonies: counts.ceremonies,
        refusals: counts.refusals,
        write_wait: counts.write_wait,
        commits: counts.commits,
        queues: queues.collect(),
        connections: counts.connections.map(count),
        database_connections: app.db.connected().map(count),
        wal_bytes: app.db.wal_bytes(),
        cpu_ms: counts.cpu_seconds.map(|seconds| (seconds * 1_000.0) as u64),
        memory_bytes: counts.memory_bytes.map(|bytes| bytes as u64),
        jobs: counts.jobs,
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
