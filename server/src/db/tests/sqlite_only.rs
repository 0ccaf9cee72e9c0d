use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use diesel::result::DatabaseErrorKind;
use doorward_testkit::until;

use super::{exists, harness::TestDatabase, put};
use crate::db::{Connection, DatabaseUrl, DbError, sqlite};

#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    let db = TestDatabase::sqlite().await;
    db.database.write_and_invalidate(put("a")).await.expect("a change");
    let mode = |suffix: &str| {
        let file = format!("{}{suffix}", db.location());
        fs::metadata(&file).expect(&file).permissions().mode() & 0o777
    };
    for suffix in ["", "-wal", "-shm", ".changes", ".lock"] {
        assert_eq!(mode(suffix), 0o600, "{suffix}");
    }
    // The installation refuses a file that other users can access. Opening the file must not correct its mode.
    // Otherwise, nobody would notice that other users may have read the file.
    db.database.close().await;
    fs::set_permissions(db.location(), Permissions::from_mode(0o644)).expect("a file");
    let _again = db.another().await;
    assert_eq!(mode(""), 0o644);
    let files = fs::read_dir(PathBuf::from(db.location()).parent().expect("a folder")).expect("a folder").count();
    assert_eq!(files, 5, "no other file");
}

#[derive(diesel::QueryableByName)]
struct Autocheckpoint {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    wal_autocheckpoint: i64,
}

#[tokio::test]
async fn every_connection_has_durable_settings() {
    let db = TestDatabase::sqlite().await;
    let check = |c: &mut Connection| {
        use diesel::{
            RunQueryDsl,
            dsl::sql,
            sql_types::{BigInt, Text},
        };
        let Connection::Sqlite(c) = c else { return Err(DbError::Database("not SQLite".to_owned())) };
        let mut number = |pragma: &str| {
            diesel::select(sql::<BigInt>(&format!("(SELECT * FROM pragma_{pragma})"))).get_result::<i64>(c)
        };
        let numbers = [number("synchronous")?, number("foreign_keys")?];
        let mode: String = diesel::select(sql::<Text>("(SELECT * FROM pragma_journal_mode)")).get_result(c)?;
        let row: Autocheckpoint = diesel::sql_query("PRAGMA wal_autocheckpoint").get_result(c)?;
        Ok::<_, DbError>((numbers, mode, row.wal_autocheckpoint))
    };
    for found in [db.database.read(check).await, db.database.write(check).await] {
        assert_eq!(found, Ok(([2, 1], "wal".to_owned(), 0)));
    }
}

#[test]
fn urls_are_parsed_and_hide_the_password() {
    let parse = |text: &str| text.parse::<DatabaseUrl>().expect("any text is one");
    for text in ["sqlite:///var/lib/doorward.db", "sqlite:/var/lib/doorward.db", "/var/lib/doorward.db"] {
        assert_eq!(parse(text), DatabaseUrl::Sqlite(PathBuf::from("/var/lib/doorward.db")));
    }
    assert_eq!(parse("data/doorward.db"), DatabaseUrl::Sqlite(PathBuf::from("data/doorward.db")));
    for text in ["postgres://me:s3cr@t@db.example/doorward", "postgresql://db.example/doorward?password=s3cr@t#x"] {
        let url = parse(text);
        assert_eq!(url, DatabaseUrl::Postgres(text.to_owned()));
        assert_eq!(url.to_string(), "postgres://db.example/doorward");
        assert!(!format!("{url:?}").contains("s3cr"));
    }
}

fn connection(db: &TestDatabase) -> Connection {
    let path = PathBuf::from(db.location());
    Connection::Sqlite(sqlite::connect(&path, Duration::from_secs(5)).expect("a connection"))
}

/// Number of units that keep a process busy. Each unit takes two milliseconds, and 64 units share a commit.
const BUSY_UNITS: usize = 512;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn process_gets_the_write_lock_while_another_one_is_busy() {
    let db = TestDatabase::sqlite().await;
    let other = db.another().await;
    let database = db.another_with(|options| options.wait = Duration::from_secs(60)).await;
    let done = Arc::new(AtomicUsize::new(0));
    let (began, mut begins) = tokio::sync::mpsc::unbounded_channel();
    // All units are queued, so each transaction begins directly after the commit of the previous one.
    let busy = futures_util::future::join_all((0..BUSY_UNITS).map(|_| {
        let (done, began) = (Arc::clone(&done), began.clone());
        database.write(move |_: &mut Connection| {
            let _ = began.send(());
            let start = Instant::now();
            while start.elapsed() < Duration::from_millis(2) {
                std::hint::spin_loop();
            }
            done.fetch_add(1, Ordering::SeqCst);
            Ok::<(), DbError>(())
        })
    }));
    let counter = Arc::clone(&done);
    let writes = async move {
        let mut times = Vec::new();
        begins.recv().await.expect("the first unit");
        for number in 0..3 {
            other.write(put(number)).await.expect("the write lock");
            times.push(counter.load(Ordering::SeqCst));
        }
        times
    };
    let (busy, times) = tokio::join!(busy, writes);
    assert!(busy.iter().all(Result::is_ok));
    assert!(times.iter().all(|done| *done < BUSY_UNITS), "{times:?}");
}

#[tokio::test]
async fn opening_does_not_need_the_write_lock() {
    let db = TestDatabase::sqlite().await;
    let mut foreign = connection(&db);
    foreign.run("BEGIN IMMEDIATE").expect("the write lock");
    let other = db.another_with(|options| options.busy_timeout = Duration::ZERO).await;
    assert_eq!(other.read(|c: &mut Connection| exists(c, "a")).await, Ok(false));
    assert!(matches!(other.write(put("a")).await, Err(DbError::Unavailable(_))));
}

#[tokio::test]
async fn links_lead_to_the_same_files() {
    let db = TestDatabase::sqlite().await;
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("link.db");
    symlink(db.location(), &link).expect("a link");
    let other = db.another_with(|options| options.url = DatabaseUrl::Sqlite(link)).await;
    let before = other.change_counter();
    db.database.write_and_invalidate(put("a")).await.expect("a change");
    assert_ne!(other.change_counter(), before);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "no file beside the link");
}

#[tokio::test]
async fn units_fail_as_unavailable_when_another_unit_has_ended_their_transaction() {
    let db = TestDatabase::sqlite().await;
    let (go, wait) = mpsc::channel::<()>();
    let database = &db.database;
    let (first, ending, next, ()) = tokio::join!(
        database.write(move |c: &mut Connection| {
            let _ = wait.recv();
            put("first")(c)
        }),
        // After an I/O error, SQLite may roll back the whole transaction.
        database.write(|c: &mut Connection| {
            c.run("ROLLBACK")?;
            Err::<(), _>(DbError::Unavailable("disk I/O error".to_owned()))
        }),
        database.write(put("next")),
        async move { go.send(()).expect("the first unit waits") },
    );
    assert!(matches!(first, Err(DbError::Unavailable(_))), "{first:?}");
    assert!(matches!(ending, Err(DbError::Unavailable(_))), "{ending:?}");
    assert!(next.is_ok(), "the next transaction: {next:?}");
}

#[tokio::test]
async fn ignored_error_that_may_have_ended_the_transaction_is_detected() {
    let db = TestDatabase::sqlite().await;
    let (go, wait) = mpsc::channel::<()>();
    let database = &db.database;
    let first = database.write(move |c: &mut Connection| {
        let _ = wait.recv();
        put("first")(c)
    });
    // Simulates that SQLite reports a full disk and rolls back the transaction, and that the unit ignores this error.
    let ignoring = database.write(|c: &mut Connection| {
        let _ = c.run("ROLLBACK");
        let _ = DbError::from(diesel::result::Error::DatabaseError(
            DatabaseErrorKind::Unknown,
            Box::new("database or disk is full".to_owned()),
        ));
        Ok::<(), DbError>(())
    });
    let next = database.write(|c: &mut Connection| put("next")(c));
    let unblock = async move { go.send(()).expect("the first unit waits") };
    let (first, ignoring, next, ()) = tokio::join!(first, ignoring, next, unblock);
    assert!(matches!(first, Err(DbError::Unavailable(_))), "{first:?}");
    assert!(matches!(ignoring, Err(DbError::Unavailable(_))), "{ignoring:?}");
    // The unit `next` runs after the transaction of the first unit has ended.
    assert!(next.is_ok(), "{next:?}");
    assert!(!db.read(|c| exists(c, "first")).await && db.read(|c| exists(c, "next")).await);
}

#[tokio::test]
async fn large_write_ahead_log_is_reported_and_truncated_later() {
    let db = TestDatabase::sqlite().await;
    let limited = db.another_with(|options| options.wal_limit = 160 << 20).await;
    assert_eq!(limited.check_space(), Ok(()));
    // While this reader is open, SQLite cannot truncate the write-ahead log.
    let mut reader = connection(&db);
    reader.run("BEGIN; SELECT 1 FROM installation").expect("a read");
    let big = |name: usize| {
        move |c: &mut Connection| c.run(&format!("INSERT INTO installation VALUES ('{name}', hex(zeroblob(2097152)))"))
    };
    for number in 0..44 {
        db.database.write(big(number)).await.expect("a write");
    }
    until("the size is reported", async || limited.check_space().is_err()).await;
    assert!(limited.wal_bytes() > Some(160 << 20));
    reader.run("COMMIT").expect("an end");
    let wal = format!("{}-wal", db.location());
    let start = Instant::now();
    while fs::metadata(&wal).expect("the file").len() > 160 << 20 {
        assert!(start.elapsed() < Duration::from_secs(30), "the file was not truncated");
        limited.write(put(format!("{:?}", start.elapsed()))).await.expect("a write");
    }
    until("the database is usable again", async || limited.check_space().is_ok()).await;
}
