use std::time::{Duration, Instant};

use super::{
    exists,
    harness::{TestDatabase, execute},
    on_every_engine, put,
};
use crate::db::{Connection, Database, DbError, Engine};

on_every_engine!(counter_changes_in_other_processes, lost_notifications_disable_caching);

/// Waits until the listener is connected. Before that, every call returns a new number.
async fn connected(database: &Database) -> u64 {
    until("notifications", || {
        let number = database.change_counter();
        (number == database.change_counter()).then_some(number)
    })
    .await
}

async fn until<T>(what: &str, mut test: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = test() {
            return value;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "timeout: {what}");
        tokio::task::yield_now().await;
    }
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
        until("the other counter", || (other.change_counter() != theirs).then_some(())).await;
        assert_eq!(other.read(move |c: &mut Connection| exists(c, round)).await, Ok(true));
        // The sender receives its own notification as well.
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
            until("the lost connection", || (db.database.change_counter() != before).then_some(())).await;
            db.write(put("a")).await;
        }
    }
    let after = connected(&db.database).await;
    assert_ne!(before, after, "changes may have been missed");
}
