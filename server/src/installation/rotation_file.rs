//! File with the new master key, beside the current one in the data folder. It exists while a rotation is not complete.

use std::{fs, io, path::PathBuf};

use super::error::OpenError;
use crate::{
    clock::Entropy,
    crypto::{MasterKey, MasterKeyError, MasterKeySource},
    secret_file,
};

/// Returns the path; `None` if the master key is not in the data folder.
fn path(source: &MasterKeySource) -> Option<PathBuf> {
    source.in_data_folder().map(|path| path.with_added_extension("new"))
}

/// Returns the new key of an interrupted rotation, if there is one.
pub(super) fn load(source: &MasterKeySource) -> Option<MasterKey> {
    MasterKey::load(&path(source)?).ok()
}

/// Returns the new key. Creates the file, unless an interrupted rotation has created it.
pub(super) fn load_or_create(source: &MasterKeySource, entropy: &dyn Entropy) -> Result<MasterKey, OpenError> {
    let path = path(source).ok_or_else(|| OpenError::NewKeyNeeded(source.origin().clone()))?;
    Ok(MasterKey::load_or_create(&path, entropy)?)
}

/// Replaces the current key with the new one.
pub(super) fn make_current(source: &MasterKeySource) -> Result<(), OpenError> {
    let (Some(from), Some(to)) = (path(source), source.in_data_folder()) else { return Ok(()) };
    let replaced = match fs::rename(&from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => secret_file::sync_folder(to),
    };
    replaced.map_err(|source| MasterKeyError::Io { path: to.to_path_buf(), source }.into())
}
