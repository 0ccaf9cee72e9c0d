//! Vitals of this process, for the terminal app.

use doorward_shared::admin::{QueueVitals, Vitals};

use crate::{
    app::App,
    metrics::{Counts, node_name},
};

/// Returns the current counters of this process. Does not use the database.
pub fn of_node(app: &App) -> Vitals {
    let Counts { requests, ceremonies, refusals, write_wait, commits, connections, jobs, cpu_seconds, memory_bytes } =
        app.metrics.counts();
    let queues = app.db.load().into_iter().map(|(queue, load)| QueueVitals {
        queue: queue.to_owned(),
        queued: count(load.queued),
        idle_threads: count(load.idle_threads),
    });
    Vitals {
        node: node_name(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_ms: u64::try_from(app.stopwatch.elapsed(app.started).as_millis()).unwrap_or(u64::MAX),
        now: app.clock.now(),
        requests,
        ceremonies,
        refusals,
        write_wait,
        commits,
        queues: queues.collect(),
        connections: connections.map(count),
        database_connections: app.db.connected().map(count),
        wal_bytes: app.db.wal_bytes(),
        cpu_ms: cpu_seconds.map(|seconds| (seconds * 1_000.0) as u64),
        memory_bytes: memory_bytes.map(|bytes| bytes as u64),
        jobs,
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
