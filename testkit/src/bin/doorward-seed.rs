//! `doorward-seed`: fills an installation with tenants, users and an audit log, to measure and to look at.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use clap::Parser;
use doorward_server::{
    clock::{Clock as _, SystemClock},
    db::DatabaseUrl,
};
use doorward_shared::Timestamp;
use doorward_testkit::seed::{self, Made, Order, Plan, SeedError};

/// Fills a Doorward installation with tenants, users, credentials and an audit log: the same ones for the same number.
///
/// The server must not run meanwhile. Everything is written in one transaction; an interrupted run leaves nothing.
#[derive(Parser)]
#[command(name = "doorward-seed", version, max_term_width = 100)]
struct Arguments {
    /// The installation's folder; made if there is none
    #[arg(long, env = "DOORWARD_DATA_DIR", default_value = "./data", value_name = "DIR")]
    data_dir: PathBuf,
    /// A path or a postgres:// URL (without TLS); doorward.db in the folder if not given
    #[arg(long, env = "DOORWARD_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,
    /// The number everything is made from
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Tenants; the first ones are the largest
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    tenants: u64,
    /// Users in all, each with a passkey and a second factor
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u64).range(..=100_000_000))]
    users: u64,
    /// Audit rows in all
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = clap::value_parser!(u64).range(..=1_000_000_000))]
    audit_rows: u64,
    /// Days the audit rows are spread over
    #[arg(long, default_value_t = 30, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: u32,
    /// When the last of these days ends, such as 2026-01-31T12:00:00Z; now if not given
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Some names that break what prints or quotes them carelessly
    #[arg(long)]
    hostile: bool,
    /// Add to a database that has tenants already
    #[arg(long)]
    append: bool,
    /// Where to write what doorward-load needs; seeded.json in the folder if not given
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Say nothing until the end
    #[arg(long)]
    quiet: bool,
}

impl Arguments {
    fn order(&self) -> Order {
        let database = match self.database_url.as_deref().filter(|url| !url.is_empty()) {
            Some(url) => url.parse().unwrap_or_else(|never: std::convert::Infallible| match never {}),
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
        Order { plan, data_dir: self.data_dir.clone(), database, append: self.append }
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
    let order = arguments.order();
    let total = order.plan.rows;
    let Made { seeded, rows, took } = seed::run(order, |written| {
        if !arguments.quiet {
            eprint!("\r{written} of {total} audit rows");
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
    println!("made {} in {:.1} s", rows.join(", "), took.as_secs_f64());
    if seeded.plan.tenants > 0 {
        println!("first tenant {}, its API key {}", seeded.plan.tenant_id(0), seeded.api_key(0));
    }
    println!("for doorward-load: --seeded {}", file.display());
    Ok(())
}
