//! On PostgreSQL, units that wait at the same time can share a transaction if each begins with a [`Statement`].

use std::{collections::BTreeSet, sync::mpsc};

use diesel::sql_types::Text;

use super::{exists, harness::TestDatabase, lose_commits};
use crate::db::{
    Connection, Database, DbError, Written,
    cached_sql::Bind,
    columns_sql::ColumnsSql,
    statement::{Pipeline, Response, Statement, respond},
};

/// A statement that adds a row to the table `installation`. Its output contains the id of the transaction and the
/// number of rows that were added together, which may include rows of other units.
struct Put {
    name: &'static str,
    value: Option<&'static str>,
}

const fn put(name: &'static str) -> Put {
    Put { name, value: Some("1") }
}

impl Statement for Put {
    type Output = String;

    fn order(&self) -> &str {
        self.name
    }

    fn on_postgres<'c>(puts: Vec<&'c Self>, pipeline: Pipeline<'c>) -> Response<'c, Vec<String>> {
        let insert =
            "INSERT INTO installation (name, value) SELECT * FROM unnest(?) RETURNING CAST(txid_current() AS TEXT)";
        let together = puts.len();
        let rows = puts.into_iter().map(|put| vec![Bind::from(put.name), put.value.into()]);
        let insert = ColumnsSql::<Text>::new(insert, rows);
        respond!(pipeline, insert => String, |ids: Vec<String>| {
            Ok::<_, DbError>(ids.into_iter().map(|id| format!("{id}: {together}")).collect::<Vec<_>>())
        })
    }
}

fn own_error() -> DbError {
    DbError::Database("injected".to_owned())
}

/// Opens the database with one connection, which is busy until the returned sender is dropped. Until then, new units
/// collect in the queue, so that they can share a transaction.
async fn with_busy_connection(db: &TestDatabase) -> (Database, mpsc::Sender<()>) {
    let database = db.another_with(|options| options.connections = 1).await;
    let (go, wait) = mpsc::channel::<()>();
    let (began, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let busy = database.clone();
    tokio::spawn(async move {
        let unit = move |_: &mut Connection| {
            let _ = began.send(());
            let _ = wait.recv();
            Ok::<_, DbError>(())
        };
        busy.read(unit).await
    });
    begins.recv().await.expect("the unit began");
    (database, go)
}

/// Writes a row in a unit. Returns the output of [`Put`].
async fn write(database: &Database, put: Put) -> Result<String, DbError> {
    database.write_after(Some(put), |_, id| Ok(id.unwrap_or_default())).await.and_then(Written::committed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn units_that_wait_together_share_a_transaction() {
    let Some(db) = TestDatabase::postgres().await else { return };
    let (database, go) = with_busy_connection(&db).await;
    let (one, other, third, ()) = tokio::join!(
        write(&database, put("one")),
        write(&database, put("other")),
        write(&database, put("third")),
        async { drop(go) }
    );
    let transactions = BTreeSet::from([one.expect("a write"), other.expect("a write"), third.expect("a write")]);
    assert_eq!(transactions.len(), 1, "{transactions:?}");
    assert!(transactions.iter().all(|one| one.ends_with(": 3")), "sent as one statement: {transactions:?}");
    assert!(db.read(|c| Ok(exists(c, "one")? && exists(c, "other")? && exists(c, "third")?)).await);
    database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn error_of_one_unit_undoes_only_that_one() {
    let Some(db) = TestDatabase::postgres().await else { return };
    let after = |database: Database, name: &'static str, run: fn(&mut Connection) -> Result<(), DbError>| async move {
        database.write_after(Some(put(name)), move |conn, _| run(conn)).await.and_then(Written::committed)
    };
    // A shared transaction fails for one of three reasons: a failed statement, a unit that returns an error, or a unit
    // that panics.
    for (number, name) in ["statement", "error", "panic"].into_iter().enumerate() {
        let (database, go) = with_busy_connection(&db).await;
        let [good, failing, last] = [["a0", "b0", "c0"], ["a1", "b1", "c1"], ["a2", "b2", "c2"]][number];
        let failing_unit = async {
            match name {
                // The column `value` does not accept NULL.
                "statement" => write(&database, Put { name: failing, value: None }).await.map(drop),
                "error" => after(database.clone(), failing, |_| Err(own_error())).await,
                _ => after(database.clone(), failing, |_| if true { panic!("injected") } else { Ok(()) }).await,
            }
        };
        let (one, failed, other, ()) =
            tokio::join!(write(&database, put(good)), failing_unit, write(&database, put(last)), async { drop(go) });
        assert!(matches!(failed, Err(DbError::Database(_))), "{name}: {failed:?}");
        assert_ne!(one.expect("a write"), other.expect("a write"), "{name}");
        let stored = db.read(move |c| Ok([exists(c, good)?, exists(c, failing)?, exists(c, last)?])).await;
        assert_eq!(stored, [true, false, true], "{name}");
        database.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unit_that_waits_for_a_lock_does_not_delay_the_others() {
    let Some(db) = TestDatabase::postgres().await else { return };
    let (locked, mut locks) = tokio::sync::mpsc::unbounded_channel();
    let (go, wait) = mpsc::channel::<()>();
    let blocker = db.database.clone();
    let blocker = tokio::spawn(async move {
        let unit = move |conn: &mut Connection| {
            super::put("locked")(conn)?;
            let _ = locked.send(());
            let _ = wait.recv();
            Err::<(), _>(own_error())
        };
        blocker.write(unit).await
    });
    locks.recv().await.expect("the row is locked");
    let database = db.another_with(|options| options.connections = 3).await;
    let free = async {
        for name in ["f1", "f2", "f3"] {
            write(&database, put(name)).await.expect("a write");
        }
        drop(go);
    };
    let (waiting, ()) = tokio::join!(write(&database, put("locked")), free);
    waiting.expect("a write after the rollback of the other transaction");
    assert_eq!(blocker.await.expect("no panic"), Err(own_error()));
    database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unit_runs_although_shared_transactions_are_stuck() {
    let Some(db) = TestDatabase::postgres().await else { return };
    let database = db.another_with(|options| options.connections = 3).await;
    let mut stuck = Vec::new();
    for name in ["stuck-1", "stuck-2"] {
        let (go, wait) = mpsc::channel::<()>();
        let (began, mut begins) = tokio::sync::mpsc::unbounded_channel();
        let database = database.clone();
        let task = tokio::spawn(async move {
            let run = move |_: &mut Connection, _: Option<String>| {
                let _ = began.send(());
                let _ = wait.recv();
                Ok::<_, DbError>(())
            };
            database.write_after(Some(put(name)), run).await.and_then(Written::committed)
        });
        begins.recv().await.expect("the unit began");
        stuck.push((go, task));
    }
    // No other unit arrives after this one to wake a thread. The idle thread must therefore start this unit by itself.
    write(&database, put("free")).await.expect("a write on the third connection");
    for (go, task) in stuck {
        drop(go);
        task.await.expect("no panic").expect("a write");
    }
    database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_connection_during_a_commit_is_reported() {
    let Some(db) = TestDatabase::postgres().await else { return };
    let database = db.another_with(|options| options.connections = 1).await;
    lose_commits(&db).await;
    let lost = write(&database, put("lost")).await;
    assert!(matches!(lost, Err(DbError::CommitUnknown(_))), "{lost:?}");
    assert!(!db.read(|conn| exists(conn, "lost")).await);
    database.close().await;
}
