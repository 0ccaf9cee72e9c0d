//! Detects the SQLite files of other programs before anything in them is changed.

use std::path::Path;

use diesel::{
    RunQueryDsl, SqliteConnection, connection::SimpleConnection, dsl::sql, migration::MigrationSource, sql_types::Bool,
    sqlite::Sqlite,
};

use super::{
    super::{error::DbError, migrations},
    connect::{establish, unavailable},
    file_id,
};

/// SQL condition: the file contains a table other than the one that diesel creates for migrations.
const HAS_TABLES: &str = "EXISTS (SELECT 1 FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
                          AND name NOT LIKE '\\_\\_diesel%' ESCAPE '\\')";
const HAS_MIGRATIONS: &str = "EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '__diesel_schema_migrations')";

/// Opens an existing file for reading. Does not turn on the write-ahead log and does not create a lock file.
///
/// # Errors
/// [`DbError::Foreign`] if another program created the tables in the file; other errors if the file is not a database
/// or does not belong to the write-ahead log beside it.
pub(in crate::db) fn open_unchanged(path: &Path) -> Result<SqliteConnection, DbError> {
    file_id::check(path)?;
    let mut conn = establish(path)?;
    let foreign = is_foreign(&mut conn).map_err(|error| match error {
        DbError::Database(reason) => DbError::Database(format!("{}: {reason}", path.display())),
        DbError::Unavailable(reason) => unavailable(path, &reason),
        other => other,
    })?;
    if foreign { Err(DbError::Foreign(path.to_path_buf())) } else { Ok(conn) }
}

/// Refuses the file of another program; see [`open_unchanged`].
pub(crate) fn check(path: &Path) -> Result<(), DbError> {
    open_unchanged(path).map(drop)
}

fn is_foreign(conn: &mut SqliteConnection) -> Result<bool, DbError> {
    conn.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA query_only = ON; PRAGMA trusted_schema = OFF")?;
    let mut holds = |condition: &str| diesel::select(sql::<Bool>(condition)).get_result::<bool>(conn);
    Ok(holds(HAS_TABLES)? && !(holds(HAS_MIGRATIONS)? && holds(&has_known_migration()?)?))
}

/// Returns the condition that the file contains one of Doorward's migrations.
fn has_known_migration() -> Result<String, DbError> {
    let known = MigrationSource::<Sqlite>::migrations(&migrations::SQLITE);
    let known = known.map_err(|error| DbError::Database(format!("migration: {error}")))?;
    let versions: Vec<String> = known.iter().map(|migration| format!("'{}'", migration.name().version())).collect();
    Ok(format!("EXISTS (SELECT 1 FROM __diesel_schema_migrations WHERE version IN ({}))", versions.join(", ")))
}
