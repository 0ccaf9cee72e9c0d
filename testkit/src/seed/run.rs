//! The run: opens the installation, makes rows on one thread and writes them on another.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use doorward_server::{
    app::App,
    clock::random,
    crypto::PlainSecret,
    db::{DatabaseOptions, DatabaseUrl, Engine},
    domain::SecretHash,
    installation,
};
use doorward_shared::Base64Url;
use tokio::sync::mpsc;

use super::{
    Plan, SeedError, Seeded,
    log::{Log, Rhythm},
    output::{BATCHES, Output},
    people::{self, Secrets},
    postgres, sqlite,
    table::{Batch, Table},
};
use crate::server::quiet_settings;

/// How often progress is told.
const PROGRESS_EVERY: Duration = Duration::from_secs(2);

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Order {
    /// What there is to be.
    pub plan: Plan,
    /// The installation's folder.
    pub data_dir: PathBuf,
    /// Its database.
    pub database: DatabaseUrl,
    /// Whether other tenants may be there.
    pub append: bool,
}

/// What was made.
#[derive(Debug, Clone)]
pub struct Made {
    /// How to reach it.
    pub seeded: Seeded,
    /// Rows of each table.
    pub rows: Vec<(&'static str, u64)>,
    /// How long it took.
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

/// Fills an installation, and makes it first if need be. `progress` hears of audit rows written so far.
///
/// # Errors
/// [`SeedError`]; then nothing was written.
pub async fn run(order: Order, mut progress: impl FnMut(u64)) -> Result<Made, SeedError> {
    let began = Instant::now();
    // Looks before the installation's own connections are there to be seen.
    let server = match &order.database {
        DatabaseUrl::Postgres(url) => Some(postgres::Database::connect(url).await?),
        DatabaseUrl::Sqlite(_) => None,
    };
    let options = DatabaseOptions::new(order.database.clone());
    let app = installation::open(&order.data_dir, options, quiet_settings()).await?;
    app.db.close().await;
    let engine = app.db.engine();
    let mut target = begin(&order, server).await?;

    let secret = random::<24>(app.entropy.as_ref()).map_err(|error| SeedError::Made(error.to_string()))?;
    let api_secret = Base64Url::encode(&secret);
    let hash = app.keys.hasher().hash(PlainSecret::new(api_secret.clone())).await;
    let hash = hash.map_err(|error| SeedError::Made(error.to_string()))?;

    let (sender, mut batches) = mpsc::channel(BATCHES);
    let plan = order.plan;
    let making = std::thread::Builder::new()
        .name("seed-make".to_owned())
        .spawn(move || make(&plan, &app, engine, &hash, &sender));
    let making = making.map_err(|error| SeedError::Made(format!("cannot start a thread: {error}")))?;
    let mut rows = Table::ALL.map(|table| (table.name(), 0_u64));
    let mut told = Instant::now();
    let mut failed = None;
    while let Some(batch) = batches.recv().await {
        if let Err(error) = target.write(&batch).await {
            failed = Some(error);
            break;
        }
        for ((_, sum), table) in rows.iter_mut().zip(Table::ALL) {
            *sum += batch.rows_of(table) as u64;
        }
        if told.elapsed() >= PROGRESS_EVERY {
            told = Instant::now();
            progress(written(&rows));
        }
    }
    drop(batches);
    let made = making.join().unwrap_or_else(|_| Err(SeedError::Made("the thread that makes rows panicked".to_owned())));
    if let Some(error) = failed {
        return Err(error);
    }
    made?;
    progress(written(&rows));
    target.finish().await?;
    Ok(Made { seeded: Seeded { plan, api_secret }, rows: rows.to_vec(), took: began.elapsed() })
}

fn written(rows: &[(&'static str, u64)]) -> u64 {
    rows.iter().find(|(name, _)| *name == Table::AuditLogs.name()).map_or(0, |(_, sum)| *sum)
}

async fn begin(order: &Order, server: Option<postgres::Database>) -> Result<Target, SeedError> {
    let refuse = |tenants: i64| if tenants > 0 && !order.append { Err(SeedError::Tenants(tenants)) } else { Ok(()) };
    match (&order.database, server) {
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

fn make(
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
        people::tenant(plan, &secrets, tenant, &mut out)?;
        Log { plan, engine, rhythm: &rhythm, out: &mut out }.write(tenant)?;
    }
    out.flush()
}
