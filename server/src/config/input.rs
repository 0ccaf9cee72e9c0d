//! Inputs from which settings are read, besides environment variables: command-line flags and the settings file.

use std::path::{Path, PathBuf};

use super::database_url_text::DatabaseUrlText;

/// Environment variable with the path of the settings file, used if `--config` is not given.
pub const CONFIG_VARIABLE: &str = "DOORWARD_CONFIG";

/// Values of the command-line flags; `None` for a flag that is not given or that the command does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    pub config: Option<PathBuf>,
    pub data_dir: Option<String>,
    pub public_addr: Option<String>,
    pub admin_addr: Option<String>,
    /// `--database-url`, which may contain a password.
    pub database_url: Option<DatabaseUrlText>,
}

#[derive(Clone, Copy)]
pub struct ConfigFile<'a> {
    pub path: &'a Path,
    pub text: &'a str,
}
