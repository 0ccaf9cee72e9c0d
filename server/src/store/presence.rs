//! Who is at work on a database. Whatever opens it is present, together with others; moving it to another engine needs it
//! alone. The locks end with their process, however it ends.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::error::StoreError;

/// The key of the lock on a server: "present" in ASCII.
pub(super) const LOCK: i64 = 0x70_7265_7365_6e74;

/// A place among those at work on a file. Left with the value.
#[derive(Debug)]
pub(super) struct Presence(#[expect(dead_code, reason = "held, not used")] File);

impl Presence {
    /// Present together with others.
    pub(super) fn shared(database: &Path) -> Result<Self, StoreError> {
        let file = open(database)?;
        file.try_lock_shared().map_err(|_| being_moved())?;
        Ok(Self(file))
    }

    /// Alone; `None` while others are present.
    pub(super) fn alone(database: &Path) -> Result<Option<Self>, StoreError> {
        let file = open(database)?;
        Ok(file.try_lock().is_ok().then_some(Self(file)))
    }
}

/// What whoever comes while the installation is being moved is told.
pub(super) fn being_moved() -> StoreError {
    StoreError::Unavailable("`doorward migrate-storage` is moving it".to_owned())
}

/// `<database>.lock` beside the database.
fn open(database: &Path) -> Result<File, StoreError> {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    let path = PathBuf::from(name);
    let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
    opened.map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))
}
