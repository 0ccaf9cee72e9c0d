//! Opens the installation, generates the rows and writes them.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use doorward_server::{
    clock::random,
    crypto::{PlainSecret, key_hash},
    db::{DatabaseOptions, DatabaseUrl},
    installation::{self, Location, Purpose},
};
use doorward_shared::Base64Url;
use doorward_testkit::server::settings;

use super::{
    Plan, SeedError, Seeded,
    log::{self, busy_hours},
    users::{self, Secrets},
    writer::Writer,
};

#[derive(Debug, Clone)]
pub struct SeedJob {
    pub plan: Plan,
    pub data_dir: PathBuf,
    pub database: DatabaseUrl,
    /// Whether the database may already have tenants.
    pub append: bool,
}

#[derive(Debug, Clone)]
pub struct SeedResult {
    pub seeded: Seeded,
    /// Number of rows per table.
    pub rows: Vec<(&'static str, u64)>,
    pub took: Duration,
}

/// Fills an installation; creates it if it does not exist. Calls `progress` with the current number of audit entries.
/// After an error, no rows are written.
pub async fn run(job: SeedJob, mut progress: impl FnMut(u64)) -> Result<SeedResult, SeedError> {
    let started = Instant::now();
    let generate = |error: &dyn std::fmt::Display| SeedError::Generate(error.to_string());
    let options = DatabaseOptions::new(job.database.clone());
    let app = installation::open(&Location::in_folder(&job.data_dir), options, settings(), Purpose::Create).await?.app;
    app.db.close().await;
    let mut writer = Writer::begin(&job.database, job.append).await?;

    let secret = random::<24>(app.entropy.as_ref()).map_err(|error| generate(&error))?;
    let api_secret = Base64Url::encode(&secret);
    let key_hash = key_hash::hash(&PlainSecret::new(api_secret.clone()), app.entropy.as_ref());
    let key_hash = key_hash.map_err(|error| generate(&error))?;
    let secrets = Secrets { key_hash: &key_hash, master_key: &app.master_key, entropy: app.entropy.as_ref() };
    let (plan, hours) = (job.plan, busy_hours(&job.plan));
    for tenant in 0..plan.tenants {
        users::write(&plan, &secrets, tenant, &mut writer).await?;
        log::write(&plan, &hours, tenant, &mut writer, &mut progress).await?;
    }
    progress(writer.entries());
    let rows = writer.rows();
    writer.finish().await?;
    Ok(SeedResult { seeded: Seeded { plan, api_secret }, rows, took: started.elapsed() })
}
