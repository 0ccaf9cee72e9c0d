//! Scheduled backups: one file per interval is written to a folder, and only the newest files are kept.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicI64, Ordering::Relaxed},
    time::Duration,
};

use doorward_shared::Timestamp;

use super::{
    copy::create,
    manifest::{Manifest, failed, path_of, remove_if_present},
};
use crate::db::DbError;

const PREFIX: &str = "doorward-";
const SUFFIX: &str = ".db";
const PARTIAL: &str = ".partial";
/// File that is locked while a process examines or changes the folder.
const LOCK_FILE: &str = "backup.lock";
/// Time after which a failed backup is tried again. If the interval between backups is shorter, the interval applies.
const RETRY_AFTER: Duration = Duration::from_secs(900);

/// Settings of scheduled backups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub database: PathBuf,
    /// Folder of the backups.
    pub folder: PathBuf,
    pub every: Duration,
    /// Number of backups to keep.
    pub keep: usize,
}

/// Writes backups on a schedule. Several processes may share one folder, but only one of them uses it at a time.
#[derive(Debug)]
pub struct Scheduled {
    plan: Plan,
    /// Earliest time of another attempt after a failed backup, as a Unix time in milliseconds; `i64::MIN` after a
    /// success.
    not_before: AtomicI64,
}

impl Scheduled {
    pub const fn new(plan: Plan) -> Self {
        Self { plan, not_before: AtomicI64::new(i64::MIN) }
    }

    pub const fn every(&self) -> Duration {
        self.plan.every
    }

    /// Returns the interval at which [`Self::run`] must be called.
    pub fn check_interval(&self) -> Duration {
        (self.plan.every / 10).clamp(Duration::from_secs(1), Duration::from_secs(60))
    }

    /// Returns the time of the newest backup. A backup is ignored if its manifest is missing or unreadable, or if its
    /// time is in the future because a clock was wrong.
    ///
    /// # Errors
    /// [`DbError`] if the folder cannot be read.
    pub fn newest(&self, now: Timestamp) -> Result<Option<Timestamp>, DbError> {
        let backups = list(&self.plan.folder).map_err(|error| failed(&self.plan.folder, &error))?;
        let time_of = |path: &PathBuf| Some(Manifest::read(path).ok()??.created_at).filter(|at| *at <= now);
        Ok(backups.iter().rev().find_map(time_of))
    }

    /// Writes a backup if the newest one is older than the interval, then deletes surplus old backups. Returns the path
    /// of the new backup; `None` if no backup is due, or if another process uses the folder.
    ///
    /// # Errors
    /// [`DbError`] if a file cannot be read, written or deleted. After an error, a backup is due again in 15 minutes,
    /// or after the interval if that is shorter.
    pub async fn run(&self, now: Timestamp) -> Result<Option<PathBuf>, DbError> {
        let folder = &self.plan.folder;
        let lock = lock(folder).map_err(|error| failed(folder, &error))?;
        let retry = millis(self.plan.every.min(RETRY_AFTER));
        // A remaining pause that is longer than `retry` is ignored, because it means that the clock was changed.
        let must_wait = (1..=retry).contains(&self.not_before.load(Relaxed).saturating_sub(now.millis()));
        if lock.is_none() || must_wait || !self.is_due(self.newest(now)?, now) {
            return Ok(None);
        }
        self.not_before.store(now.millis().saturating_add(retry), Relaxed);
        let path = self.write(now).await?;
        self.not_before.store(i64::MIN, Relaxed);
        Ok(Some(path))
    }

    fn is_due(&self, newest: Option<Timestamp>, now: Timestamp) -> bool {
        newest.is_none_or(|newest| now.millis().saturating_sub(newest.millis()) >= millis(self.plan.every))
    }

    async fn write(&self, now: Timestamp) -> Result<PathBuf, DbError> {
        let folder = &self.plan.folder;
        remove_partial(folder).map_err(|error| failed(folder, &error))?;
        let path = folder.join(file_name(now));
        create(self.plan.database.clone(), path.clone(), now).await?;
        self.remove_oldest(&path).map_err(|error| failed(folder, &error))?;
        Ok(path)
    }

    /// Deletes the oldest backups until [`Plan::keep`] remain. A backup whose name states a later time than `newest`
    /// was written while a clock was wrong. Such backups are neither counted nor deleted.
    fn remove_oldest(&self, newest: &Path) -> io::Result<()> {
        let mut backups = list(&self.plan.folder)?;
        for folder in named_like_backups(&self.plan.folder)?.into_iter().filter(|path| path.is_dir()) {
            tracing::warn!(folder = %folder.display(), "a folder is named like a backup; it is ignored");
        }
        backups.retain(|path| path.as_path() <= newest);
        let surplus = backups.len().saturating_sub(self.plan.keep);
        for path in backups.iter().take(surplus) {
            fs::remove_file(path)?;
            remove_if_present(&path_of(path))?;
        }
        Ok(())
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Returns a name such as `doorward-20261128T031500.000Z.db`. The alphabetical order of these names is chronological.
fn file_name(now: Timestamp) -> String {
    let time: String = now.to_string().chars().filter(|symbol| !matches!(symbol, '-' | ':')).collect();
    format!("{PREFIX}{time}{SUFFIX}")
}

fn is_backup(name: &str) -> bool {
    name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX)).is_some_and(|time| {
        time.len() >= 16
            && time.ends_with('Z')
            && time.chars().all(|c| c.is_ascii_digit() || matches!(c, 'T' | 'Z' | '.'))
    })
}

/// Creates the folder, and locks it until the returned file is closed; `None` if another process holds the lock.
fn lock(folder: &Path) -> io::Result<Option<File>> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(folder.join(LOCK_FILE))?;
    Ok(file.try_lock().is_ok().then_some(file))
}

/// Returns the scheduled backups, the oldest first.
fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = named_like_backups(folder)?;
    found.retain(|path| !path.is_dir());
    found.sort();
    Ok(found)
}

fn named_like_backups(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if path.file_name().and_then(|name| name.to_str()).is_some_and(is_backup) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Deletes the incomplete files of interrupted backups.
fn remove_partial(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.strip_suffix(PARTIAL).is_some_and(is_backup) && !path.is_dir() {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
