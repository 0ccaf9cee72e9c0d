//! Rolling upgrades: a newer program adds to the schema while nodes of this version run and start.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use doorward_testkit::{Person, TestServer, TestTenant, database};
use tokio::task::JoinHandle;

/// Statements of an additive migration of a newer program. The last one records the migration.
const MIGRATION: [&str; 5] = [
    "CREATE TABLE devices (tenant_id TEXT NOT NULL REFERENCES tenants (id), id TEXT NOT NULL, PRIMARY KEY (tenant_id, id))",
    "ALTER TABLE users ADD COLUMN locale TEXT",
    "ALTER TABLE credentials ADD COLUMN place TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX users_by_locale ON users (tenant_id, locale)",
    "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000.additive')",
];

/// Registers a user and logs in until `stop` is set. Returns the number of logins. Every request must succeed.
fn ceremonies(user: &str, tenant: TestTenant, stop: &Arc<AtomicBool>) -> JoinHandle<u64> {
    let (mut person, stop) = (Person::new(user), Arc::clone(stop));
    tokio::spawn(async move {
        let _ = person.register(&tenant).await.expect(200);
        let mut logins = 0;
        while !stop.load(Ordering::SeqCst) || logins < 3 {
            let _ = person.mfa_login(&tenant).await.expect(200);
            logins += 1;
        }
        logins
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_run_and_start_on_a_schema_with_an_additive_migration() {
    let first = TestServer::start().await;
    let second = first.second_node().await;
    let tenant = first.tenant().await;
    let stop = Arc::new(AtomicBool::new(false));
    let on_second = ceremonies("on-second", tenant.on(&second), &stop);
    let stop_first = Arc::new(AtomicBool::new(false));
    let on_first = ceremonies("on-first", tenant.clone(), &stop_first);
    for statement in MIGRATION {
        database::execute(first.database_url(), statement).await;
    }
    stop_first.store(true, Ordering::SeqCst);
    assert!(on_first.await.unwrap() >= 3);
    let restarted = first.restart().await;
    let third = restarted.second_node().await;
    let more =
        [("restarted", &restarted), ("third", &third)].map(|(user, node)| ceremonies(user, tenant.on(node), &stop));
    stop.store(true, Ordering::SeqCst);
    for logins in more.into_iter().chain([on_second]) {
        assert!(logins.await.unwrap() >= 3);
    }
    assert_eq!(database::faults(restarted.database_url()).await, [""; 0]);
}
