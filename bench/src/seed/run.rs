//! Opens the installation, generates rows on one thread and writes them on another.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use doorward_server::{
    app::App,
    clock::random,
    crypto::{PlainSecret, key_hash},
    db::{DatabaseOptions, DatabaseUrl, Engine},
    domain::SecretHash,
    installation,
};
use doorward_shared::Base64Url;
use doorward_testkit::server::quiet_settings;
use tokio::sync::mpsc;

use super::{
    Plan, SeedError, Seeded,
    log::{Log, Rhythm},
    output::{BATCHES, Output},
    postgres, sqlite,
    table::{Batch, Table},
    users::{self, Secrets},
};

/// Interval of progress reports.
const PROGRESS_EVERY: Duration = Duration::from_secs(2);

/// A seeding job.
#[derive(Debug, Clone)]
pub struct SeedJob {
    /// Size and seed.
    pub plan: Plan,
    /// Data directory.
    pub data_dir: PathBuf,
    /// Database.
    pub database: DatabaseUrl,
    /// Whether the database may already have tenants.
    pub append: bool,
}

/// Result of a seeding job.
#[derive(Debug, Clone)]
pub struct SeedResult {
    /// Access to the seeded installation.
    pub seeded: Seeded,
    /// Number of rows per table.
    pub rows: Vec<(&'static str, u64)>,
    /// Duration of the job.
    pub took: Duration,
}

enum Target {
    Sqlite(Box<sqlite::File>, PathBuf),
    Postgres(postgres::Database),
}

impl Target {
    async fn write(&mut self, batch: &Batch) -> Result<(), SeedError> {
        match self {
            Self::Sqlite(file, _) => file.write(batch),
            Self::Postgres(database) => database.write(batch).await,
        }
    }

    async fn finish(self) -> Result<(), SeedError> {
        match self {
            Self::Sqlite(file, path) => file.finish(&path),
            Self::Postgres(database) => database.finish().await,
        }
    }
}

/// Fills an installation, which is created if it does not exist. `progress` gets the number of audit entries written.
///
/// # Errors
/// Returns a [`SeedError`]; nothing was written in that case.
pub async fn run(job: SeedJob, mut progress: impl FnMut(u64)) -> Result<SeedResult, SeedError> {
    let started = Instant::now();
    // Connect first: this checks for other connections, and `open` creates some.
    let server = match &job.database {
        DatabaseUrl::Postgres(url) => Some(postgres::Database::connect(url).await?),
        DatabaseUrl::Sqlite(_) => None,
    };
    let options = DatabaseOptions::new(job.database.clone());
    let app = installation::open(&job.data_dir, options, quiet_settings()).await?;
    app.db.close().await;
    let engine = app.db.engine();
    let mut target = begin(&job, server).await?;

    let secret = random::<24>(app.entropy.as_ref()).map_err(|error| SeedError::Generate(error.to_string()))?;
    let api_secret = Base64Url::encode(&secret);
    let hash = key_hash::hash(&PlainSecret::new(api_secret.clone()), app.entropy.as_ref());
    let hash = hash.map_err(|error| SeedError::Generate(error.to_string()))?;

    let (sender, mut batches) = mpsc::channel(BATCHES);
    let plan = job.plan;
    let generator = std::thread::Builder::new()
        .name("seed-generate".to_owned())
        .spawn(move || generate(&plan, &app, engine, &hash, &sender));
    let generator = generator.map_err(|error| SeedError::Generate(format!("cannot start a thread: {error}")))?;
    let mut rows = Table::ALL.map(|table| (table.name(), 0_u64));
    let mut reported = Instant::now();
    let mut failed = None;
    while let Some(batch) = batches.recv().await {
        if let Err(error) = target.write(&batch).await {
            failed = Some(error);
            break;
        }
        for ((_, sum), table) in rows.iter_mut().zip(Table::ALL) {
            *sum += batch.rows_of(table) as u64;
        }
        if reported.elapsed() >= PROGRESS_EVERY {
            reported = Instant::now();
            progress(written(&rows));
        }
    }
    drop(batches);
    let generated =
        generator.join().unwrap_or_else(|_| Err(SeedError::Generate("the generating thread panicked".to_owned())));
    if let Some(error) = failed {
        return Err(error);
    }
    generated?;
    progress(written(&rows));
    target.finish().await?;
    Ok(SeedResult { seeded: Seeded { plan, api_secret }, rows: rows.to_vec(), took: started.elapsed() })
}

fn written(rows: &[(&'static str, u64)]) -> u64 {
    rows.iter().find(|(name, _)| *name == Table::AuditLogs.name()).map_or(0, |(_, sum)| *sum)
}

async fn begin(job: &SeedJob, server: Option<postgres::Database>) -> Result<Target, SeedError> {
    let refuse = |tenants: i64| if tenants > 0 && !job.append { Err(SeedError::Tenants(tenants)) } else { Ok(()) };
    match (&job.database, server) {
        (DatabaseUrl::Sqlite(path), _) => {
            let mut file = sqlite::File::begin(path)?;
            refuse(file.tenants()?)?;
            file.take_down()?;
            Ok(Target::Sqlite(Box::new(file), path.clone()))
        }
        (DatabaseUrl::Postgres(_), Some(mut database)) => {
            database.begin().await?;
            refuse(database.tenants().await?)?;
            database.take_down().await?;
            Ok(Target::Postgres(database))
        }
        (DatabaseUrl::Postgres(_), None) => Err(SeedError::Database("not connected".to_owned())),
    }
}

fn generate(
    plan: &Plan,
    app: &Arc<App>,
    engine: Engine,
    hash: &SecretHash,
    to: &mpsc::Sender<Batch>,
) -> Result<(), SeedError> {
    let secrets = Secrets { key_hash: hash, master_key: &app.master_key, entropy: app.entropy.as_ref() };
    let rhythm = Rhythm::of(plan);
    let mut out = Output::to(to);
    for tenant in 0..plan.tenants {
        users::tenant(plan, &secrets, tenant, &mut out)?;
        Log { plan, engine, rhythm: &rhythm, out: &mut out }.write(tenant)?;
    }
    out.flush()
}
