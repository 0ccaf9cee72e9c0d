//! The database server is killed and started again.

use std::time::{Duration, Instant};

use doorward_testkit::{PostgresServer, database};

use crate::{Nodes, journal::Clients, rounds};

/// Maximum time from the restart of the database server until logins succeed again.
const RECOVERY: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_survive_crashes_of_the_database() {
    let Some(postgres) = PostgresServer::start("logins survive crashes of the database") else { return };
    let nodes = Nodes::start([&postgres.url, &postgres.url]);
    for round in 0..rounds(3) {
        let clients = Clients::start(&format!("round-{round}"), &nodes.tenants).await;
        // Each round kills the database server after a different number of logins, while it is processing other
        // requests.
        clients.wait_for_logins(3 + round * 7 % 11, RECOVERY).await;
        let killed = Instant::now();
        postgres.kill();
        postgres.resume();
        clients.wait_for_logins(3, RECOVERY).await;
        let journal = clients.stop().await;
        let summary = journal.check(&postgres.url, &nodes.tenants).await;
        let outage = journal.outage(0, killed).max(journal.outage(1, killed));
        eprintln!("database killed: {summary}; logins again after {:.1} s", outage.as_secs_f64());
        assert_eq!(database::faults(&postgres.url).await, [""; 0], "after round {round}");
    }
    nodes.terminate();
}
