//! Tests that run on SQLite, and on PostgreSQL if `DOORWARD_TEST_POSTGRES_URL` names a server (`.ci/postgres start DIR` starts
//! one). Each test has its own database.

mod audit;
mod challenges;
mod change_counter;
mod credentials;
mod fixture;
mod harness;
mod isolation;
mod keys;
mod schema;
mod search;
mod secrets;
mod sqlite_only;
mod tenant_summaries;
mod tenants;
mod transactions;
mod transfer;
mod units;
mod users;

/// Runs each `async fn name(db: TestDatabase)` once per engine.
macro_rules! on_every_engine {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name($crate::store::tests::harness::TestDatabase::sqlite().await).await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    if let Some(db) = $crate::store::tests::harness::TestDatabase::postgres().await {
                        super::$name(db).await;
                    }
                }
            )+
        }
    };
}
use on_every_engine;

#[test]
fn missing_postgres_server_is_reported() {
    if harness::postgres_url().is_none() {
        eprintln!(
            "SKIPPED: every store test on PostgreSQL. Set {} to a server's URL; `.ci/postgres start DIR` starts one.",
            harness::POSTGRES_VARIABLE
        );
    }
}
