//! Copies a database to a backup file, and a backup file to the path of a database.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use diesel::{
    QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    dsl::sql,
    sql_query,
    sql_types::{BigInt, Text},
};

use super::{
    super::{
        connection::Connection,
        error::DbError,
        paths,
        process_lock::{self, ProcessLock},
    },
    connect::{connect, create_folder, establish, unavailable},
    file_id, owner, space,
};

/// Writes a consistent copy of the database to a new file. Returns the file's size in bytes. `finish` gets the path of
/// the complete copy before the copy gets its final name.
///
/// The copy is read from one snapshot, so commits of other processes neither change nor restart the copy. Until the
/// copy is complete, the write-ahead log cannot be emptied.
pub(in crate::db) fn backup<E: From<DbError>>(
    database: &Path,
    to: &Path,
    busy_timeout: Duration,
    finish: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<u64, E> {
    let partial = copy_snapshot(database, to, busy_timeout)?;
    finish(&partial.path)?;
    Ok(partial.finish(to)?)
}

fn copy_snapshot(database: &Path, to: &Path, busy_timeout: Duration) -> Result<Partial, DbError> {
    if !database.exists() {
        return Err(unavailable(database, &"there is no database"));
    }
    refuse_existing(to)?;
    owner::check(database)?;
    let _lock = ProcessLock::shared(database)?;
    file_id::check(database)?;
    let mut conn = connect(database, busy_timeout)?;
    space::check_for_backup(to, size(&mut conn)?)?;
    let partial = Partial::create(to)?;
    conn.batch_execute("PRAGMA temp_store = FILE")?;
    sql_query("VACUUM INTO ?").bind::<Text, _>(partial.name()?).execute(&mut conn)?;
    drop(conn);
    file_id::assign(&mut check_integrity(open_file(&partial.path)?)?)?;
    Ok(partial)
}

/// Returns the size of a database in bytes, including its free pages.
fn size(conn: &mut SqliteConnection) -> Result<u64, DbError> {
    let product = "(SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size())";
    let bytes: i64 = diesel::select(sql::<BigInt>(product)).get_result(conn)?;
    Ok(u64::try_from(bytes).unwrap_or(0))
}

/// Opens a backup without changing it, and checks its integrity.
pub(in crate::db) fn open_backup(path: &Path) -> Result<SqliteConnection, DbError> {
    if !path.is_file() {
        return Err(unavailable(path, &"there is no such file"));
    }
    open_immutable(path)
        .and_then(check_integrity)
        .map_err(|error| unavailable(path, &format!("the file is not a usable backup: {error}")))
}

/// Opens a file that no process changes. This also works in a folder without write permission.
fn open_immutable(path: &Path) -> Result<SqliteConnection, DbError> {
    let name = path.to_str().ok_or_else(|| unavailable(path, &"the path is not UTF-8"))?;
    let name = name.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let mut conn = establish(Path::new(&format!("file:{name}?mode=ro&immutable=1")))?;
    conn.batch_execute("PRAGMA trusted_schema = OFF")?;
    Ok(conn)
}

/// Copies a backup to the path of a database. No database may exist at this path. `accept` gets the copy and can reject
/// it. Returns the size of the copy in bytes.
pub(in crate::db) fn restore<E: From<DbError>>(
    from: &Path,
    database: &Path,
    accept: impl FnOnce(&mut Connection) -> Result<(), E>,
) -> Result<u64, E> {
    let mut created = Created::folder_of(database)?;
    created.lock = Some(ProcessLock::exclusive(database)?);
    let size = restore_locked(from, database, accept)?;
    created.paths.clear();
    Ok(size)
}

fn restore_locked<E: From<DbError>>(
    from: &Path,
    database: &Path,
    accept: impl FnOnce(&mut Connection) -> Result<(), E>,
) -> Result<u64, E> {
    for suffix in ["", "-wal", "-shm"] {
        refuse_existing(&paths::with_suffix(database, suffix))?;
    }
    let wal = paths::with_suffix(from, "-wal");
    if fs::metadata(&wal).is_ok_and(|meta| meta.len() > 0) {
        let problem =
            "this is the file of a database and not a backup: its newest changes are in the file that ends in -wal";
        return Err(unavailable(from, &problem).into());
    }
    let partial = Partial::create(database)?;
    copy(from, &partial.path).map_err(|error| unavailable(from, &error))?;
    let conn = open_file(&partial.path)
        .and_then(check_integrity)
        .map_err(|error| unavailable(from, &format!("the file is not a usable backup: {error}")))?;
    accept(&mut Connection::Sqlite(conn))?;
    file_id::assign(&mut open_file(&partial.path)?)?;
    Ok(partial.finish(database)?)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    io::copy(&mut File::open(from)?, &mut OpenOptions::new().write(true).open(to)?).map(drop)
}

fn refuse_existing(path: &Path) -> Result<(), DbError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unavailable(path, &error)),
        Ok(_) => Err(unavailable(path, &"the file exists; move it away first")),
    }
}

/// Opens a database that no other process uses, without a write-ahead log.
fn open_file(path: &Path) -> Result<SqliteConnection, DbError> {
    let mut conn = establish(path)?;
    conn.batch_execute("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF")?;
    Ok(conn)
}

#[derive(QueryableByName)]
struct Check {
    #[diesel(sql_type = Text)]
    quick_check: String,
}

fn check_integrity(mut conn: SqliteConnection) -> Result<SqliteConnection, DbError> {
    let found: Check = sql_query("PRAGMA quick_check(1)").get_result(&mut conn)?;
    if found.quick_check == "ok" { Ok(conn) } else { Err(DbError::Database(found.quick_check)) }
}

/// The lock file and the folders that a restore creates. If this value is dropped before `paths` is cleared, the file
/// and the folders are deleted while the lock is still held.
struct Created {
    /// The lock file, then folders, the innermost one first.
    paths: Vec<PathBuf>,
    lock: Option<ProcessLock>,
}

impl Created {
    /// Creates the folder of a database if it is missing.
    fn folder_of(database: &Path) -> Result<Self, DbError> {
        let lock_file = paths::with_suffix(database, process_lock::SUFFIX);
        let folders = database.ancestors().skip(1).map(Path::to_path_buf);
        let missing = std::iter::once(lock_file).chain(folders).filter(|path| !path.exists());
        let created = Self { paths: missing.collect(), lock: None };
        create_folder(database)?;
        Ok(created)
    }
}

impl Drop for Created {
    fn drop(&mut self) {
        for path in &self.paths {
            // A folder that contains other files is not deleted.
            let _ = if path.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) };
        }
    }
}

/// A file that gets its final name when it is complete. If this value is dropped before that, the file is deleted.
struct Partial {
    path: PathBuf,
    complete: bool,
}

impl Partial {
    /// Creates an empty file that only its owner can read. Refuses an existing file, because another process may be
    /// writing it.
    fn create(target: &Path) -> Result<Self, DbError> {
        let path = paths::with_suffix(target, ".partial");
        let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        created.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                unavailable(&path, &"the file exists: remove it, unless another backup or restore is running")
            }
            _ => unavailable(&path, &error),
        })?;
        Ok(Self { path, complete: false })
    }

    fn name(&self) -> Result<&str, DbError> {
        self.path.to_str().ok_or_else(|| unavailable(&self.path, &"the path is not UTF-8"))
    }

    /// Syncs and renames the file. Returns its size.
    fn finish(mut self, target: &Path) -> Result<u64, DbError> {
        let finished = || {
            let file = File::open(&self.path)?;
            file.sync_all()?;
            fs::rename(&self.path, target)?;
            File::open(target.parent().unwrap_or(Path::new("/")))?.sync_all()?;
            Ok::<_, io::Error>(file.metadata()?.len())
        };
        let size = finished().map_err(|error| unavailable(target, &error))?;
        self.complete = true;
        Ok(size)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.complete {
            let _ = fs::remove_file(&self.path);
        }
    }
}
