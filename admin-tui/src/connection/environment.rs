//! Environment variables, passed as a value so that tests can set them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::paths::BaseFolders;

#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Returns the variables of this process, without those that are not UTF-8.
    pub fn from_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(text).collect())
    }

    pub fn from_pairs(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// Returns the value of a variable, or `None` if it is absent or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns the variables without those that select a server, its token or its certificates.
    #[must_use]
    pub fn without_server(&self) -> Self {
        let selects = |name: &str| {
            ["URL", "PROFILE", "TOKEN", "TOKEN_FILE", "CA_FILE"]
                .iter()
                .any(|suffix| name.strip_prefix("DOORWARD_ADMIN_") == Some(*suffix))
        };
        Self(
            self.0
                .iter()
                .filter(|(name, _)| !selects(name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        )
    }

    /// Returns the default path of the config file: `doorward/admin.toml` in `XDG_CONFIG_HOME`, else in `~/.config`.
    pub fn config_file(&self) -> Option<PathBuf> {
        // The XDG specification requires relative paths to be ignored.
        let xdg = self.get("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = xdg.or_else(|| self.get("HOME").map(|home| Path::new(home).join(".config")))?;
        Some(folder.join("doorward").join("admin.toml"))
    }

    /// Returns the file with the theme that the user chose in the app.
    pub fn theme_file(&self) -> Option<PathBuf> {
        let xdg = self.get("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = xdg.or_else(|| self.get("HOME").map(|home| Path::new(home).join(".local/state")))?;
        Some(folder.join("doorward").join("admin-theme"))
    }

    /// Resolves a path from a config file. Relative paths start at the folder of the file.
    pub fn resolve_path(&self, file: &Path, text: &str) -> PathBuf {
        let current = file.parent().unwrap_or_else(|| Path::new("")).to_owned();
        BaseFolders { current, home: self.get("HOME").map(PathBuf::from) }.resolve(text)
    }
}

// Prints no values, because variables may contain secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment").field("variables", &self.0.len()).finish()
    }
}
