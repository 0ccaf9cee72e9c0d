//! Seeded installations and servers that run on them.

use std::{fs, path::PathBuf, process::Command, time::Instant};

use doorward_server::installation::ADMIN_TOKEN_FILE;
use doorward_testkit::process::{self, Process};
use tempfile::TempDir;

use super::{Options, ReportError, program, results::Results};
use crate::{
    load::{http::Host, options::host},
    seed::Seeded,
};

/// Tenants, users and audit entries of the small installation.
const SMALL: (u64, u64, u64) = (100, 2_000, 0);

/// A folder filled by `doorward-seed`.
pub(super) struct Installation {
    folder: PathBuf,
    pub(super) seeded: Seeded,
    /// Deletes the folder of a small installation on drop.
    _temporary: Option<TempDir>,
}

/// A server process on an installation; stopped on drop.
pub(super) struct Node {
    process: Process,
    pub(super) public: Host,
    pub(super) admin: Host,
    /// Start time of the process.
    pub(super) spawned: Instant,
}

impl Installation {
    /// Creates a small installation in a temporary folder.
    pub(super) async fn small(options: &Options) -> Result<Self, ReportError> {
        let folder = tempfile::Builder::new().prefix("small-").tempdir_in(&options.dir);
        let folder = folder.map_err(|error| file_error(&options.dir, error))?;
        let path = folder.path().to_path_buf();
        seed(options, &path, SMALL).await?;
        Ok(Self { seeded: Seeded::load(&path.join("seeded.json"))?, folder: path, _temporary: Some(folder) })
    }

    /// Opens the large installation, or creates it if there is none.
    pub(super) async fn large(options: &Options, results: &Results) -> Result<Self, ReportError> {
        let folder = options.dir.join("large");
        let file = folder.join("seeded.json");
        let wanted = (options.tenants, options.users, options.audit_rows);
        if !file.exists() {
            fs::create_dir_all(&folder).map_err(|error| file_error(&folder, error))?;
            results.print(seed(options, &folder, wanted).await?);
        }
        let seeded = Seeded::load(&file)?;
        let plan = &seeded.plan;
        results.print(format_args!(
            "the large installation was created with {} tenants, {} users and {} audit entries",
            plan.tenants, plan.users, plan.rows
        ));
        if (plan.tenants, plan.users, plan.rows) != wanted {
            results.print("WARNING: not the requested size; the existing installation is used");
        }
        Ok(Self { folder, seeded, _temporary: None })
    }

    /// Path of the seed file, for `doorward-load`.
    pub(super) fn seeded_file(&self) -> PathBuf {
        self.folder.join("seeded.json")
    }

    /// Reads the token for the admin API.
    pub(super) fn admin_token(&self) -> Result<String, ReportError> {
        let path = self.folder.join(ADMIN_TOKEN_FILE);
        let text = fs::read_to_string(&path).map_err(|error| file_error(&path, error))?;
        Ok(text.trim().to_owned())
    }

    /// Starts a server and waits until it listens.
    pub(super) fn serve(&self, options: &Options) -> Result<Node, ReportError> {
        let program = options.program("doorward")?;
        let database = self.folder.join("doorward.db");
        let command = process::command(&program.to_string_lossy(), &self.folder, &database.to_string_lossy());
        let spawned = Instant::now();
        let process = Process::serve(command);
        let (public, admin) = (host_of(&process.public_url)?, host_of(&process.admin_url)?);
        Ok(Node { process, public, admin, spawned })
    }
}

impl Node {
    /// Base URL of the public API.
    pub(super) fn url(&self) -> &str {
        &self.process.public_url
    }

    /// Process id.
    pub(super) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Shuts the server down cleanly.
    pub(super) fn stop(self) {
        self.process.terminate();
    }
}

fn host_of(url: &str) -> Result<Host, ReportError> {
    let parsed = url.parse().map_err(|_| ReportError::Response {
        path: url.to_owned(),
        reason: "the server printed no valid address".to_owned(),
    })?;
    Ok(host(&parsed, false)?)
}

fn file_error(path: &std::path::Path, error: std::io::Error) -> ReportError {
    ReportError::File { path: path.display().to_string(), error }
}

/// Runs the seeder on a folder and returns the first line of its output.
async fn seed(
    options: &Options,
    folder: &std::path::Path,
    (tenants, users, rows): (u64, u64, u64),
) -> Result<String, ReportError> {
    let program = options.program("doorward-seed")?;
    let mut command = Command::new(&program);
    command.env_clear().arg("--data-dir").arg(folder).args(["--days", "90", "--quiet"]);
    for (name, number) in [("--tenants", tenants), ("--users", users), ("--audit-rows", rows)] {
        command.args([name, &number.to_string()]);
    }
    let (status, text) = program::run(command).await?;
    if !status.success() {
        let reason = format!("{status}; its error message is above");
        return Err(ReportError::Program { program: program.display().to_string(), reason });
    }
    // The first line has the numbers of rows; the following lines contain API keys.
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
