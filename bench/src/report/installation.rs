//! Folders with an installation, and servers on them.

use std::{fs, path::PathBuf, process::Command, time::Instant};

use doorward_server::installation::ADMIN_TOKEN_FILE;
use doorward_testkit::process::{self, Process};
use tempfile::TempDir;

use super::{Options, ReportError, program, results::Results};
use crate::{
    load::{http::Host, options::host},
    seed::Seeded,
};

/// The small installation: tenants, users, and no log.
const SMALL: (u64, u64, u64) = (100, 2_000, 0);

/// A folder with an installation that `doorward-seed` made.
pub(super) struct Installation {
    folder: PathBuf,
    pub(super) seeded: Seeded,
    /// A small one is gone with the value.
    _small: Option<TempDir>,
}

/// A server on an installation. Ends with the value.
pub(super) struct Node {
    process: Process,
    pub(super) public: Host,
    pub(super) admin: Host,
    /// When its process was begun.
    pub(super) spawned: Instant,
}

impl Installation {
    /// A new small one.
    pub(super) async fn small(options: &Options) -> Result<Self, ReportError> {
        let folder = tempfile::Builder::new().prefix("small-").tempdir_in(&options.dir);
        let folder = folder.map_err(|error| file(&options.dir, error))?;
        let path = folder.path().to_path_buf();
        seed(options, &path, SMALL).await?;
        Ok(Self { seeded: Seeded::load(&path.join("seeded.json"))?, folder: path, _small: Some(folder) })
    }

    /// The large one: the folder's own if there is one already, else a new one.
    pub(super) async fn large(options: &Options, results: &Results) -> Result<Self, ReportError> {
        let folder = options.dir.join("large");
        let made = folder.join("seeded.json");
        let wanted = (options.tenants, options.users, options.audit_rows);
        if !made.exists() {
            fs::create_dir_all(&folder).map_err(|error| file(&folder, error))?;
            results.tell(seed(options, &folder, wanted).await?);
        }
        let seeded = Seeded::load(&made)?;
        let plan = &seeded.plan;
        results.tell(format_args!(
            "the large installation was made with {} tenants, {} users, {} audit rows",
            plan.tenants, plan.users, plan.rows
        ));
        if (plan.tenants, plan.users, plan.rows) != wanted {
            results.tell("NOT the size that was asked for: it was there already, and is used as it is");
        }
        Ok(Self { folder, seeded, _small: None })
    }

    /// The file that says what was seeded.
    pub(super) fn seeded_file(&self) -> PathBuf {
        self.folder.join("seeded.json")
    }

    /// The token for the admin API.
    pub(super) fn admin_token(&self) -> Result<String, ReportError> {
        let path = self.folder.join(ADMIN_TOKEN_FILE);
        let text = fs::read_to_string(&path).map_err(|error| file(&path, error))?;
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
    /// Its base URL.
    pub(super) fn url(&self) -> &str {
        &self.process.public_url
    }

    /// Its process.
    pub(super) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Ends it in order: the database is closed.
    pub(super) fn end(self) {
        self.process.terminate();
    }
}

fn host_of(url: &str) -> Result<Host, ReportError> {
    let parsed = url
        .parse()
        .map_err(|_| ReportError::Answer { path: url.to_owned(), reason: "the server gives no address".to_owned() })?;
    Ok(host(&parsed, false)?)
}

fn file(path: &std::path::Path, error: std::io::Error) -> ReportError {
    ReportError::File { path: path.display().to_string(), error }
}

/// Fills a folder; what the seeder says of it.
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
        let reason = format!("{status}; what it says is above");
        return Err(ReportError::Program { program: program.display().to_string(), reason });
    }
    // The first line says how much was made; the others have keys.
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
