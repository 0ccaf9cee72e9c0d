//! The arguments of all administrative commands.

use std::path::PathBuf;

use clap::Args;

use crate::config::{DatabaseUrlText, Flags};

/// Location of the installation.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Installation")]
pub struct InstallationArgs {
    /// Folder of the master key and the embedded database [default: ./data] [env: DOORWARD_DATA_DIR]
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<String>,
    /// Database: path of the embedded database, or postgres:// URL [default: doorward.db in the data folder] [env:
    /// DOORWARD_DATABASE_URL]
    #[arg(long, value_name = "URL")]
    pub database_url: Option<DatabaseUrlText>,
    /// Settings file in TOML format [env: DOORWARD_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl InstallationArgs {
    pub fn flags(&self) -> Flags {
        Flags {
            config: self.config.clone(),
            data_dir: self.data_dir.clone(),
            database_url: self.database_url.clone(),
            ..Flags::default()
        }
    }
}

/// Arguments that every administrative command accepts.
#[derive(Debug, Clone, Default, Args)]
pub struct AdminArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Location of the installation. This field is last, because clap lists all following arguments under its heading.
    #[command(flatten)]
    pub installation: InstallationArgs,
}
