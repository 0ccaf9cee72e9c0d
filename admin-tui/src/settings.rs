//! Settings of the interactive app from the config file: the time zone, and the saved views of audit logs.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use toml_edit::{DocumentMut, Item, Table, value};

use crate::zone::Zone;

/// Name and search text of each saved view.
pub type Views = BTreeMap<String, String>;

#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The config file, in which views are saved; `None` without a home folder.
    pub file: Option<PathBuf>,
    pub views: Views,
    pub uses_local_time: bool,
    /// The time zone of this system.
    pub local: Zone,
}

impl Settings {
    /// Returns the zone in which times are shown.
    pub fn zone(&self) -> Zone {
        if self.uses_local_time { self.local.clone() } else { Zone::utc() }
    }
}

/// Saves a view in the config file, or deletes it if `search` is `None`. Returns all views of the file. Comments and
/// other settings are kept. The file is replaced in one step, so that it is never incomplete.
pub fn save_view(file: &Path, name: &str, search: Option<&str>) -> io::Result<Views> {
    // The target of a symbolic link is replaced, not the link.
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)?;
    // Serializes changes by several processes or threads. Lock errors are ignored: not all file systems lock folders.
    let lock = File::open(folder)?;
    let _ = lock.lock();
    let text = match fs::read_to_string(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        result => result?,
    };
    let invalid = |reason: String| io::Error::new(io::ErrorKind::InvalidData, reason);
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| invalid(error.to_string()))?;
    let views = document.entry("views").or_insert(Item::Table(Table::new()));
    let views = views.as_table_like_mut().ok_or_else(|| invalid("`views` is not a table".to_owned()))?;
    match search {
        Some(search) => drop(views.insert(name, value(search))),
        None => drop(views.remove(name)),
    }
    let text_of = |(name, item): (&str, &Item)| Some((name.to_owned(), item.as_str()?.to_owned()));
    let saved = views.iter().filter_map(text_of).collect();
    replace(&file, &document.to_string())?;
    Ok(saved)
}

/// Replaces the content of a file, and creates the file if it does not exist. Keeps the permissions of an existing
/// file; only the owner can read a new file.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let mode = fs::metadata(file).map_or(0o600, |metadata| metadata.permissions().mode() & 0o777);
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let partial = file.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let write = || {
        let mut output = File::options().write(true).create_new(true).mode(mode).open(&partial)?;
        output.write_all(text.as_bytes())?;
        output.sync_all()?;
        fs::rename(&partial, file)
    };
    let result = write();
    if result.is_err() {
        // Fails if the partial file was not created.
        let _ = fs::remove_file(&partial);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saved_view_keeps_the_rest_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("doorward/admin.toml");
        let views = save_view(&file, "wrong origin", Some("code:origin_mismatch since:1d")).unwrap();
        assert_eq!(views["wrong origin"], "code:origin_mismatch since:1d");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

        let text = "# mine\ntime = \"local\"\n\n[profiles.prod] # the real one\nurl = \"https://a.example\"\n";
        fs::write(&file, format!("{text}\n[views]\nold = \"type:mfa*\"\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let views = save_view(&file, "new", Some("user:\"a b\"")).unwrap();
        assert_eq!(views.keys().collect::<Vec<_>>(), ["new", "old"]);
        let views = save_view(&file, "old", None).unwrap();
        assert_eq!(views.keys().collect::<Vec<_>>(), ["new"]);
        assert_eq!(fs::read_to_string(&file).unwrap(), format!("{text}\n[views]\nnew = 'user:\"a b\"'\n"));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path().join("doorward")).unwrap().count(), 1, "a partial file is left");
    }

    #[test]
    fn invalid_file_is_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("admin.toml");
        for text in ["[views", "views = 3\n"] {
            fs::write(&file, text).unwrap();
            assert!(save_view(&file, "new", Some("a")).is_err());
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
    }

    #[test]
    fn views_saved_at_the_same_time_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("doorward/admin.toml");
        std::thread::scope(|scope| {
            for number in 0..16 {
                let file = &file;
                scope.spawn(move || save_view(file, &format!("view {number}"), Some("a")).unwrap());
            }
        });
        assert_eq!(save_view(&file, "last", Some("a")).unwrap().len(), 17);
    }

    #[test]
    fn target_of_a_symbolic_link_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("admin.toml"), folder.path().join("target.toml"));
        fs::write(&target, "").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        save_view(&link, "new", Some("a")).unwrap();
        assert!(link.is_symlink());
        assert!(fs::read_to_string(&target).unwrap().contains("new"));
    }
}
