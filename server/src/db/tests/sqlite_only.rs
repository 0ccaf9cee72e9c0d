use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
};

use super::{harness::TestDatabase, put};
use crate::db::{Connection, DatabaseUrl, DbError};

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
    // The installation refuses such a file. Changing its mode would hide that others could have read it.
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
