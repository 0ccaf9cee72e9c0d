//! Tests of the engines. They run on SQLite, and on PostgreSQL if `DOORWARD_TEST_POSTGRES_URL` is the URL of a server
//! (`.ci/postgres start DIR` starts one). Each test has its own database.

mod change_counter;
pub(crate) mod harness;
mod postgres_only;
mod retries;
mod shared_transactions;
mod sqlite_only;
mod units;

use std::fmt::Display;

use super::{Connection, DbError};

/// Runs each `async fn name(db: TestDatabase)` once per engine.
macro_rules! on_every_engine {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name($crate::db::tests::harness::TestDatabase::sqlite().await).await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    if let Some(db) = $crate::db::tests::harness::TestDatabase::postgres().await {
                        super::$name(db).await;
                    }
                }
            )+
        }
    };
}
pub(crate) use on_every_engine;

/// Returns a unit of work that adds a row to the table `installation`.
fn put(name: impl Display + Send + 'static) -> impl Fn(&mut Connection) -> Result<(), DbError> + Send + 'static {
    move |c| c.run(&format!("INSERT INTO installation (name, value) VALUES ('{name}', '1')"))
}

/// Makes each commit that adds a row to the table `installation` lose its connection on PostgreSQL. A deferred trigger
/// ends the session during COMMIT.
async fn lose_commits(db: &harness::TestDatabase) {
    db.write(|c| {
        c.run(
            "CREATE FUNCTION end_session() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$; \
             CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON installation \
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION end_session()",
        )
    })
    .await;
}

/// Returns whether the table `installation` has a row with this name.
fn exists(c: &mut Connection, name: impl Display) -> Result<bool, DbError> {
    use diesel::{RunQueryDsl, dsl::sql, sql_types::Bool};
    let query = || diesel::select(sql::<Bool>(&format!("EXISTS (SELECT 1 FROM installation WHERE name = '{name}')")));
    Ok(super::on_engine!(c, c, _Db => query().get_result(c))?)
}

#[test]
fn missing_postgres_server_is_reported() {
    if harness::postgres_url().is_none() {
        eprintln!(
            "SKIPPED: every store test on PostgreSQL. Set {} to a server's URL; `.ci/postgres start DIR` starts one.",
            harness::POSTGRES_VARIABLE
        );
    }
}
