//! The leader of a PostgreSQL cluster is killed, or replaced by a planned switchover. `.ci/long ha` runs these tests,
//! because they take minutes and need Patroni, etcd and HAProxy.

use std::time::{Duration, Instant};

use crate::{
    Nodes,
    journal::Clients,
    patroni::{Cluster, RECOVERY},
    rounds,
};

const NODES: [&str; 2] = ["through HAProxy", "with both servers in the URL"];
const LOGINS: usize = 20;
/// Maximum time during which requests may fail in a planned switchover.
const MAX_SWITCHOVER: Duration = Duration::from_secs(2);

async fn kill_leader(cluster: &Cluster, nodes: &Nodes, round: usize) {
    let clients = Clients::start(&format!("killed-{round}"), &nodes.tenants).await;
    clients.wait_for_logins(LOGINS, RECOVERY).await;
    let leader = cluster.leader();
    let killed = Instant::now();
    cluster.kill(&leader);
    clients.wait_for_logins(LOGINS, RECOVERY * 2).await;
    let journal = clients.stop().await;
    let summary = journal.check(&cluster.proxy_url, &nodes.tenants).await;
    eprintln!("leader killed: {summary}");
    for (number, node) in NODES.iter().enumerate() {
        let outage = journal.outage(number, killed);
        eprintln!("leader killed, node {node}: logins again after {:.1} s", outage.as_secs_f64());
        assert!(outage <= RECOVERY, "{node}: {outage:?}");
    }
    cluster.resume(&leader);
}

async fn switch_over(cluster: &Cluster, nodes: &Nodes, round: usize) {
    let clients = Clients::start(&format!("switched-{round}"), &nodes.tenants).await;
    clients.wait_for_logins(LOGINS, RECOVERY).await;
    let began = Instant::now();
    cluster.switch_over();
    clients.wait_for_logins(LOGINS, RECOVERY).await;
    let journal = clients.stop().await;
    let summary = journal.check(&cluster.proxy_url, &nodes.tenants).await;
    eprintln!("switchover: {summary}");
    for (number, node) in NODES.iter().enumerate() {
        let failing = journal.failing_time(number, began);
        eprintln!("switchover, node {node}: requests failed for {:.1} s", failing.as_secs_f64());
        assert!(failing <= MAX_SWITCHOVER, "{node}: {failing:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "`.ci/long ha` runs it"]
async fn logins_survive_failover_and_switchover() {
    let cluster = Cluster::start();
    let nodes = Nodes::start([&cluster.proxy_url, &cluster.both_url]);
    for round in 0..rounds(1) {
        kill_leader(&cluster, &nodes, round).await;
        switch_over(&cluster, &nodes, round).await;
    }
    nodes.terminate();
}
