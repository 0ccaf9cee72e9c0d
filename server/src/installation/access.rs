//! Checks that other users of the machine cannot access the files of an installation.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use super::{error::OpenError, files::ADMIN_TOKEN_FILE, location::MASTER_KEY_FILE};
use crate::db::DatabaseUrl;

/// Permissions of other users (the last digit of a mode).
const OTHERS: u32 = 0o007;
const OTHERS_READ: u32 = 0o004;
const OTHERS_WRITE: u32 = 0o002;
/// The sticky bit of a folder. It prevents users from renaming or deleting files of other users.
const STICKY: u32 = 0o1000;

/// Checks the modes of the data folder, the folder of a SQLite database, and the secret files in these folders. Missing
/// files are skipped. Returns a warning for each folder whose files other users can list.
pub(super) fn check(data_dir: &Path, database: &DatabaseUrl) -> Result<Vec<String>, OpenError> {
    let mut files = vec![data_dir.join(MASTER_KEY_FILE), data_dir.join(ADMIN_TOKEN_FILE)];
    let mut folders = vec![data_dir.to_path_buf()];
    if let DatabaseUrl::Sqlite(path) = database {
        let with_suffix = |suffix: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        files.extend(["", "-wal", "-shm"].map(with_suffix));
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        folders.push(folder.to_path_buf());
    }
    for path in files {
        if let Some(mode) = mode(&path)?.filter(|mode| mode & OTHERS != 0) {
            let (mode, fix) = (mode & 0o777, if path.is_dir() { 0o700 } else { 0o600 });
            return Err(OpenError::OpenFile { path, mode, fix });
        }
    }
    folders.dedup();
    let mut warnings = Vec::new();
    for path in folders {
        let Some(mode) = mode(&path)? else { continue };
        if mode & OTHERS_WRITE != 0 && mode & STICKY == 0 {
            return Err(OpenError::OpenFolder { path, mode: mode & 0o777 });
        }
        if mode & OTHERS_READ != 0 {
            let (path, mode) = (path.display(), mode & 0o777);
            warnings.push(format!("other users can list the files in {path} (mode {mode:03o}); run: chmod 700 {path}"));
        }
    }
    Ok(warnings)
}

fn mode(path: &Path) -> Result<Option<u32>, OpenError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.permissions().mode())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(OpenError::File { path: path.to_path_buf(), error }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn files_that_others_can_access_are_rejected_with_the_fix() {
        for name in ["doorward.db", "doorward.db-wal", "master.key", "admin.token"] {
            let folder = tempfile::tempdir().unwrap();
            set_mode(folder.path(), 0o700);
            let (path, database) = (folder.path().join(name), folder.path().join("doorward.db"));
            let check = || super::check(folder.path(), &DatabaseUrl::Sqlite(database.clone()));
            fs::write(&path, "").unwrap();
            for mode in [0o600, 0o660] {
                set_mode(&path, mode);
                assert!(check().unwrap().is_empty(), "{name} {mode:o}");
            }
            for mode in [0o604, 0o602, 0o601, 0o666] {
                set_mode(&path, mode);
                let error = check().unwrap_err().to_string();
                assert!(error.contains(&format!("chmod 600 {}", path.display())), "{error}");
            }
        }
    }

    #[test]
    fn folder_that_others_can_list_is_reported_once_and_writable_one_is_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let check = || super::check(folder.path(), &DatabaseUrl::Sqlite(folder.path().join("doorward.db")));
        for (mode, warnings) in [(0o700, 0), (0o750, 0), (0o711, 0), (0o755, 1), (0o1777, 1)] {
            set_mode(folder.path(), mode);
            assert_eq!(check().unwrap().len(), warnings, "{mode:o}");
        }
        for mode in [0o777, 0o703] {
            set_mode(folder.path(), mode);
            let error = check().unwrap_err().to_string();
            assert!(error.contains(&format!("chmod 700 {}", folder.path().display())), "{error}");
        }
    }
}
