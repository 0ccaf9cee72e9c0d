//! The real path of a SQLite database, and the names of the files beside it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Appends a suffix such as `.lock` to the file name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Returns the absolute path without symbolic links, so that all processes use the same files beside the database.
/// The database and its folder may be missing.
pub(super) fn resolve(path: &Path) -> io::Result<PathBuf> {
    // Maximum number of symbolic links that are followed, the same as in Linux.
    const MAX_LINKS: usize = 40;
    let mut path = std::path::absolute(path)?;
    for _ in 0..MAX_LINKS {
        match fs::canonicalize(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            resolved => return resolved,
        }
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        match fs::read_link(&path) {
            // The path is a link to a file that does not exist yet.
            Ok(target) => path = folder.join(target),
            Err(_) => {
                let folder = fs::canonicalize(&folder).unwrap_or(folder);
                return Ok(path.file_name().map_or(path.clone(), |name| folder.join(name)));
            }
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "too many symbolic links"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_resolved_even_before_the_file_exists() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        let (real, link) = (root.join("real"), root.join("link"));
        fs::create_dir(&real).unwrap();
        symlink(&real, &link).unwrap();
        symlink("real/doorward.db", root.join("file.db")).unwrap();
        let expected = real.join("doorward.db");
        for exists in [false, true] {
            if exists {
                fs::write(&expected, "").unwrap();
            }
            for path in [expected.clone(), link.join("doorward.db"), root.join("file.db")] {
                assert_eq!(resolve(&path).unwrap(), expected, "{}", path.display());
            }
        }
        assert_eq!(resolve(&root.join("none/doorward.db")).unwrap(), root.join("none/doorward.db"));
        symlink("loop.db", root.join("loop.db")).unwrap();
        assert!(resolve(&root.join("loop.db")).is_err());
    }
}
