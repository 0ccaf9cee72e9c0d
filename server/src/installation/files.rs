//! Files of the data folder.

use std::{
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use super::error::OpenError;

pub const MASTER_KEY_FILE: &str = "master.key";
/// File name of the admin token that is created with the installation.
pub const ADMIN_TOKEN_FILE: &str = "admin.token";

/// Paths in the data folder.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) master_key: PathBuf,
    pub(super) admin_token: PathBuf,
    /// Temporary file of the first admin token. It exists while an installation is being created.
    pub(super) unfinished_token: PathBuf,
}

impl Files {
    pub(super) fn new(data_dir: &Path) -> Self {
        Self {
            master_key: data_dir.join(MASTER_KEY_FILE),
            admin_token: data_dir.join(ADMIN_TOKEN_FILE),
            unfinished_token: data_dir.join("admin.token.new"),
        }
    }

    /// Returns a file of a complete installation, if there is one.
    pub(super) fn of_installation(&self) -> Option<&Path> {
        if self.unfinished_token.exists() {
            return None;
        }
        [&self.admin_token, &self.master_key].into_iter().find(|path| path.exists()).map(PathBuf::as_path)
    }
}

/// Creates the folder with mode 0700 if it is missing.
pub fn prepare_folder(path: &Path) -> Result<(), OpenError> {
    let created = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    created.map_err(|error| OpenError::File { path: path.to_path_buf(), error })
}
