//! `doorward-admin audit --follow`

use std::time::Duration;

use doorward_shared::audit::AdminAuditLogItem;
use tokio::signal::ctrl_c;

use super::{
    audit_table, context::CommandContext, error::CommandError, output::Output, output_closed::output_closed,
    table::Layout,
};
use crate::api::{AUDIT_PAGE_SIZE, AuditQuery, Tail, tail::is_full};

/// Number of entries to print at the start if `--limit` is absent.
const DEFAULT_LIMIT: usize = 10;
const INTERVAL: Duration = Duration::from_secs(1);
/// Maximum time between two polls while the server is unreachable.
const MAX_INTERVAL: Duration = Duration::from_secs(5);
/// A row with typical values. It reserves enough width even if the first entries are short or absent.
const TYPICAL_ROW: [&str; 6] =
    ["", "mfa_authentication_final_succeeded", "0198c0de-0000", "challenge_unknown", "255.255.255.255", ""];

/// Prints new entries until Ctrl-C, or until the reader of standard output closes the pipe.
pub(super) async fn run(context: &CommandContext, query: AuditQuery, limit: Option<usize>) -> Result<(), CommandError> {
    let limit = u32::try_from(limit.unwrap_or(DEFAULT_LIMIT)).unwrap_or(u32::MAX);
    if limit > AUDIT_PAGE_SIZE {
        return Err(CommandError::usage(format!("--limit: with --follow at most {AUDIT_PAGE_SIZE}, not {limit}")));
    }
    tokio::select! {
        result = follow(context, query, limit) => result,
        () = output_closed() => Err(CommandError::OutputClosed),
        signal = ctrl_c() => signal.map_err(|error| CommandError::failed(format!("signals: {error}"))),
    }
}

async fn follow(context: &CommandContext, query: AuditQuery, limit: u32) -> Result<(), CommandError> {
    let with_tenant = query.tenant.is_none();
    let (mut tail, first) = Tail::start(context.api.clone(), query, limit).await?;
    let printer = Printer::new(context.output, with_tenant, &first);
    printer.print_headings()?;
    printer.print(&first)?;
    let mut wait = INTERVAL;
    let mut is_retrying = false;
    loop {
        tokio::time::sleep(wait).await;
        match tail.poll().await {
            Ok(entries) => {
                if std::mem::take(&mut is_retrying) {
                    context.output.notice("connected again; no entry was missed");
                }
                printer.print(&entries)?;
                wait = if is_full(&entries) { Duration::ZERO } else { INTERVAL };
            }
            Err(error) if error.is_transient() => {
                if !std::mem::replace(&mut is_retrying, true) {
                    context.output.notice(&format!("{error}; retrying"));
                }
                wait = (wait.max(INTERVAL) * 2).min(MAX_INTERVAL);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

struct Printer {
    output: Output,
    with_tenant: bool,
    layout: Layout,
}

impl Printer {
    fn new(output: Output, with_tenant: bool, first: &[AdminAuditLogItem]) -> Self {
        let columns = audit_table::columns(with_tenant);
        let typical = TYPICAL_ROW.iter().take(columns.len()).map(|cell| (*cell).to_owned()).collect();
        let rows = first.iter().map(|entry| audit_table::row(entry, with_tenant)).chain([typical]).collect();
        Self { output, with_tenant, layout: Layout::new(columns, rows, output.width) }
    }

    fn print_headings(&self) -> Result<(), CommandError> {
        match self.layout.head().first() {
            Some(headings) if !self.output.json => self.output.line(headings),
            _ => Ok(()),
        }
    }

    fn print(&self, entries: &[AdminAuditLogItem]) -> Result<(), CommandError> {
        if self.output.json {
            return entries.iter().try_for_each(|entry| self.output.json(entry));
        }
        let rows: Vec<_> = entries.iter().map(|entry| audit_table::row(entry, self.with_tenant)).collect();
        self.layout.rows(&rows).iter().try_for_each(|line| self.output.line(line))
    }
}
