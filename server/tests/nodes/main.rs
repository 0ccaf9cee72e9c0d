//! Several nodes on one database. Without `DOORWARD_TEST_POSTGRES_URL`, tests that need PostgreSQL print a message and
//! are skipped; the other tests run on one SQLite file.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a panic fails the test")]

mod changes;
mod deletion;
mod exactly_once;
mod outage;
mod pool;
mod start;
mod tls;

use std::time::{Duration, Instant};

use doorward_testkit::{TestServer, TestTenant};

/// Two nodes of one installation, and clients of one tenant on each.
pub(crate) struct Nodes {
    pub(crate) first: TestServer,
    pub(crate) second: TestServer,
    pub(crate) tenant: TestTenant,
    pub(crate) tenant_on_second: TestTenant,
}

pub(crate) async fn nodes() -> Nodes {
    let first = TestServer::start().await;
    let second = first.second_node().await;
    let tenant = first.tenant().await;
    let tenant_on_second = tenant.on(&second);
    Nodes { first, second, tenant, tenant_on_second }
}

/// Retries until the condition returns a value. Returns the value and the elapsed time, and fails after the timeout.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    timeout: Duration,
    mut condition: impl FnMut() -> F,
) -> (T, Duration) {
    let start = Instant::now();
    loop {
        if let Some(value) = condition().await {
            return (value, start.elapsed());
        }
        assert!(start.elapsed() < timeout, "timeout while waiting for {what}");
        tokio::task::yield_now().await;
    }
}

/// Waits until a node receives notifications. Until then, its change counter returns a new value at every call.
pub(crate) async fn wait_until_listening(node: &TestServer) {
    until("the listener", Duration::from_secs(20), async || {
        let before = node.app.db.change_counter();
        (before == node.app.db.change_counter()).then_some(())
    })
    .await;
}
