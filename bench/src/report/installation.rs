//! Seeded installations and servers that run on them.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use doorward_server::{
    clock::{Clock as _, SystemClock},
    db::DatabaseUrl,
    installation::ADMIN_TOKEN_FILE,
};
use doorward_testkit::process::{self, Process};
use tempfile::TempDir;

use super::{Options, ReportError, results::Results};
use crate::{
    load::{http::Host, options::host},
    seed::{self, Plan, SeedError, SeedJob, Seeded},
};

/// Number of days covered by the audit logs.
const DAYS: u32 = 90;

/// A seeded data folder.
pub(super) struct Installation {
    folder: PathBuf,
    /// Path or URL of the database.
    database: String,
    pub(super) seeded: Seeded,
    /// Deletes the folder of a small installation on drop.
    _temporary: Option<TempDir>,
}

/// A server process on an installation; stopped on drop.
pub(super) struct Node {
    pub(super) process: Process,
    pub(super) public: Host,
    pub(super) admin: Host,
    /// Start time of the process.
    pub(super) spawned: Instant,
}

impl Installation {
    /// Creates a small installation in a temporary folder.
    pub(super) async fn small(options: &Options) -> Result<Self, ReportError> {
        let temporary = tempfile::Builder::new().prefix("small-").tempdir_in(&options.dir);
        let temporary = temporary.map_err(|error| file_error(&options.dir, error))?;
        let folder = temporary.path().to_path_buf();
        let database = folder.join("doorward.db").display().to_string();
        let seeded = fill(&folder, &database, (100, 2_000, 0)).await?;
        Ok(Self { folder, database, seeded, _temporary: Some(temporary) })
    }

    /// Opens the large installation, or creates it if there is none.
    pub(super) async fn large(options: &Options, results: &Results) -> Result<Self, ReportError> {
        let folder = options.dir.join("large");
        let url = options.database_url.clone().filter(|url| !url.is_empty());
        let database = url.unwrap_or_else(|| folder.join("doorward.db").display().to_string());
        let wanted = (options.tenants, options.users, options.audit_rows);
        let file = seeded_file(&folder);
        let seeded = if file.exists() {
            Seeded::load(&file)?
        } else {
            fs::create_dir_all(&folder).map_err(|error| file_error(&folder, error))?;
            let started = Instant::now();
            let seeded = fill(&folder, &database, wanted).await?;
            results.print(format_args!("created in {:.0} s", started.elapsed().as_secs_f64()));
            seeded
        };
        let Plan { tenants, users, rows, .. } = seeded.plan;
        results.print(format_args!("large installation: {tenants} tenants, {users} users, {rows} audit entries"));
        if (tenants, users, rows) != wanted {
            results.print("WARNING: not the requested size; the existing installation is used");
        }
        Ok(Self { folder, database, seeded, _temporary: None })
    }

    /// Path of the seed file, for the load generator.
    pub(super) fn seeded_file(&self) -> String {
        seeded_file(&self.folder).display().to_string()
    }

    /// Reads the token for the admin API.
    pub(super) fn admin_token(&self) -> Result<String, ReportError> {
        let path = self.folder.join(ADMIN_TOKEN_FILE);
        let text = fs::read_to_string(&path).map_err(|error| file_error(&path, error))?;
        Ok(text.trim().to_owned())
    }

    /// Starts a server and waits until it listens.
    pub(super) fn serve(&self, options: &Options) -> Result<Node, ReportError> {
        let own = || Some(std::env::current_exe().ok()?.parent()?.to_path_buf());
        let program = options.programs.clone().or_else(own).unwrap_or_default().join("doorward");
        if !program.is_file() {
            return Err(file_error(&program, std::io::ErrorKind::NotFound.into()));
        }
        let spawned = Instant::now();
        let process = Process::serve(process::command(&program.to_string_lossy(), &self.folder, &self.database));
        let (public, admin) = (host_of(&process.public_url)?, host_of(&process.admin_url)?);
        Ok(Node { process, public, admin, spawned })
    }
}

impl Node {
    /// Shuts the server down cleanly.
    pub(super) fn stop(self) {
        self.process.terminate();
    }
}

pub(super) fn host_of(url: &str) -> Result<Host, ReportError> {
    let invalid = |_| ReportError::Response { path: url.to_owned(), reason: "not a valid address".to_owned() };
    Ok(host(&url.parse().map_err(invalid)?, false)?)
}

fn seeded_file(folder: &Path) -> PathBuf {
    folder.join("seeded.json")
}

fn file_error(path: &Path, error: std::io::Error) -> ReportError {
    ReportError::File(path.display().to_string(), error)
}

/// Seeds a folder.
async fn fill(folder: &Path, database: &str, (tenants, users, rows): (u64, u64, u64)) -> Result<Seeded, ReportError> {
    let until = SystemClock.now().millis();
    let plan = Plan { seed: 1, tenants, users, rows, days: DAYS, until, hostile: false };
    let database: DatabaseUrl = database.parse().map_err(SeedError::from)?;
    let job = SeedJob { plan, data_dir: folder.to_path_buf(), database, append: false };
    let seeded = seed::run(job, |_| ()).await?.seeded;
    seeded.save(&seeded_file(folder))?;
    Ok(seeded)
}
