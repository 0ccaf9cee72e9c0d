//! `doorward import`: imports tenants from other systems.

use std::time::{Duration, Instant};

use doorward_shared::{ErrorCode, counted};
use serde_json::json;

use super::{
    CliError,
    admin_call::{failed, find_tenant, open},
    args::{ImportHankoArgs, ImportTenantArgs},
    output, start,
};
use crate::{
    db::DbError,
    import::{
        Problem, Progress, Report, TenantState,
        hanko::{self, ImportError, Options, SourceError},
        neutral::{self, FileError, Target},
    },
};

const PROGRESS_EVERY: Duration = Duration::from_secs(1);
/// Schemes of databases that must be converted to PostgreSQL before the import.
const OTHER_ENGINES: [&str; 2] = ["mysql:", "mariadb:"];

/// Imports the tenants of a Hanko server. Prints progress on standard error and the report on standard output.
pub(super) async fn hanko(args: ImportHankoArgs) -> Result<(), CliError> {
    if OTHER_ENGINES.iter().any(|scheme| args.from.expose().starts_with(scheme)) {
        return Err(CliError::usage(
            "--from: only PostgreSQL databases can be read. Convert the database with pgloader first, as \
             docs/migrating.md describes",
        ));
    }
    let source = start::options_of_flag("--from", &args.from)?;
    let call = open(&args.admin).await?;
    let options = Options { dry_run: args.dry_run, tenants: args.tenant, include_used: args.include_used };
    let mut printer = ProgressPrinter { json: args.admin.json, last: None };
    let report = hanko::run(source, call, options, move |progress| printer.print(progress)).await;
    let report = report.map_err(|error| match error {
        ImportError::Target(error) => failed(error),
        error @ ImportError::NoTenant(_) => CliError::with_code(ErrorCode::TenantNotFound, error.to_string()),
        error @ ImportError::Source(SourceError::Database(DbError::Unavailable(_))) => {
            CliError::with_code(ErrorCode::Unavailable, error.to_string())
        }
        error @ ImportError::Source(_) => CliError::new(error.to_string()),
    })?;
    if args.admin.json {
        output::change_json(report.changed(), &report)?;
    } else {
        print(&report)?;
    }
    let importable = report.tenants.iter().any(|tenant| tenant.state == TenantState::Importable);
    let outdated = report.tenants.iter().filter(|tenant| tenant.is_outdated).count();
    if outdated > 0 {
        return Err(CliError::new(format!(
            "not updated, because Doorward already serves them: {}, named in the report. Limit the import to other \
             tenants with --tenant, or run it with --include-used",
            counted(outdated, "tenant")
        )));
    }
    if report.dry_run && importable { Err(CliError::would_change()) } else { Ok(()) }
}

/// Imports a tenant from a file with JSON lines ([`neutral`]).
pub(super) async fn tenant(args: ImportTenantArgs) -> Result<(), CliError> {
    let call = open(&args.admin).await?;
    let into = match &args.into {
        Some(tenant) => Target::Existing(find_tenant(&call, tenant).await?),
        None => Target::TenantOfFile,
    };
    let path = args.file.clone();
    let loaded = tokio::task::spawn_blocking(move || neutral::load(&call, &path, into)).await;
    let loaded = loaded.map_err(|error| CliError::new(error.to_string()))?;
    let tenant = loaded.map_err(|error| match error {
        FileError::Target(error) => failed(error),
        other => CliError::new(format!("{}: {other}", args.file.display())),
    })?;
    let report = Report { tenants: vec![tenant], ..Report::default() };
    if args.admin.json { output::change_json(report.changed(), &report) } else { print(&report) }
}

fn print(report: &Report) -> Result<(), CliError> {
    let mut rows = Vec::new();
    for tenant in &report.tenants {
        for (kind, tally) in &tenant.rows {
            let numbers = [tally.read, tally.added, tally.updated, tally.unchanged, tally.deleted, tally.refused];
            let texts = [output::cell(&tenant.name), (*kind).to_owned()];
            rows.push(texts.into_iter().chain(numbers.iter().map(u64::to_string)).collect());
        }
    }
    let headings = ["TENANT", "ROWS", "READ", "ADDED", "UPDATED", "UNCHANGED", "DELETED", "NOT IMPORTED"];
    output::table(&headings, &rows)?;
    output::line("")?;
    for problem in &report.problems {
        print_problem("source", problem)?;
    }
    for tenant in &report.tenants {
        for problem in &tenant.problems {
            print_problem(&format!("{} ({})", tenant.name, tenant.id), problem)?;
        }
    }
    let skipped = report.tenants.iter().filter(|tenant| tenant.state == TenantState::Skipped).count();
    let current = report.tenants.iter().filter(|tenant| tenant.state == TenantState::Current).count();
    let tenants = report.tenants.len() - skipped - current;
    let done = match report.dry_run {
        true => format!("to import, {current} unchanged"),
        false => "imported".to_owned(),
    };
    let (tenants, problems) = (counted(tenants, "tenant"), counted(report.problem_count(), "problem"));
    output::line(&format!("{tenants} {done}, {skipped} skipped; {problems}"))
}

fn print_problem(place: &str, problem: &Problem) -> Result<(), CliError> {
    output::line(&output::cell(&format!("{place}: {}: {}", problem.subject, problem.reason)))
}

struct ProgressPrinter {
    json: bool,
    last: Option<(Instant, &'static str)>,
}

impl ProgressPrinter {
    fn print(&mut self, progress: Progress) {
        let Progress { table, rows } = progress;
        if self.last.is_some_and(|(at, last)| last == table && at.elapsed() < PROGRESS_EVERY) {
            return;
        }
        self.last = Some((Instant::now(), table));
        output::message(&match self.json {
            true => json!({ "progress": "read", "table": table, "rows": rows }).to_string(),
            false => format!("{table}: {} read", counted(rows, "row")),
        });
    }
}
