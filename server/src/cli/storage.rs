//! `doorward migrate-storage`: moves an installation to another database.

use doorward_shared::counted;

use std::time::{Duration, Instant};

use serde_json::json;

use super::{CliError, args::MigrateStorageArgs, output, start};
use crate::{
    config::Flags,
    installation,
    transfer::{self, Progress},
};

const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// Moves the installation. Prints progress on standard error and the result on standard output.
pub(super) async fn migrate(args: MigrateStorageArgs) -> Result<(), CliError> {
    let settings = start::settings(&Flags { config: args.config, data_dir: args.data_dir, ..Flags::default() })?;
    let (from, to) = (start::options_of_flag("--from", &args.from)?, start::options_of_flag("--to", &args.to)?);
    let location = start::location(&settings);
    let accept =
        move |sealed: &str| installation::check_master_key(&location, sealed).map_err(|error| error.to_string());
    let mut printer = ProgressPrinter { json: args.json, last: None };
    let moved = transfer::transfer(from, to, accept, move |progress| printer.print(&progress)).await;
    let report = moved.map_err(|error| CliError::new(error.to_string()))?;
    if args.json {
        let result = json!({
            "from": args.from.to_string(),
            "to": args.to.to_string(),
            "resumed": report.resumed,
            "tables": report.tables,
        });
        return output::change_json(true, &result);
    }
    let row = |table: &transfer::TableReport| {
        let sha256 = table.sha256.clone().unwrap_or_else(|| "(rebuilt from the other tables)".to_owned());
        vec![table.table.to_owned(), table.rows.to_string(), table.copied.to_string(), sha256]
    };
    output::table(
        &["TABLE", "ROWS", "COPIED NOW", "SHA-256 (SAME ON BOTH SIDES)"],
        &report.tables.iter().map(row).collect::<Vec<_>>(),
    )?;
    output::line(&format!("\nmoved from {} to {}; the source was not changed", args.from, args.to))?;
    output::line("Start every node with the same master key and with --database-url set to the new database.")
}

struct ProgressPrinter {
    json: bool,
    last: Option<(Instant, &'static str, &'static str)>,
}

impl ProgressPrinter {
    fn print(&mut self, progress: &Progress) {
        let (done, table, rows, total) = match *progress {
            Progress::Copied { table, rows, total } => ("copied", table, rows, total),
            Progress::Verified { table, rows, total } => ("verified", table, rows, total),
        };
        let again = self.last.is_some_and(|(at, was_done, was_table)| {
            (was_done, was_table) == (done, table) && at.elapsed() < PROGRESS_EVERY
        });
        if again && rows < total {
            return;
        }
        self.last = Some((Instant::now(), done, table));
        if self.json {
            let line = json!({ "progress": done, "table": table, "rows": rows, "total": total });
            output::message(&line.to_string());
        } else {
            output::message(&format!("{table}: {rows} of {} {done}", counted(total, "row")));
        }
    }
}
