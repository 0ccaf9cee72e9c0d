//! File with the new master key, beside the current one in the data folder. It exists while a rotation is not complete.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

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
    let path = path(source)?;
    if is_current(source, &path) { None } else { MasterKey::load(&path).ok() }
}

/// Returns whether the new key has already replaced the current one, so that only the file must be removed.
fn is_current(source: &MasterKeySource, path: &Path) -> bool {
    let read = |path: &Path| fs::read(path).ok().map(Zeroizing::new);
    let current = source.in_data_folder().and_then(read);
    current.is_some() && current == read(path)
}

/// Removes what a killed rotation has left besides the new key: temporary files, and the new key if it has already
/// replaced the current one. Call it under the exclusive process lock.
pub(super) fn remove_leftovers(source: &MasterKeySource) -> Result<(), OpenError> {
    let Some(path) = path(source) else { return Ok(()) };
    let failed = |source| MasterKeyError::Io { path: path.clone(), source };
    secret_file::remove_temporaries(&path).map_err(failed)?;
    if is_current(source, &path) {
        fs::remove_file(&path).map_err(failed)?;
    }
    Ok(())
}

/// Returns the new key. Creates the file, unless an interrupted rotation has created it.
pub(super) fn load_or_create(source: &MasterKeySource, entropy: &dyn Entropy) -> Result<MasterKey, OpenError> {
    let path = path(source).ok_or_else(|| OpenError::NewKeyNeeded(source.origin().clone()))?;
    Ok(MasterKey::load_or_create(&path, entropy)?)
}

/// Replaces the current key with the new one. If the file of the current key is a symbolic link, replaces its target.
pub(super) fn make_current(source: &MasterKeySource, entropy: &dyn Entropy) -> Result<(), OpenError> {
    let (Some(from), Some(to)) = (path(source), source.in_data_folder()) else { return Ok(()) };
    let replaced = match fs::read(&from).map(Zeroizing::new) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        // The target may be on another file system, so the file cannot be renamed.
        Ok(key) if to.is_symlink() => fs::canonicalize(to)
            .and_then(|target| secret_file::replace(&target, &key, entropy))
            .and_then(|()| fs::remove_file(&from)),
        Ok(_) => fs::rename(&from, to),
    };
    replaced
        .and_then(|()| secret_file::sync_folder(to))
        .map_err(|source| MasterKeyError::Io { path: to.to_path_buf(), source }.into())
}
