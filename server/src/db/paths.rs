//! Names of the files beside a SQLite database.

use std::path::{Path, PathBuf};

/// Appends a suffix to the file name, such as `.lock`.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
