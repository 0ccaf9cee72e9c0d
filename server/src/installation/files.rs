//! Files of the data folder.

use std::{
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use super::{error::OpenError, location::Location};
use crate::crypto::MasterKeySource;

/// File name of the admin token that is created with the installation.
pub const ADMIN_TOKEN_FILE: &str = "admin.token";

/// The source of the master key, and paths in the data folder.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) master_key: MasterKeySource,
    pub(super) admin_token: PathBuf,
    /// Temporary file of the first admin token. It exists while an installation is being created.
    pub(super) unfinished_token: PathBuf,
}

impl Files {
    pub(super) fn new(location: &Location) -> Self {
        let data_dir = &location.data_dir;
        Self {
            master_key: location.master_key.clone(),
            admin_token: data_dir.join(ADMIN_TOKEN_FILE),
            unfinished_token: data_dir.join("admin.token.new"),
        }
    }

    /// Returns a file that only a complete installation has; `None` if there is no such file.
    pub(super) fn of_installation(&self) -> Option<&Path> {
        if self.unfinished_token.exists() {
            return None;
        }
        let token = Some(self.admin_token.as_path());
        [token, self.master_key.in_data_folder()].into_iter().flatten().find(|path| path.exists())
    }
}

/// Creates the folder with mode 0700 if it is missing.
pub fn prepare_folder(path: &Path) -> Result<(), OpenError> {
    let created = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    created.map_err(|error| OpenError::File { path: path.to_path_buf(), error })
}
