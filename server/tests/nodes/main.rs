//! Several nodes on one database. Without `DOORWARD_TEST_POSTGRES_URL`, tests that need PostgreSQL print a message and
//! are skipped. In the other tests, the nodes then share a SQLite file.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a panic fails the test")]

mod broken_commits;
mod changes;
mod deletion;
mod exactly_once;
mod outage;
mod pool;
mod pooler;
mod round_trips;
mod sharded;
mod start;
mod tls;
mod upgrade;

use std::time::Duration;

use doorward_testkit::{TestServer, TestTenant, server::Builder, until_within};

/// Two nodes of one installation, and a tenant with API clients for each node.
pub(crate) struct Nodes {
    pub(crate) first: TestServer,
    pub(crate) second: TestServer,
    pub(crate) tenant: TestTenant,
    pub(crate) tenant_on_second: TestTenant,
}

pub(crate) async fn nodes() -> Nodes {
    nodes_with(TestServer::builder()).await
}

pub(crate) async fn nodes_with(builder: Builder) -> Nodes {
    let first = builder.start().await;
    let second = first.second_node().await;
    let tenant = first.tenant().await;
    let tenant_on_second = tenant.on(&second);
    Nodes { first, second, tenant, tenant_on_second }
}

/// Waits until a node receives notifications. Until then, its change counter returns a new value at every call.
pub(crate) async fn wait_until_listening(node: &TestServer) {
    until_within("the listener", Duration::from_secs(20), async || {
        let before = node.app.db.change_counter();
        (before == node.app.db.change_counter()).then_some(())
    })
    .await;
}
