//! `doorward-seed` fills an installation with tenants, users and an audit log, for measurements and demonstrations.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use clap::Parser;
use doorward_bench::seed::{self, Plan, SeedError, SeedJob, SeedResult};
use doorward_server::{
    clock::{Clock as _, SystemClock},
    db::DatabaseUrl,
};
use doorward_shared::Timestamp;

/// Fills a Doorward installation with tenants, users, credentials and an audit log. The same seed and options give the
/// same data, except for secrets.
///
/// The server must not be running. All rows are written in one transaction, so an interrupted run writes nothing.
#[derive(Parser)]
#[command(name = "doorward-seed", version, max_term_width = 100)]
struct Arguments {
    /// Data directory; created if it does not exist
    #[arg(long, env = "DOORWARD_DATA_DIR", default_value = "./data", value_name = "DIR")]
    data_dir: PathBuf,
    /// Database path or postgres:// URL (without TLS) [default: doorward.db in the data directory]
    #[arg(long, env = "DOORWARD_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,
    /// Seed of the random numbers from which all data is generated
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Number of tenants; the first ones are the largest
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    tenants: u64,
    /// Total number of users, each with a passkey and a second factor
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u64).range(..=100_000_000))]
    users: u64,
    /// Total number of audit entries
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = clap::value_parser!(u64).range(..=1_000_000_000))]
    audit_rows: u64,
    /// Number of days covered by the audit log
    #[arg(long, default_value_t = 30, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: u32,
    /// Time at which the audit log ends, such as 2026-01-31T12:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Include names with control characters, markup and SQL, to test escaping
    #[arg(long)]
    hostile: bool,
    /// Allow a database that already has tenants
    #[arg(long)]
    append: bool,
    /// File to write for the option --seeded of doorward-load [default: seeded.json in the data directory]
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Print no progress
    #[arg(long)]
    quiet: bool,
}

impl Arguments {
    fn job(&self) -> Result<SeedJob, SeedError> {
        let database = match self.database_url.as_deref().filter(|url| !url.is_empty()) {
            Some(url) => url.parse()?,
            None => DatabaseUrl::Sqlite(self.data_dir.join("doorward.db")),
        };
        let plan = Plan {
            seed: self.seed,
            tenants: self.tenants,
            users: self.users,
            rows: self.audit_rows,
            days: self.days,
            until: self.until.unwrap_or_else(|| SystemClock.now()).millis(),
            hostile: self.hostile,
        };
        Ok(SeedJob { plan, data_dir: self.data_dir.clone(), database, append: self.append })
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    match runtime.block_on(fill(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("doorward-seed: {error}");
    ExitCode::FAILURE
}

async fn fill(arguments: &Arguments) -> Result<(), SeedError> {
    let job = arguments.job()?;
    let total = job.plan.rows;
    let SeedResult { seeded, rows, took } = seed::run(job, |written| {
        if !arguments.quiet {
            eprint!("\r{written} of {total} audit entries");
            let _ = std::io::stderr().flush();
        }
    })
    .await?;
    let file = arguments.write.clone().unwrap_or_else(|| arguments.data_dir.join("seeded.json"));
    seeded.save(&file)?;
    if !arguments.quiet {
        eprintln!();
    }
    let rows: Vec<String> = rows.iter().map(|(table, rows)| format!("{rows} {table}")).collect();
    println!("created {} in {:.1} s", rows.join(", "), took.as_secs_f64());
    if seeded.plan.tenants > 0 {
        println!("first tenant: {}, API key: {}", seeded.plan.tenant_id(0), seeded.api_key(0));
    }
    println!("for doorward-load: --seeded {}", file.display());
    Ok(())
}
