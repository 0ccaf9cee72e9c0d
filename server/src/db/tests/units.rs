use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
    mpsc,
};
use std::time::Duration;

use futures_util::FutureExt;

use super::{exists, harness::TestDatabase, on_every_engine, put};
use crate::db::{Connection, Database, DatabaseOptions, DatabaseUrl, DbError, Engine};

on_every_engine!(
    failing_unit_does_not_affect_others,
    panicking_read_stops_no_reader,
    ignored_error_is_not_reported_as_a_commit,
    read_cannot_write_and_has_one_snapshot,
    inline_read_behaves_like_read,
    unit_runs_although_its_caller_is_dropped,
    full_queue_rejects_at_once,
    reads_and_writes_have_separate_limits,
    unit_that_waits_too_long_is_rejected_and_never_runs,
    two_processes_write_at_the_same_time,
    closed_database_is_unavailable,
);

async fn is_stored(db: &TestDatabase, name: &'static str) -> bool {
    db.read(move |c| exists(c, name)).await
}

async fn failing_unit_does_not_affect_others(db: TestDatabase) {
    let is_sqlite = db.database.engine() == Engine::Sqlite;
    // On SQLite, the first unit shares a transaction with the failing units. After one such failure, each unit gets a
    // savepoint, so the next failure does not make other units run twice.
    for (round, expected_calls) in [(1, if is_sqlite { 2 } else { 1 }), (2, 1)] {
        let (go, wait) = mpsc::channel::<()>();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let database = &db.database;
        // Blocks the writer until the other units are queued.
        let first = database.write(move |c: &mut Connection| {
            let _ = wait.recv();
            counted.fetch_add(1, Ordering::SeqCst);
            put(format!("first {round}"))(c)
        });
        let failing = database.write(|c: &mut Connection| {
            put("failing")(c)?;
            Err::<(), _>(DbError::Database("injected".to_owned()))
        });
        let panicking = database.write(|c: &mut Connection| {
            put("panicking")(c)?;
            if true { panic!("injected") } else { Ok::<(), DbError>(()) }
        });
        let last = database.write(put(format!("last {round}")));
        let unblock = async move { go.send(()).expect("the first unit waits") };
        let (first, failing, panicking, last, ()) = tokio::join!(first, failing, panicking, last, unblock);
        assert_eq!((first, last), (Ok(()), Ok(())));
        assert_eq!(failing, Err(DbError::Database("injected".to_owned())));
        assert!(matches!(panicking, Err(DbError::Database(_))), "{panicking:?}");
        for name in ["first", "last"] {
            assert!(db.read(move |c| exists(c, format!("{name} {round}"))).await, "{name} {round}");
        }
        assert!(!is_stored(&db, "failing").await && !is_stored(&db, "panicking").await);
        assert_eq!(calls.load(Ordering::SeqCst), expected_calls, "round {round}");
    }
}

async fn panicking_read_stops_no_reader(db: TestDatabase) {
    let panicked = db.database.read(|_: &mut Connection| if true { panic!("injected") } else { Ok::<(), DbError>(()) });
    assert!(matches!(panicked.await, Err(DbError::Database(_))));
    for _ in 0..20 {
        db.database.ping().await.expect("a response");
    }
}

async fn ignored_error_is_not_reported_as_a_commit(db: TestDatabase) {
    let result = db
        .database
        .write(|c: &mut Connection| {
            put("a")(c)?;
            let _ = c.run("SELECT nonsense FROM nowhere");
            Ok::<(), DbError>(())
        })
        .await;
    // SQLite rolls back only the failed statement. PostgreSQL rolls back the whole unit, so the unit must fail.
    assert_eq!(result.is_ok(), db.database.engine() == Engine::Sqlite);
    assert_eq!(is_stored(&db, "a").await, result.is_ok());
}

async fn read_cannot_write_and_has_one_snapshot(db: TestDatabase) {
    let written = db.database.read(put("a")).await;
    assert!(matches!(written, Err(DbError::Database(_))), "{written:?}");
    let (began, begins) = mpsc::channel::<()>();
    let (go, wait) = mpsc::channel::<()>();
    let reader = db.database.read(move |c: &mut Connection| {
        let before = exists(c, "a")?;
        began.send(()).expect("a receiver");
        let _ = wait.recv();
        Ok::<_, DbError>((before, exists(c, "a")?))
    });
    let writer = async {
        tokio::task::spawn_blocking(move || begins.recv()).await.expect("a thread").expect("the reader began");
        db.write(put("a")).await;
        go.send(()).expect("the reader waits");
    };
    let (seen, ()) = tokio::join!(reader, writer);
    assert_eq!(seen, Ok((false, false)));
    assert!(is_stored(&db, "a").await);
}

async fn inline_read_behaves_like_read(db: TestDatabase) {
    db.write(put("a")).await;
    let read = |name: &'static str| db.database.read_inline(move |c: &mut Connection| exists(c, name));
    assert_eq!(read("a").await, Ok(true));
    let written = db.database.read_inline(put("b")).await;
    assert!(matches!(written, Err(DbError::Database(_))), "{written:?}");
    // More units panic than there are connections.
    for _ in 0..20 {
        let panicked =
            db.database.read_inline(|_: &mut Connection| if true { panic!("injected") } else { Ok::<(), DbError>(()) });
        assert!(matches!(panicked.await, Err(DbError::Database(_))));
    }
    db.write(put("c")).await;
    assert_eq!((read("b").await, read("c").await), (Ok(false), Ok(true)));
    db.database.close().await;
    assert!(matches!(read("a").await, Err(DbError::Unavailable(_))));
}

async fn unit_runs_although_its_caller_is_dropped(db: TestDatabase) {
    let mut caller = Box::pin(db.database.write(put("a")));
    assert!(caller.as_mut().now_or_never().is_none());
    drop(caller);
    // Units that are already queued run before the database closes.
    db.database.close().await;
    let again = db.another().await;
    assert!(again.read(|c: &mut Connection| exists(c, "a")).await.expect("a read"));
}

/// Starts a unit that occupies the only connection until a message is sent or the sender is dropped.
async fn occupy(database: &Database) -> (mpsc::Sender<()>, tokio::task::JoinHandle<Result<(), DbError>>) {
    let (go, wait) = mpsc::channel::<()>();
    let (began, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let database = database.clone();
    let occupying = tokio::spawn(async move {
        database
            .write(move |c: &mut Connection| {
                let _ = began.send(());
                let _ = wait.recv();
                put("occupying")(c)
            })
            .await
    });
    begins.recv().await.expect("the unit began");
    (go, occupying)
}

async fn full_queue_rejects_at_once(db: TestDatabase) {
    let database = db
        .another_with(|options| {
            (options.write_queue, options.read_queue, options.connections) = (1, 1, 1);
        })
        .await;
    let (go, occupying) = occupy(&database).await;
    let mut queued = Box::pin(database.write(put("queued")));
    assert!(queued.as_mut().now_or_never().is_none());
    let rejected = database.write(put("rejected")).now_or_never().expect("an immediate response");
    assert!(matches!(rejected, Err(DbError::Unavailable(_))), "{rejected:?}");
    drop(go);
    assert_eq!((queued.await, occupying.await.expect("an end")), (Ok(()), Ok(())));
    assert!(!is_stored(&db, "rejected").await);
}

async fn reads_and_writes_have_separate_limits(db: TestDatabase) {
    let database = db
        .another_with(|options| {
            (options.write_queue, options.read_queue) = (1, 3);
            (options.connections, options.readers) = (1, 1);
        })
        .await;
    let (go, occupying) = occupy(&database).await;
    let mut queued = Box::pin(database.write(put("queued")));
    assert!(queued.as_mut().now_or_never().is_none());
    let rejected = database.write(put("rejected")).now_or_never().expect("an immediate response");
    assert!(matches!(rejected, Err(DbError::Unavailable(_))), "{rejected:?}");
    let read = database.read(|c: &mut Connection| exists(c, "queued"));
    let (read, ()) = tokio::join!(read, async move { drop(go) });
    assert!(read.is_ok(), "{read:?}");
    assert_eq!((queued.await, occupying.await.expect("an end")), (Ok(()), Ok(())));
    database.write(put("after")).await.expect("a write");
}

async fn unit_that_waits_too_long_is_rejected_and_never_runs(db: TestDatabase) {
    let database = db
        .another_with(|options| {
            options.wait = Duration::from_millis(200);
            options.connections = 1;
        })
        .await;
    let (go, occupying) = occupy(&database).await;
    let ran = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&ran);
    let late = database
        .write(move |_: &mut Connection| {
            flag.store(true, Ordering::SeqCst);
            Ok::<(), DbError>(())
        })
        .await;
    assert!(matches!(late, Err(DbError::Unavailable(_))), "{late:?}");
    drop(go);
    // The limit `wait` does not apply to a unit that has already started.
    assert_eq!(occupying.await.expect("an end"), Ok(()));
    database.write(put("after")).await.expect("a write");
    assert!(!ran.load(Ordering::SeqCst));
}

async fn two_processes_write_at_the_same_time(db: TestDatabase) {
    let other = db.another().await;
    let writers: Vec<_> = (0..200)
        .map(|number| {
            let database = if number % 2 == 0 { db.database.clone() } else { other.clone() };
            tokio::spawn(async move {
                database
                    .write(move |c: &mut Connection| {
                        // This unit reads before it writes. The write must not fail because of an outdated snapshot.
                        exists(c, "a")?;
                        put(number)(c)
                    })
                    .await
            })
        })
        .collect();
    for writer in writers {
        assert_eq!(writer.await.expect("a writer"), Ok(()));
    }
}

async fn closed_database_is_unavailable(db: TestDatabase) {
    db.database.close().await;
    db.database.close().await;
    let rejected = db.database.write(put("a")).await;
    assert!(matches!(rejected, Err(DbError::Unavailable(_))));
    assert!(matches!(db.database.ping().await, Err(DbError::Unavailable(_))));
}

#[tokio::test]
async fn unreachable_server_is_unavailable() {
    // When the listener is dropped, nothing listens on this port any more.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let url = DatabaseUrl::Postgres(format!("postgres://someone:secret@127.0.0.1:{port}/db?sslmode=disable"));
    let error = Database::open(DatabaseOptions::new(url)).await.expect_err("no server");
    assert!(matches!(&error, DbError::Unavailable(reason) if !reason.contains("secret")), "{error:?}");
}
