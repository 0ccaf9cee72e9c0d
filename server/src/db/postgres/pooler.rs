//! Connection poolers. Some, such as PgBouncer in transaction mode, change the session between transactions. Locks and
//! notifications belong to one session, so they need a connection that bypasses such a pooler.

use std::{sync::Arc, time::Duration};

use diesel_async::async_connection_wrapper::BlockOn as _;
use tokio::task::JoinHandle;
use tokio_postgres::Client;

use super::{
    super::{
        database_url::{DatabaseUrl, DatabaseUrlError},
        error::DbError,
        options::DatabaseOptions,
    },
    connect::Target,
    listen::{SESSION_ID, query_value},
    runtime::ThreadRuntime,
};

/// Number of attempts to detect that a pooler changes the session. Usually the first attempt detects it.
const ATTEMPTS: usize = 3;
/// Key of the advisory lock that shows whether two URLs lead to the same database. The lock is held for one round trip.
const SAME_DATABASE_LOCK: i64 = 0x706f_6f6c_6572;
const CHANGES_SESSIONS: &str = "leads to a connection pooler that changes the session after a transaction, so it cannot \
                                hold locks or receive notifications";

/// The URLs of one database.
pub(in crate::db) struct Targets {
    /// Target for units of work; the same as `direct` unless `database.listen_url` is set.
    pub(super) pool: Arc<Target>,
    /// Target for the process lock, notifications and migrations, which need a session.
    pub(in crate::db) direct: Arc<Target>,
}

impl Targets {
    pub(in crate::db) fn new(url: &str, options: &DatabaseOptions) -> Result<Self, DatabaseUrlError> {
        match &options.listen_url {
            Some(DatabaseUrl::Postgres(direct)) => {
                let (pool, direct) = (Target::with_pooler(url, options)?, Target::new(direct, options)?);
                Ok(Self { pool: Arc::new(pool), direct: Arc::new(direct) })
            }
            Some(DatabaseUrl::Sqlite(_)) => Err(DatabaseUrlError::ListenWithSqlite),
            None => {
                let direct = Arc::new(Target::new(url, options)?);
                Ok(Self { pool: Arc::clone(&direct), direct })
            }
        }
    }
}

/// Checks that connections to the direct URL keep their sessions, and that both URLs lead to the same database. Also
/// disables the statement cache if the pooler does not support prepared statements.
///
/// # Errors
/// [`DbError::Database`] with the reason if a check fails, [`DbError::Unavailable`] if the database cannot be reached.
pub(super) fn check(targets: &Targets) -> Result<(), DbError> {
    let Targets { pool, direct } = targets;
    ThreadRuntime::current()?.block_on(async {
        if Arc::ptr_eq(pool, direct) {
            return refuse(direct, "set database.listen_url to the URL of a direct connection to the server").await;
        }
        refuse(direct, "database.listen_url must be the URL of a direct connection to the server").await?;
        if !same_database(pool, direct).await? {
            let reason = "database.listen_url leads to a different database from database.url";
            return Err(DbError::Database(reason.to_owned()));
        }
        if !supports_prepared_statements(pool).await? {
            tracing::warn!(
                "the connection pooler does not support prepared statements, so each statement takes another round \
                 trip; PgBouncer 1.21 and newer support them if max_prepared_statements is not 0"
            );
            pool.disable_statement_cache();
        }
        Ok(())
    })
}

/// Checks that connections to a URL keep their sessions.
///
/// # Errors
/// See [`check`].
pub(super) fn check_direct(target: &Target) -> Result<(), DbError> {
    ThreadRuntime::current()?.block_on(refuse(target, "use the URL of a direct connection to the server"))
}

async fn refuse(target: &Target, advice: &str) -> Result<(), DbError> {
    if changes_sessions(target).await? {
        return Err(DbError::Database(format!("the URL {CHANGES_SESSIONS}: {advice}")));
    }
    Ok(())
}

/// Returns whether two connections share a server session, or whether one connection gets a different session while the
/// other connection is in a transaction.
async fn changes_sessions(target: &Target) -> Result<bool, DbError> {
    let (idle, busy) = (Session::open(target).await?, Session::open(target).await?);
    for _ in 0..ATTEMPTS {
        let before = idle.value(SESSION_ID).await?;
        busy.run("BEGIN").await?;
        let other = busy.value(SESSION_ID).await?;
        if before == other || before != idle.value(SESSION_ID).await? {
            return Ok(true);
        }
        busy.run("ROLLBACK").await?;
    }
    Ok(false)
}

async fn same_database(pool: &Target, direct: &Target) -> Result<bool, DbError> {
    let (pool, direct) = (Session::open(pool).await?, Session::open(direct).await?);
    direct.run(&format!("BEGIN; SELECT pg_advisory_xact_lock_shared({SAME_DATABASE_LOCK})")).await?;
    let free = pool.value(&format!("SELECT pg_try_advisory_xact_lock({SAME_DATABASE_LOCK})")).await?;
    Ok(free.as_deref() == Some("f"))
}

/// Returns whether the pooler prepares statements again when the session has changed. A pooler that does so gives the
/// statements its own names; tokio-postgres names them with the letter `s` and a number.
async fn supports_prepared_statements(pool: &Target) -> Result<bool, DbError> {
    const STATEMENT: &str = "SELECT 'doorward: check of the pooler'";
    let session = Session::open(pool).await?;
    session.run("BEGIN").await?;
    let statement = session.within(session.client.prepare(STATEMENT)).await?;
    let own_names = format!(
        "SELECT count(*) FROM pg_prepared_statements WHERE statement = '{}' AND name ~ '^s[0-9]+$'",
        STATEMENT.replace('\'', "''")
    );
    let found = session.value(&own_names).await?;
    drop(statement);
    session.run("ROLLBACK").await?;
    Ok(found.as_deref() == Some("0"))
}

/// A connection for the checks of this module. Dropping this value closes the connection.
struct Session {
    client: Client,
    driver: JoinHandle<()>,
    timeout: Duration,
}

impl Session {
    async fn open(target: &Target) -> Result<Self, DbError> {
        let (client, connection) = target.open().await?;
        let driver = tokio::spawn(async move {
            // The error is ignored here, because statements return it as well.
            let _ = connection.await;
        });
        Ok(Self { client, driver, timeout: target.begin_timeout() })
    }

    async fn run(&self, sql: &str) -> Result<(), DbError> {
        self.within(self.client.batch_execute(sql)).await
    }

    async fn value(&self, sql: &str) -> Result<Option<String>, DbError> {
        self.within(query_value(&self.client, sql)).await
    }

    async fn within<T>(&self, query: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, DbError> {
        match tokio::time::timeout(self.timeout, query).await {
            Ok(result) => result.map_err(|error| DbError::Unavailable(error.to_string())),
            Err(_) => Err(DbError::Unavailable(format!("no response within {:?}", self.timeout))),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
