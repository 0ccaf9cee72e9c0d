//! Detects a write-ahead log (WAL) that does not belong to the database file, such as an old WAL beside a restored
//! file. SQLite would apply such a WAL and damage the database.
//!
//! The header of each database file contains a random id (`PRAGMA application_id`). Backups and restored files get a
//! new id. The lock file contains the id of the database file to which the WAL belongs.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{FileExt as _, MetadataExt as _},
    path::Path,
    sync::{Mutex, PoisonError},
};

use diesel::{RunQueryDsl, SqliteConnection, connection::SimpleConnection, dsl::sql, sql_types::BigInt};

use super::super::{error::DbError, paths::with_suffix, process_lock};

/// Offset of the id in the database file, in bytes; see <https://www.sqlite.org/fileformat.html>.
const POSITION: u64 = 68;

/// Database files that were read. They are never closed: closing any descriptor of a file would release all POSIX locks
/// that this process holds on the file, including SQLite's locks.
static OPENED: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// Returns an error if there is a WAL, and the id of the database file differs from the id that was recorded for the
/// WAL.
pub(crate) fn check(database: &Path) -> Result<(), DbError> {
    let wal = with_suffix(database, "-wal");
    if fs::metadata(&wal).map_or(0, |meta| meta.len()) == 0 {
        return Ok(());
    }
    let Some(recorded) = recorded(database) else { return Ok(()) };
    match read(database) {
        // The database is new, and its id is still in the WAL.
        Ok(0) => Ok(()),
        Ok(id) if id == recorded => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            Err(DbError::Unavailable(format!("{}: {error}", database.display())))
        }
        // The database file has another id or is empty.
        _ => Err(DbError::Database(format!(
            "{} does not belong to {}: the database file was replaced without its write-ahead log. To use the present \
             database file, move the files ending in -wal and -shm away; to restore a backup, use `doorward restore`. \
             If you moved both files here together, delete {}",
            wal.display(),
            database.display(),
            with_suffix(database, process_lock::SUFFIX).display(),
        ))),
    }
}

/// Records the id of the open database in the lock file. Creates the id first if the database has none.
pub(super) fn record(database: &Path, conn: &mut SqliteConnection) -> Result<(), DbError> {
    let mut id = current(conn)?;
    if id == 0 {
        id = conn.immediate_transaction(|conn| match current(conn)? {
            0 => assign(conn),
            id => Ok(id),
        })?;
    }
    if recorded(database) == Some(id) {
        return Ok(());
    }
    // The record must be durable before the first commit. Otherwise a valid WAL could be refused after a power failure.
    let written = fs::write(with_suffix(database, process_lock::SUFFIX), format!("{id}\n"))
        .and_then(|()| File::open(with_suffix(database, process_lock::SUFFIX))?.sync_all());
    written.map_err(|error| DbError::Unavailable(format!("{}: {error}", database.display())))
}

/// Gives the database a new random id.
pub(super) fn assign(conn: &mut SqliteConnection) -> Result<i64, DbError> {
    let id: i64 = diesel::select(sql::<BigInt>("abs(random() % 2147483647) + 1")).get_result(conn)?;
    conn.batch_execute(&format!("PRAGMA application_id = {id}"))?;
    Ok(id)
}

fn current(conn: &mut SqliteConnection) -> Result<i64, DbError> {
    Ok(diesel::select(sql::<BigInt>("(SELECT application_id FROM pragma_application_id)")).get_result(conn)?)
}

fn recorded(database: &Path) -> Option<i64> {
    fs::read_to_string(with_suffix(database, process_lock::SUFFIX)).ok()?.trim().parse().ok()
}

/// Reads the id from the database file, without the WAL.
fn read(database: &Path) -> io::Result<i64> {
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    let path = fs::metadata(database)?;
    let is_same = |file: &&File| file.metadata().is_ok_and(|it| (it.dev(), it.ino()) == (path.dev(), path.ino()));
    if !opened.iter().any(|file| is_same(&file)) {
        opened.push(File::open(database)?);
    }
    let file = opened.iter().find(is_same).ok_or(io::ErrorKind::NotFound)?;
    let mut bytes = [0; 4];
    file.read_exact_at(&mut bytes, POSITION)?;
    Ok(i64::from(u32::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_reads_use_one_descriptor() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap().join("test.db");
        fs::write(&path, [1; 100]).unwrap();
        for _ in 0..3 {
            assert_eq!(read(&path).unwrap(), 0x0101_0101);
        }
        let descriptors = fs::read_dir("/proc/self/fd").unwrap().filter_map(Result::ok);
        let open = descriptors.filter(|entry| fs::read_link(entry.path()).is_ok_and(|target| target == path));
        assert_eq!(open.count(), 1);
    }
}
