//! Creates files that contain a secret.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use doorward_shared::Base64Url;

use crate::clock::{Entropy, random};

/// Number of random bytes in the name of a temporary file.
const RANDOM_BYTES: usize = 9;
/// Part of the name of a temporary file, between the name of the final file and the random bytes.
const TEMPORARY: &str = ".tmp-";

/// Creates a file that only its owner can read. The creation is atomic: a crash leaves no incomplete file, and of
/// several concurrent processes, only one creates the file. An existing file is not changed.
pub fn create(path: &Path, content: &[u8], entropy: &dyn Entropy) -> io::Result<()> {
    let temporary = write_temporary(path, content, entropy)?;
    let linked = match fs::hard_link(&temporary, path) {
        // If the file system has no hard links, the file is written in place. A crash can then leave an incomplete
        // file.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => write_new(path, content),
        result => result,
    };
    let removed = fs::remove_file(&temporary);
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => removed?,
    }
    sync_folder(path)
}

/// Replaces a file atomically. Only its owner can read the new file.
pub fn replace(path: &Path, content: &[u8], entropy: &dyn Entropy) -> io::Result<()> {
    let temporary = write_temporary(path, content, entropy)?;
    fs::rename(&temporary, path)?;
    sync_folder(path)
}

/// Checks that [`replace`] could create its temporary file beside this file. Leaves no file behind.
pub fn check_replaceable(path: &Path, entropy: &dyn Entropy) -> io::Result<()> {
    write_temporary(path, &[], entropy).and_then(fs::remove_file)
}

/// Removes the temporary files that killed processes have left beside a file.
pub fn remove_temporaries(path: &Path) -> io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Ok(());
    };
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let other = entry.file_name();
        let random = other.to_str().and_then(|other| other.strip_prefix(name)?.strip_prefix(TEMPORARY));
        let is_temporary = random.and_then(|random| Base64Url::decode(random).ok());
        if is_temporary.is_some_and(|random| random.as_bytes().len() == RANDOM_BYTES) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn write_temporary(path: &Path, content: &[u8], entropy: &dyn Entropy) -> io::Result<PathBuf> {
    let random = random::<RANDOM_BYTES>(entropy).map_err(io::Error::other)?;
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!("{TEMPORARY}{}", Base64Url::encode(&random)));
    let temporary = PathBuf::from(temporary);
    write_new(&temporary, content).map(|()| temporary)
}

/// Makes the creation or renaming of a file durable.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).and_then(|directory| directory.sync_all())
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    // The umask may have removed permissions of the owner.
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemEntropy;

    #[test]
    fn temporary_files_of_killed_processes_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key.new");
        // A copy that an operator has made may have a suffix that looks random.
        let kept = ["master.key.new", "master.key", "master.key.new.bak", "master.key.new.20261129backup"];
        for name in kept {
            fs::write(folder.path().join(name), "text").unwrap();
        }
        let temporary = write_temporary(&path, b"key", &SystemEntropy::default()).unwrap();
        remove_temporaries(&path).unwrap();
        assert!(!temporary.exists());
        assert!(temporary.to_str().unwrap().contains("master.key.new.tmp-"), "{temporary:?}");
        assert!(kept.iter().all(|name| folder.path().join(name).exists()));
    }

    #[test]
    fn folder_is_checked_without_a_change() {
        let folder = tempfile::tempdir().unwrap();
        check_replaceable(&folder.path().join("secret"), &SystemEntropy::default()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(check_replaceable(&folder.path().join("none/secret"), &SystemEntropy::default()).is_err());
    }

    #[test]
    fn existing_file_is_kept_by_create_and_changed_by_replace() {
        let folder = tempfile::tempdir().unwrap();
        let (path, entropy) = (folder.path().join("secret"), SystemEntropy::default());
        create(&path, b"first", &entropy).unwrap();
        create(&path, b"second", &entropy).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        replace(&path, b"third", &entropy).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"third");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file remains");
    }
}
