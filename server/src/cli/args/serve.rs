//! The arguments of the commands that run or check the server.

use std::net::SocketAddr;

use clap::Args;

use super::admin::InstallationArgs;
use crate::config::Flags;

/// Addresses of the server.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Addresses")]
pub struct ListenArgs {
    /// Address of the public API, or unix: and the path of a socket [default: 127.0.0.1:8000] [env: DOORWARD_PUBLIC_ADDR]
    #[arg(long, value_name = "ADDRESS")]
    pub public_addr: Option<String>,
    /// Address of the admin API, or unix: and the path of a socket; do not expose it to the internet [default:
    /// 127.0.0.1:8001] [env: DOORWARD_ADMIN_ADDR]
    #[arg(long, value_name = "ADDRESS")]
    pub admin_addr: Option<String>,
}

/// `doorward serve`
#[derive(Debug, Clone, Default, Args)]
pub struct ServeArgs {
    /// Location of the installation.
    #[command(flatten)]
    pub installation: InstallationArgs,
    /// Addresses of the server.
    #[command(flatten)]
    pub listen: ListenArgs,
}

impl ServeArgs {
    pub fn flags(&self) -> Flags {
        Flags {
            public_addr: self.listen.public_addr.clone(),
            admin_addr: self.listen.admin_addr.clone(),
            ..self.installation.flags()
        }
    }
}

/// `doorward quickstart`
#[derive(Debug, Clone, Args)]
pub struct QuickstartArgs {
    /// Folder of the master key and the database [default: ./data] [env: DOORWARD_DATA_DIR]
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<String>,
    /// Address on which the demo page is served; in the browser, use the host name localhost
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub demo_addr: SocketAddr,
    /// Print addresses, tenant and API key as one line of JSON when the servers are ready
    #[arg(long)]
    pub json: bool,
    /// Addresses of the server.
    #[command(flatten)]
    pub listen: ListenArgs,
}

impl QuickstartArgs {
    pub fn flags(&self) -> Flags {
        Flags {
            data_dir: self.data_dir.clone(),
            public_addr: self.listen.public_addr.clone(),
            admin_addr: self.listen.admin_addr.clone(),
            ..Flags::default()
        }
    }
}

/// `doorward check-config`
#[derive(Debug, Clone, Default, Args)]
pub struct CheckConfigArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Arguments of `serve`.
    #[command(flatten)]
    pub serve: ServeArgs,
}
