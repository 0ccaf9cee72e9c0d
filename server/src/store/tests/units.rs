use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
    mpsc,
};
use std::time::Duration;

use futures_util::FutureExt;

use super::{fixture::*, harness::TestDatabase, on_every_engine};
use crate::{
    db::{Connection, Database, DatabaseOptions, DatabaseUrl, DbError, Engine, on_engine},
    store::{installation, tenants},
};

on_every_engine!(
    a_failing_unit_fails_alone,
    a_swallowed_failure_is_not_committed_as_success,
    a_read_changes_nothing_and_sees_one_moment,
    a_look_reads_as_a_read_does,
    a_dropped_caller_changes_nothing,
    a_full_queue_refuses_at_once,
    who_waits_too_long_is_refused_and_never_runs,
    two_stores_write_at_the_same_time,
    a_closed_store_is_unavailable,
);

fn put(name: &'static str) -> impl FnOnce(&mut Connection) -> Result<(), DbError> + Send + 'static {
    move |c| installation::put(c, name, "1")
}

async fn get(db: &TestDatabase, name: &'static str) -> Option<String> {
    db.read(move |c| installation::get(c, name)).await
}

async fn a_failing_unit_fails_alone(db: TestDatabase) {
    // The first unit holds the writer until the others have queued up: on SQLite they all share its commit.
    let (go, wait) = mpsc::channel::<()>();
    let store = &db.database;
    let (first, good, failing, panicking, last, ()) = tokio::join!(
        store.write(move |c: &mut Connection| {
            let _ = wait.recv();
            installation::put(c, "first", "1")
        }),
        store.write(put("good")),
        store.write(|c: &mut Connection| {
            installation::put(c, "failing", "1")?;
            Err::<(), _>(DbError::Database("on purpose".to_owned()))
        }),
        store.write(|c: &mut Connection| {
            installation::put(c, "panicking", "1")?;
            if true {
                panic!("on purpose");
            }
            Ok::<(), DbError>(())
        }),
        store.write(put("last")),
        async move { go.send(()).expect("the first unit waits") },
    );
    assert_eq!((first, good, last), (Ok(()), Ok(()), Ok(())));
    assert_eq!(failing, Err(DbError::Database("on purpose".to_owned())));
    assert!(matches!(panicking, Err(DbError::Database(_))), "{panicking:?}");
    for (name, stays) in [("first", true), ("good", true), ("failing", false), ("panicking", false), ("last", true)] {
        assert_eq!(get(&db, name).await.is_some(), stays, "{name}");
    }
    let panicked =
        db.database.read(|_: &mut Connection| if true { panic!("on purpose") } else { Ok::<(), DbError>(()) });
    assert!(matches!(panicked.await, Err(DbError::Database(_))));
    // Every reader still serves.
    for _ in 0..20 {
        db.database.ping().await.expect("an answer");
    }
}

async fn a_swallowed_failure_is_not_committed_as_success(db: TestDatabase) {
    let result = db
        .database
        .write(|c: &mut Connection| {
            installation::put(c, "a", "1")?;
            let _ = c.run("SELECT nonsense FROM nowhere");
            Ok::<(), DbError>(())
        })
        .await;
    // SQLite undoes the failed statement only; PostgreSQL the whole unit, and then it must not be called a success.
    assert_eq!(result.is_ok(), db.database.engine() == Engine::Sqlite);
    assert_eq!(get(&db, "a").await.is_some(), result.is_ok());
}

async fn a_read_changes_nothing_and_sees_one_moment(db: TestDatabase) {
    let written = db.database.read(put("a")).await;
    assert!(matches!(written, Err(DbError::Database(_))), "{written:?}");
    let (ask, asked) = mpsc::channel::<()>();
    let (go, wait) = mpsc::channel::<()>();
    let reader = db.database.read(move |c: &mut Connection| {
        let before = installation::get(c, "a")?;
        ask.send(()).expect("somebody listens");
        let _ = wait.recv();
        Ok::<_, DbError>((before, installation::get(c, "a")?))
    });
    let writer = async {
        tokio::task::spawn_blocking(move || asked.recv()).await.expect("a thread").expect("the reader began");
        db.write(put("a")).await;
        go.send(()).expect("the reader waits");
    };
    let (seen, ()) = tokio::join!(reader, writer);
    assert_eq!(seen, Ok((None, None)));
    assert!(get(&db, "a").await.is_some());
}

async fn a_look_reads_as_a_read_does(db: TestDatabase) {
    db.write(put("a")).await;
    let look = |name: &'static str| db.database.read_inline(move |c: &mut Connection| installation::get(c, name));
    assert_eq!(look("a").await, Ok(Some("1".to_owned())));
    let written = db.database.read_inline(put("b")).await;
    assert!(matches!(written, Err(DbError::Database(_))), "{written:?}");
    // More often than there are connections.
    for _ in 0..20 {
        let panicked = db
            .database
            .read_inline(|_: &mut Connection| if true { panic!("on purpose") } else { Ok::<(), DbError>(()) });
        assert!(matches!(panicked.await, Err(DbError::Database(_))));
    }
    db.write(put("c")).await;
    assert_eq!((look("b").await, look("c").await), (Ok(None), Ok(Some("1".to_owned()))));
    db.database.close().await;
    assert!(matches!(look("a").await, Err(DbError::Unavailable(_))));
}

async fn a_dropped_caller_changes_nothing(db: TestDatabase) {
    let mut caller = Box::pin(db.database.write(put("a")));
    assert!(caller.as_mut().now_or_never().is_none());
    drop(caller);
    // What was queued is done before the store closes.
    db.database.close().await;
    let again = db.another().await;
    assert!(again.read(|c: &mut Connection| installation::get(c, "a")).await.expect("a read").is_some());
}

/// A unit that holds the only connection: answers when it began, and ends when the sender is used or dropped.
async fn hold(store: &Database) -> (mpsc::Sender<()>, tokio::task::JoinHandle<Result<(), DbError>>) {
    let (go, wait) = mpsc::channel::<()>();
    let (began, begins) = tokio::sync::oneshot::channel();
    let store = store.clone();
    let held = tokio::spawn(async move {
        store
            .write(move |c: &mut Connection| {
                let _ = began.send(());
                let _ = wait.recv();
                installation::put(c, "held", "1")
            })
            .await
    });
    begins.await.expect("the unit began");
    (go, held)
}

async fn a_full_queue_refuses_at_once(db: TestDatabase) {
    let store = db
        .another_with(|options| {
            (options.write_queue, options.read_queue, options.connections) = (1, 1, 1);
        })
        .await;
    let (go, held) = hold(&store).await;
    let mut queued = Box::pin(store.write(put("queued")));
    assert!(queued.as_mut().now_or_never().is_none());
    let refused = store.write(put("refused")).now_or_never().expect("an answer at once");
    assert!(matches!(refused, Err(DbError::Unavailable(_))), "{refused:?}");
    drop(go);
    assert_eq!((queued.await, held.await.expect("it ended")), (Ok(()), Ok(())));
    assert_eq!(get(&db, "refused").await, None);
}

async fn who_waits_too_long_is_refused_and_never_runs(db: TestDatabase) {
    let store = db
        .another_with(|options| {
            options.wait = Duration::from_millis(200);
            options.connections = 1;
        })
        .await;
    let (go, held) = hold(&store).await;
    let ran = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&ran);
    let late = store
        .write(move |_: &mut Connection| {
            flag.store(true, Ordering::SeqCst);
            Ok::<(), DbError>(())
        })
        .await;
    assert!(matches!(late, Err(DbError::Unavailable(_))), "{late:?}");
    drop(go);
    // Whoever has begun is waited for, however long it takes.
    assert_eq!(held.await.expect("it ended"), Ok(()));
    store.write(put("after")).await.expect("a write");
    assert!(!ran.load(Ordering::SeqCst));
}

async fn two_stores_write_at_the_same_time(db: TestDatabase) {
    let other = db.another().await;
    let writers: Vec<_> = (0..200_u128)
        .map(|number| {
            let store = if number % 2 == 0 { db.database.clone() } else { other.clone() };
            tokio::spawn(async move {
                store
                    .write(move |c: &mut Connection| {
                        // Reads before it writes: the snapshot must not have gone stale in between.
                        let known = on_engine!(c, c, _Db => {
                            use diesel::prelude::*;
                            crate::store::schema::tenants::table.count().get_result::<i64>(c)
                        })?;
                        tenants::insert(c, &tenant(number))?;
                        Ok::<_, DbError>(known)
                    })
                    .await
            })
        })
        .collect();
    for writer in writers {
        let result = writer.await.expect("a writer");
        assert!(result.is_ok(), "{result:?}");
    }
    assert_eq!(db.read(tenants::all).await.len(), 200);
}

async fn a_closed_store_is_unavailable(db: TestDatabase) {
    db.database.close().await;
    db.database.close().await;
    let refused = db.database.write(put("a")).await;
    assert!(matches!(refused, Err(DbError::Unavailable(_))));
    assert!(matches!(db.database.ping().await, Err(DbError::Unavailable(_))));
}

#[tokio::test]
async fn an_absent_server_is_unavailable() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let url = DatabaseUrl::Postgres(format!("postgres://someone:secret@127.0.0.1:{port}/db?sslmode=disable"));
    let refused = Database::open(DatabaseOptions::new(url)).await.expect_err("nobody listens");
    assert!(matches!(&refused, DbError::Unavailable(reason) if !reason.contains("secret")), "{refused:?}");
}
