//! Behaviour that only PostgreSQL has.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    time::{Duration, Instant},
};

use diesel::{RunQueryDsl as _, sql_query, sql_types::Text};

use super::{exists, harness::TestDatabase, put};
use crate::db::{
    Connection, Database, DatabaseOptions, DatabaseUrl, DbError, on_engine,
    postgres::{Target, connect_exclusively},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_are_recognised_in_every_language() {
    let Some(db) = TestDatabase::postgres().await else { return };
    let run = |sql: &'static str| db.database.write(move |c: &mut Connection| c.run(sql));
    // Errors: canceled query, deadlock, full disk, and lost connection to the server process.
    for sql in [
        "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '57014', MESSAGE = 'storniere Anfrage'; END $$",
        "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01', MESSAGE = 'Verklemmung entdeckt'; END $$",
        "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '53100', MESSAGE = 'kein Platz'; END $$",
        "SELECT pg_terminate_backend(pg_backend_pid())",
    ] {
        let result = run(sql).await;
        assert!(matches!(result, Err(DbError::Unavailable(_))), "{sql}: {result:?}");
    }
    for sql in ["SELECT nonsense FROM nowhere", "SELEKT", "INSERT INTO installation (name) VALUES ('a')"] {
        let result = run(sql).await;
        assert!(matches!(result, Err(DbError::Database(_))), "{sql}: {result:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statement_without_a_server_timeout_ends_at_the_deadline() {
    let Some(db) = TestDatabase::postgres().await else { return };
    let database = db
        .another_with(|options| {
            (options.statement_timeout, options.connections) = (Duration::from_millis(100), 1);
        })
        .await;
    let start = Instant::now();
    let slow = database.write(|c: &mut Connection| {
        c.run("SET LOCAL statement_timeout = 0")?;
        put("a")(c)?;
        c.run("SELECT pg_sleep(60)")
    });
    let slow = slow.await;
    assert!(matches!(slow, Err(DbError::Unavailable(_))), "{slow:?}");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    // The worker has opened a new connection and continues.
    database.write(put("b")).await.expect("a write");
    assert!(!database.read(|c: &mut Connection| exists(c, "a")).await.expect("a read"));
    database.close().await;
}

/// A result that panics when it is dropped. If the caller no longer waits, the worker's thread drops the result.
struct PanicsOnDrop;

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        panic!("injected");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_survives_a_panic() {
    let Some(db) = TestDatabase::postgres().await else { return };
    let database = db.another_with(|options| options.connections = 1).await;
    for _ in 0..3 {
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let (began, mut begins) = tokio::sync::mpsc::unbounded_channel();
        let caller = {
            let database = database.clone();
            tokio::spawn(async move {
                let unit = move |_: &mut Connection| {
                    let _ = began.send(());
                    let _ = wait.recv();
                    Ok::<_, DbError>(PanicsOnDrop)
                };
                database.read(unit).await.map(std::mem::forget)
            })
        };
        begins.recv().await.expect("the unit began");
        caller.abort();
        assert!(caller.await.is_err_and(|error| error.is_cancelled()));
        drop(go);
        database.ping().await.expect("a response");
    }
    database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exclusive_lock_waits_for_the_end_of_other_sessions() {
    let Some(db) = TestDatabase::postgres().await else { return };
    let node = db.another().await;
    db.database.close().await;
    let target = Target::new(&db.location(), &db.options).expect("a target");
    let locking = tokio::task::spawn_blocking(move || connect_exclusively(&target).map(|locked| locked.is_some()));
    lock_was_attempted(&db).await;
    node.close().await;
    assert_eq!(locking.await.expect("no panic"), Ok(true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opening_exclusively_waits_for_the_end_of_other_sessions() {
    let Some(db) = TestDatabase::postgres().await else { return };
    let node = db.another().await;
    db.database.close().await;
    let opening = tokio::spawn(Database::open(DatabaseOptions { exclusive: true, ..db.options.clone() }));
    lock_was_attempted(&db).await;
    node.close().await;
    opening.await.expect("no panic").expect("an open database").close().await;
}

/// Waits until a process has tried to take the exclusive lock.
async fn lock_was_attempted(db: &TestDatabase) {
    let url = db.location();
    let sessions = "SELECT count(*) > 0 AS value FROM pg_stat_activity \
                    WHERE datname = current_database() AND query LIKE '%pg_try_advisory_lock(%' AND pid <> pg_backend_pid()";
    doorward_testkit::until("an attempt", async || doorward_testkit::database::texts(&url, sessions).await == ["t"])
        .await;
}

/// Starts a proxy for a server and returns its port. The proxy replaces `LISTEN` and `pg_notify` with words that the
/// server does not know.
fn without_notifications(server: &url::Url) -> u16 {
    let target = (server.host_str().expect("a host").to_owned(), server.port().expect("a port"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (Ok(mut client), Ok(mut server)) = (client, TcpStream::connect(&target)) else { return };
            let (mut requests, mut responses) =
                (client.try_clone().expect("a copy"), server.try_clone().expect("a copy"));
            std::thread::spawn(move || std::io::copy(&mut responses, &mut client));
            std::thread::spawn(move || {
                let mut buffer = vec![0; 64 * 1024];
                while let Ok(length @ 1..) = requests.read(&mut buffer) {
                    let mut sent = buffer[..length].to_vec();
                    for (name, unknown) in [(&b"LISTEN "[..], &b"LISTEM "[..]), (b"pg_notify(", b"pg_nothin(")] {
                        while let Some(at) = sent.windows(name.len()).position(|part| part == name) {
                            sent[at..at + name.len()].copy_from_slice(unknown);
                        }
                    }
                    if server.write_all(&sent).is_err() {
                        return;
                    }
                }
                let _ = server.shutdown(Shutdown::Both);
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn engine_without_notifications_is_used_without_caches() {
    let Some(db) = TestDatabase::postgres().await else { return };
    let mut url = url::Url::parse(&db.location()).expect("a URL");
    url.set_port(Some(without_notifications(&url))).expect("a URL with a port");
    let database =
        Database::open(DatabaseOptions::new(DatabaseUrl::Postgres(url.to_string()))).await.expect("a database");
    database.write_and_invalidate(put("a")).await.expect("a change without a notification");
    assert!(database.read(|c: &mut Connection| exists(c, "a")).await.expect("a read"));
    for _ in 0..3 {
        assert_ne!(database.change_counter(), database.change_counter(), "nothing may be cached");
    }
    // The process lock does not depend on notifications.
    db.database.close().await;
    let exclusive = Database::open(DatabaseOptions { exclusive: true, ..db.options.clone() }).await;
    assert!(
        matches!(&exclusive, Err(DbError::Unavailable(reason)) if reason.contains("another process")),
        "{exclusive:?}"
    );
    database.close().await;
}

#[derive(Debug, PartialEq, Eq, diesel::QueryableByName)]
struct Settings {
    #[diesel(sql_type = Text)]
    statement_timeout: String,
    #[diesel(sql_type = Text)]
    idle_timeout: String,
    #[diesel(sql_type = Text)]
    messages: String,
}

/// Returns the settings that the server uses in the current transaction.
fn settings(conn: &mut Connection) -> Result<Settings, DbError> {
    let query = sql_query(
        "SELECT current_setting('statement_timeout') AS statement_timeout, \
         current_setting('idle_in_transaction_session_timeout') AS idle_timeout, \
         current_setting('client_min_messages') AS messages",
    );
    Ok(on_engine!(conn, c, _Db => query.get_result(c))?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timeouts_apply_and_the_sessions_of_a_pooler_keep_no_settings() {
    let Some(db) = TestDatabase::postgres().await else { return };
    for (has_pooler, messages) in [(false, "warning"), (true, "notice")] {
        let database = db
            .another_with(|options| {
                options.statement_timeout = Duration::from_secs(77);
                options.listen_url = has_pooler.then(|| options.url.clone());
            })
            .await;
        let expected = || Settings {
            statement_timeout: "77s".to_owned(),
            idle_timeout: "77s".to_owned(),
            messages: messages.to_owned(),
        };
        assert_eq!(database.read(settings).await, Ok(expected()));
        assert_eq!(database.write(settings).await, Ok(expected()));
        database.close().await;
    }
}
