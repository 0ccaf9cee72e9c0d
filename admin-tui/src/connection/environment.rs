//! What the process was started with, passed in so that tests can say otherwise.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::folders::Folders;

/// The variables of a process.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Those of this process. A variable that is not UTF-8 is none of ours.
    #[must_use]
    pub fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(text).collect())
    }

    /// These.
    #[must_use]
    pub fn of(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// A variable's value; an empty one counts as absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The file of profiles: `doorward/admin.toml` in `XDG_CONFIG_HOME`, else in `~/.config`.
    #[must_use]
    pub fn config_file(&self) -> Option<PathBuf> {
        // The specification says to ignore relative paths.
        let xdg = self.get("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = xdg.or_else(|| self.get("HOME").map(|home| Path::new(home).join(".config")))?;
        Some(folder.join("doorward").join("admin.toml"))
    }

    /// A path in a file of profiles: `~/` is the home folder, and what is relative lies beside the file.
    #[must_use]
    pub fn path_beside(&self, file: &Path, text: &str) -> PathBuf {
        let here = file.parent().unwrap_or_else(|| Path::new("")).to_owned();
        Folders { here, home: self.get("HOME").map(PathBuf::from) }.path(text)
    }
}

// Variables hold secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment").field("variables", &self.0.len()).finish()
    }
}
