//! Several nodes on one database. Those that need PostgreSQL are skipped, with a word, where
//! `DOORWARD_TEST_POSTGRES_URL` is not set; the others run on one SQLite file, too.
#![expect(clippy::unwrap_used, clippy::panic, reason = "clippy's allowances for tests do not reach their helpers")]

mod changes;
mod once;
mod outage;
mod pool;
mod start;
mod tls;

use std::time::{Duration, Instant};

use doorward_testkit::{TestServer, TestTenant};

/// Two nodes of one installation, and a tenant as seen on each.
pub(crate) struct Nodes {
    pub(crate) first: TestServer,
    pub(crate) second: TestServer,
    pub(crate) tenant: TestTenant,
    pub(crate) elsewhere: TestTenant,
}

pub(crate) async fn nodes() -> Nodes {
    let first = TestServer::start().await;
    let second = first.second_node().await;
    let tenant = first.tenant().await;
    let elsewhere = tenant.on(&second);
    Nodes { first, second, tenant, elsewhere }
}

/// Asks until the answer is the one hoped for; tells how long that took, and fails when it takes longer than allowed.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    limit: Duration,
    mut ask: impl FnMut() -> F,
) -> (T, Duration) {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return (answer, start.elapsed());
        }
        assert!(start.elapsed() < limit, "waited in vain for {what}");
        tokio::task::yield_now().await;
    }
}

/// Waits until a node hears of others' changes: until then it reads everything through.
pub(crate) async fn hears(node: &TestServer) {
    until("the channel", Duration::from_secs(20), async || {
        let epoch = node.app.db.change_counter();
        (epoch == node.app.db.change_counter()).then_some(())
    })
    .await;
}
