//! Location of the files of an installation.

use std::path::{Path, PathBuf};

use crate::{crypto::MasterKeySource, domain::master_key_origin::MasterKeyOrigin};

pub const MASTER_KEY_FILE: &str = "master.key";

#[derive(Debug, Clone)]
pub struct Location {
    pub data_dir: PathBuf,
    pub master_key: MasterKeySource,
}

impl Location {
    /// Returns the location with the master key in the data folder, which is the default.
    pub fn in_folder(data_dir: &Path) -> Self {
        let origin = MasterKeyOrigin::DataFolder(data_dir.join(MASTER_KEY_FILE));
        Self { data_dir: data_dir.to_path_buf(), master_key: MasterKeySource::new(origin) }
    }
}
