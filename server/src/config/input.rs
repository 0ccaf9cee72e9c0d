//! Inputs of the settings besides environment variables: flags and the settings file.

use std::path::{Path, PathBuf};

use super::database_url::DatabaseUrl;

/// Environment variable with the path of the settings file, used if `--config` is not given.
pub const CONFIG_VARIABLE: &str = "DOORWARD_CONFIG";

/// Flags given on the command line; `None` for flags that are not given or that the command does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--data-dir`.
    pub data_dir: Option<String>,
    /// `--public-addr`.
    pub public_addr: Option<String>,
    /// `--admin-addr`.
    pub admin_addr: Option<String>,
    /// `--database-url`, which may contain a password.
    pub database_url: Option<DatabaseUrl>,
}

/// Contents of the settings file.
#[derive(Clone, Copy)]
pub struct ConfigFile<'a> {
    /// Path, for messages.
    pub path: &'a Path,
    /// TOML text.
    pub text: &'a str,
}
