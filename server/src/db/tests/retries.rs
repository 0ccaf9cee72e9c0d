//! Units of work run again if PostgreSQL did not commit them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use super::{exists, harness::TestDatabase, lose_commits, put};
use crate::db::{Connection, Database, DbError};

/// Runs a unit that writes the row `kept` and executes `sql`. Returns the result and the number of runs.
async fn write(database: &Database, sql: &'static str) -> (Result<(), DbError>, usize) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let unit = move |conn: &mut Connection| {
        counted.fetch_add(1, Ordering::SeqCst);
        put("kept")(conn)?;
        conn.run(sql)
    };
    let written = database.write(unit).await;
    (written, runs.load(Ordering::SeqCst))
}

/// Creates an SQL function whose first `calls` calls execute `failure`. A rollback does not reset the number of calls.
async fn fail_first(db: &TestDatabase, calls: u32, failure: &str) {
    let sql = format!(
        "CREATE SEQUENCE calls; CREATE FUNCTION fail_first() RETURNS void LANGUAGE plpgsql AS \
         $$ BEGIN IF nextval('calls') <= {calls} THEN {failure}; END IF; END $$"
    );
    db.write(move |conn| conn.run(&sql)).await;
}

const CONFLICT: &str = "RAISE EXCEPTION USING ERRCODE = '40001', MESSAGE = 'Konflikt'";
const LOST: &str = "PERFORM pg_terminate_backend(pg_backend_pid())";
const TOO_SLOW: &str = "RAISE EXCEPTION USING ERRCODE = '57014', MESSAGE = 'storniere Anfrage'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unit_runs_again_at_most_twice() {
    for failure in [CONFLICT, LOST] {
        for failures in 1..=3 {
            let Some(db) = TestDatabase::postgres().await else { return };
            fail_first(&db, failures, failure).await;
            let (written, runs) = write(&db.database, "SELECT fail_first()").await;
            assert_eq!(written.is_ok(), failures < 3, "{failure}: {written:?}");
            assert_eq!(runs, 3.min(failures as usize + 1), "{failure}");
            assert_eq!(db.read(|conn| exists(conn, "kept")).await, failures < 3, "{failure}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unit_that_fails_for_another_reason_does_not_run_again() {
    let Some(db) = TestDatabase::postgres().await else { return };
    fail_first(&db, 1, TOO_SLOW).await;
    let (written, runs) = write(&db.database, "SELECT fail_first()").await;
    assert!(matches!(written, Err(DbError::Unavailable(_))), "{written:?}");
    assert_eq!(runs, 1);
}

/// Creates a unit that ends its session in the first run. In later runs, it returns how often it has run.
fn lost_once(counted: &Arc<AtomicUsize>) -> impl Fn(&mut Connection) -> Result<usize, DbError> + Send + 'static {
    let runs = Arc::clone(counted);
    move |conn| match runs.fetch_add(1, Ordering::SeqCst) {
        0 => conn.run("SELECT pg_terminate_backend(pg_backend_pid())").map(|()| 0),
        earlier => Ok(earlier + 1),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unit_of_any_kind_runs_again() {
    let Some(db) = TestDatabase::postgres().await else { return };
    let runs = || Arc::new(AtomicUsize::new(0));
    let database = &db.database;
    assert_eq!(database.read(lost_once(&runs())).await, Ok(2));
    assert_eq!(database.read_inline(lost_once(&runs())).await, Ok(2));
    assert_eq!(database.write(lost_once(&runs())).await, Ok(2));
    assert_eq!(database.write_and_invalidate(lost_once(&runs())).await, Ok(2));
}

/// A unit that has waited and run for longer than `options.wait` is not retried. The caller gets the original error,
/// not a timeout error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unit_that_ran_for_too_long_keeps_its_error() {
    const WAIT: Duration = Duration::from_millis(200);
    let Some(db) = TestDatabase::postgres().await else { return };
    let database = db.another_with(|options| options.wait = WAIT).await;
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let unit = move |conn: &mut Connection| {
        counted.fetch_add(1, Ordering::SeqCst);
        let started = Instant::now();
        while started.elapsed() <= WAIT {
            conn.run("SELECT 1")?;
        }
        conn.run(&format!("DO $$ BEGIN {CONFLICT}; END $$"))
    };
    let error = database.write(unit).await.expect_err("a conflict").to_string();
    assert!(!error.contains("no connection became free"), "{error}");
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unit_with_an_unknown_outcome_does_not_run_again() {
    let Some(db) = TestDatabase::postgres().await else { return };
    lose_commits(&db).await;
    let (written, runs) = write(&db.database, "SELECT 1").await;
    assert!(matches!(written, Err(DbError::CommitUnknown(_))), "{written:?}");
    assert_eq!(runs, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unit_runs_again_after_a_deadlock() {
    let Some(db) = TestDatabase::postgres().await else { return };
    for name in ["one", "other"] {
        db.write(put(name)).await;
    }
    // The blocker locks `other` and then waits for `one`. The unit locks `one` and then waits for `other`. The unit's
    // session detects the deadlock first, because its `deadlock_timeout` is shorter.
    let (first_locked, wait_for_first) = mpsc::channel::<()>();
    let (other_locked, mut wait_for_other) = tokio::sync::mpsc::unbounded_channel();
    let lock = |name: &'static str| format!("SELECT FROM installation WHERE name = '{name}' FOR UPDATE");
    let blocker = db.database.clone();
    let blocker = tokio::spawn(async move {
        let unit = move |conn: &mut Connection| {
            conn.run("SET LOCAL deadlock_timeout = '60s'")?;
            conn.run(&lock("other"))?;
            let _ = other_locked.send(());
            let _ = wait_for_first.recv();
            conn.run(&lock("one"))
        };
        blocker.write(unit).await
    });
    wait_for_other.recv().await.expect("the row is locked");
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let unit = move |conn: &mut Connection| {
        counted.fetch_add(1, Ordering::SeqCst);
        conn.run("SET LOCAL deadlock_timeout = '2s'")?;
        conn.run(&lock("one"))?;
        let _ = first_locked.send(());
        conn.run(&lock("other"))
    };
    let written = tokio::time::timeout(Duration::from_secs(30), db.database.write(unit)).await;
    written.expect("no endless wait").expect("a write");
    blocker.await.expect("no panic").expect("a write");
    // If the second run locks `one` before the blocker wakes up, the second run causes the same deadlock again.
    assert!((2..=3).contains(&runs.load(Ordering::SeqCst)), "{runs:?}");
}
