//! File with the new master key, beside the current one in the data folder. It exists while a rotation is not complete.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::error::OpenError;
use crate::{
    clock::Entropy,
    crypto::{MasterKey, MasterKeyError, MasterKeySource, is_mounted},
    secret_file,
};

/// Returns the path of the new key's file; `None` if the master key is not in the data folder.
fn path(source: &MasterKeySource) -> Option<PathBuf> {
    source.in_data_folder().map(|path| path.with_added_extension("new"))
}

/// Returns the new key of an interrupted rotation, if there is one.
pub(super) fn load(source: &MasterKeySource) -> Option<MasterKey> {
    let path = path(source)?;
    if is_current(source, &path) { None } else { MasterKey::load(&path).ok() }
}

/// Returns whether the new key has already replaced the current one. If it has, only the new key's file must still be
/// removed.
fn is_current(source: &MasterKeySource, path: &Path) -> bool {
    let read = |path: &Path| fs::read(path).ok().map(Zeroizing::new);
    let current = source.in_data_folder().and_then(read);
    current.is_some() && current == read(path)
}

/// Removes the files that a killed rotation left behind: the temporary files of the new key's file and, if `master.key`
/// is a symbolic link, those of the link's target. If the new key has already replaced the current one, also removes
/// the new key's file. Call this function under the exclusive process lock.
pub(super) fn remove_leftovers(source: &MasterKeySource) -> Result<(), OpenError> {
    let Some(path) = path(source) else { return Ok(()) };
    let failed = |source| MasterKeyError::Io { path: path.clone(), source };
    secret_file::remove_temporaries(&path).map_err(failed)?;
    if let Some(target) = link_target(source).and_then(Result::ok) {
        // The target's folder may be unreadable, but this must not prevent the completion of a rotation.
        let _ = secret_file::remove_temporaries(&target);
    }
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

/// Returns the target of the current key's file if this file is a symbolic link, otherwise `None`.
fn link_target(source: &MasterKeySource) -> Option<io::Result<PathBuf>> {
    source.in_data_folder().filter(|path| path.is_symlink()).map(fs::canonicalize)
}

/// Checks that the new key can replace the file of the current one. Call it before the first change of the database.
///
/// # Errors
/// [`OpenError::LinkTarget`] if the current file is a symbolic link whose target cannot be replaced;
/// [`OpenError::MountedKey`] if this file, or the target of the link, is a mount point.
pub(super) fn check_replaceable(source: &MasterKeySource, entropy: &dyn Entropy) -> Result<(), OpenError> {
    let Some(path) = source.in_data_folder() else { return Ok(()) };
    let file = match link_target(source) {
        None => path.to_owned(),
        Some(target) => target
            .and_then(|target| secret_file::check_replaceable(&target, entropy).map(|()| target))
            .map_err(|error| OpenError::LinkTarget { link: source.origin().clone(), error })?,
    };
    if is_mounted(&file) { Err(OpenError::MountedKey(file)) } else { Ok(()) }
}

/// Replaces the current key with the new one. If the file of the current key is a symbolic link, replaces the target of
/// the link. If this fails, replaces the link itself, because the database already needs the new key. Returns whether
/// the link was replaced.
pub(super) fn make_current(source: &MasterKeySource, entropy: &dyn Entropy) -> Result<bool, OpenError> {
    let (Some(from), Some(to)) = (path(source), source.in_data_folder()) else { return Ok(false) };
    let replaced = match fs::read(&from).map(Zeroizing::new) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
        // The target may be on another file system, so the file cannot be renamed.
        Ok(key) if to.is_symlink() => {
            match fs::canonicalize(to).and_then(|target| secret_file::replace(&target, &key, entropy)) {
                Ok(()) => fs::remove_file(&from).map(|()| false),
                Err(_) => fs::rename(&from, to).map(|()| true),
            }
        }
        Ok(_) => fs::rename(&from, to).map(|()| false),
    };
    replaced
        .and_then(|link| secret_file::sync_folder(to).map(|()| link))
        .map_err(|source| MasterKeyError::Io { path: to.to_path_buf(), source }.into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::{clock::SystemEntropy, domain::master_key_origin::MasterKeyOrigin};

    /// Returns a data folder whose key file is a link to a file that cannot be replaced: the name of that file has the
    /// maximum length, so the name of a temporary file beside it would be too long. A file mode would not prevent the
    /// replacement if the test runs as root.
    fn linked() -> (tempfile::TempDir, MasterKeySource, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let (key, target) = (folder.path().join("master.key"), folder.path().join("k".repeat(255)));
        secret_file::create(&folder.path().join("old"), &[1; 32], &SystemEntropy::default()).unwrap();
        fs::rename(folder.path().join("old"), &target).unwrap();
        symlink(&target, &key).unwrap();
        (folder, MasterKeySource::new(MasterKeyOrigin::DataFolder(key.clone())), key)
    }

    #[test]
    fn link_whose_target_cannot_be_replaced_is_refused_before_a_change() {
        let (folder, source, key) = linked();
        let error = check_replaceable(&source, &SystemEntropy::default()).unwrap_err().to_string();
        assert!(error.contains("--new-file") && error.contains(key.to_str().unwrap()), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing was created");
    }

    #[test]
    fn completed_rotation_replaces_the_link_if_its_target_cannot_be_replaced() {
        let (_folder, source, key) = linked();
        load_or_create(&source, &SystemEntropy::default()).unwrap();
        let new = fs::read(path(&source).unwrap()).unwrap();
        assert!(make_current(&source, &SystemEntropy::default()).unwrap());
        assert!(!key.is_symlink() && !path(&source).unwrap().exists());
        assert_eq!(fs::read(&key).unwrap(), new);
    }

    #[test]
    fn temporary_files_beside_the_target_of_a_link_are_removed() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (key, target) = (folder.path().join("master.key"), elsewhere.path().join("real.key"));
        fs::write(&target, [1; 32]).unwrap();
        let temporary = elsewhere.path().join("real.key.tmp-QUJDREVGR0hJ");
        fs::write(&temporary, [2; 32]).unwrap();
        symlink(&target, &key).unwrap();
        remove_leftovers(&MasterKeySource::new(MasterKeyOrigin::DataFolder(key))).unwrap();
        assert!(target.exists() && !temporary.exists());
    }
}
