use std::{path::PathBuf, time::Duration};

use doorward_testkit::{until, until_within};

use super::{
    exists,
    harness::{TestDatabase, execute},
    lose_commits, on_every_engine, put,
};
use crate::db::{Connection, Database, DbError, Engine, change_counter::ChangeCounter, may_cache};

on_every_engine!(counter_changes_in_other_processes, lost_notifications_disable_caching);

/// Waits until the listener is connected. Until then, every call of `change_counter` returns a new number.
async fn connected(database: &Database) -> u64 {
    let connected = async || {
        let number = database.change_counter();
        (number == database.change_counter()).then_some(number)
    };
    until_within("notifications", Duration::from_secs(20), connected).await.0
}

async fn counter_changes_in_other_processes(db: TestDatabase) {
    let other = db.another().await;
    connected(&db.database).await;
    connected(&other).await;
    for round in 0..50 {
        let (own, theirs) = (db.database.change_counter(), other.change_counter());
        assert_eq!((own, theirs), (db.database.change_counter(), other.change_counter()));
        db.database.write_and_invalidate(put(round)).await.expect("a change");
        assert_ne!(db.database.change_counter(), own);
        if db.database.engine() == Engine::Sqlite {
            assert_ne!(other.change_counter(), theirs, "SQLite: at once, because both read the same file");
        }
        until("the other counter", async || other.change_counter() != theirs).await;
        assert_eq!(other.read(move |c: &mut Connection| exists(c, round)).await, Ok(true));
        // The process that sends a notification also receives it, and its counter changes once more.
        connected(&db.database).await;
    }
    if db.database.engine() == Engine::Sqlite {
        let (own, theirs) = (db.database.change_counter(), other.change_counter());
        db.write(put("a")).await;
        let failed = db
            .database
            .write_and_invalidate(|c: &mut Connection| {
                put("b")(c)?;
                Err::<(), _>(DbError::Database("no".to_owned()))
            })
            .await;
        assert!(failed.is_err());
        assert_eq!(
            (db.database.change_counter(), other.change_counter()),
            (own, theirs),
            "plain writes and rolled back units do not change the counter"
        );
    }
}

async fn lost_notifications_disable_caching(db: TestDatabase) {
    let before = connected(&db.database).await;
    match db.database.engine() {
        Engine::Sqlite => {
            std::fs::remove_file(format!("{}.changes", db.location())).expect("the file");
            assert_ne!(
                db.database.change_counter(),
                db.database.change_counter(),
                "without the file nothing may be cached"
            );
            db.database.write_and_invalidate(put("a")).await.expect("a change");
        }
        Engine::Postgres => {
            // Closes every connection, as a restart of the server does. Workers and the listener reconnect.
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE datname = current_database() AND pid <> pg_backend_pid()";
            execute(&db.location(), end).await;
            until("the lost connection", async || db.database.change_counter() != before).await;
            db.write(put("a")).await;
        }
    }
    let after = connected(&db.database).await;
    assert_ne!(before, after, "changes may have been missed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counter_changes_if_the_outcome_of_a_change_is_unknown() {
    let Some(db) = TestDatabase::postgres().await else { return };
    lose_commits(&db).await;
    let before = connected(&db.database).await;
    let lost = db.database.write_and_invalidate(put("a")).await;
    assert!(matches!(lost, Err(DbError::CommitUnknown(_))), "{lost:?}");
    assert_ne!(db.database.change_counter(), before);
    assert_eq!(db.database.change_counter(), db.database.change_counter(), "caches are used again");
}

/// Simulates another process: returns its connection and change counter. With them, a test can stop between the steps
/// of a change.
fn foreign(db: &TestDatabase) -> (Connection, ChangeCounter) {
    let path = PathBuf::from(db.location());
    let conn = crate::db::sqlite::connect(&path, Duration::from_secs(5)).expect("a connection");
    (Connection::Sqlite(conn), ChangeCounter::with_file(&path))
}

/// Returns the counter, and whether data that is read now may be cached under this value of the counter.
async fn cacheable(database: &Database) -> (u64, bool) {
    let number = database.change_counter();
    (number, database.read(move |c: &mut Connection| may_cache(c, number)).await.expect("a read"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_read_between_announcement_and_commit_is_not_cached() {
    let db = TestDatabase::sqlite().await;
    let (before, cached) = cacheable(&db.database).await;
    assert!(cached);
    let (mut conn, counter) = foreign(&db);
    conn.run("BEGIN IMMEDIATE").expect("the write lock");
    counter.increment_in(&mut conn).expect("an announcement");
    assert_ne!(db.database.change_counter(), before, "cached data is not used any more");
    assert_eq!(cacheable(&db.database).await, (before + 1, false));
    conn.run("COMMIT").expect("a commit");
    assert_eq!(cacheable(&db.database).await, (before + 1, true), "without a second announcement");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn announcement_without_commit_is_repaired_by_the_next_process() {
    let db = TestDatabase::sqlite().await;
    let (before, _) = cacheable(&db.database).await;
    let (mut conn, counter) = foreign(&db);
    conn.run("BEGIN IMMEDIATE").expect("the write lock");
    counter.increment_in(&mut conn).expect("an announcement");
    // When a process is killed, the operating system closes the connection.
    drop(conn);
    assert_eq!(cacheable(&db.database).await, (before + 1, false));
    let _next = db.another().await;
    assert_eq!(cacheable(&db.database).await, (before, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_commit_is_repaired_by_the_next_write() {
    let db = TestDatabase::sqlite().await;
    let (before, _) = cacheable(&db.database).await;
    let failed = db.database.write_and_invalidate(|c: &mut Connection| {
        // A deferred foreign key is checked only during COMMIT.
        c.run("PRAGMA defer_foreign_keys = ON; INSERT INTO tenant_summaries (tenant_id, name_key, rp_id, created_at, last_activity) VALUES ('none', '', '', 0, 0)")
    });
    assert!(failed.await.is_err());
    assert_eq!(cacheable(&db.database).await, (before + 1, false));
    db.write(put("a")).await;
    assert_eq!(cacheable(&db.database).await, (before, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn change_that_cannot_be_announced_is_refused() {
    let db = TestDatabase::sqlite().await;
    db.database.write_and_invalidate(put("a")).await.expect("a change");
    let file = format!("{}.changes", db.location());
    std::fs::remove_file(&file).expect("the file");
    std::fs::create_dir(&file).expect("a folder in its place");
    let refused = db.database.write_and_invalidate(put("b")).await;
    assert!(matches!(refused, Err(DbError::Unavailable(_))), "{refused:?}");
    assert!(!db.read(|c| exists(c, "b")).await);
}
