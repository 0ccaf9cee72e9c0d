//! `doorward-admin audit --follow`

use std::time::Duration;

use doorward_shared::audit::AdminAuditLogItem;
use tokio::signal::ctrl_c;

use super::{Context, Failed, audit, note, table::Layout};
use crate::api::{ApiError, AuditQuery, Tail, tail::is_full};

/// Rows that are shown first when nobody says how many.
const USUAL: usize = 10;
/// The most rows that are shown first.
const MOST: usize = 100;
/// How often the server is asked.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long to wait at most before a server that is away is asked again.
const PATIENCE: Duration = Duration::from_secs(5);

/// Prints what comes, until Ctrl-C.
pub(super) async fn run(context: &Context, query: AuditQuery, limit: Option<usize>) -> Result<(), Failed> {
    let limit = limit.unwrap_or(USUAL);
    if limit > MOST {
        return Err(Failed::usage(format!("--limit: at most {MOST} entries can be shown first with --follow")));
    }
    tokio::select! {
        ended = follow(context, query, u32::try_from(limit).unwrap_or(0)) => ended,
        // Whoever ends it has seen enough.
        signal = ctrl_c() => signal.map_err(|error| Failed::new(format!("signals: {error}"))),
    }
}

async fn follow(context: &Context, query: AuditQuery, limit: u32) -> Result<(), Failed> {
    let tenants = query.tenant.is_none();
    let (mut tail, first) = Tail::start(context.api.clone(), query, limit).await?;
    let mut printer = Printer::new(context, tenants, &first);
    printer.print(&first)?;
    let mut wait = INTERVAL;
    let mut away = false;
    loop {
        tokio::time::sleep(wait).await;
        match tail.poll().await {
            Ok(rows) => {
                if std::mem::take(&mut away) {
                    note("connected again; nothing was missed");
                }
                printer.print(&rows)?;
                wait = if is_full(&rows) { Duration::ZERO } else { INTERVAL };
            }
            Err(error) if error.is_passing() => {
                tell(&error, &mut away);
                wait = (wait.max(INTERVAL) * 2).min(PATIENCE);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn tell(error: &ApiError, away: &mut bool) {
    if !std::mem::replace(away, true) {
        note(&format!("{error}; trying again"));
    }
}

/// Prints entries one by one, all in the columns of the first.
struct Printer<'a> {
    context: &'a Context,
    tenants: bool,
    layout: Layout,
    headed: bool,
}

impl<'a> Printer<'a> {
    fn new(context: &'a Context, tenants: bool, first: &[AdminAuditLogItem]) -> Self {
        // Room for what usually comes, where the first entries are short or there are none.
        let usual =
            ["", "mfa_authentication_final_succeeded", "0198c0de-0000", "challenge_unknown", "255.255.255.255", ""];
        let mut rows: Vec<Vec<String>> = first.iter().map(|item| audit::row(item, tenants)).collect();
        rows.push(usual.iter().map(|text| (*text).to_owned()).collect());
        let layout = audit::columns(tenants).layout(&rows, context.out.width());
        Self { context, tenants, layout, headed: false }
    }

    fn print(&mut self, rows: &[AdminAuditLogItem]) -> Result<(), Failed> {
        if self.context.out.json {
            return rows.iter().try_for_each(|row| self.context.out.value(row));
        }
        if !std::mem::replace(&mut self.headed, true) {
            self.context.out.line(&self.layout.headings())?;
        }
        rows.iter().try_for_each(|row| self.context.out.line(&self.layout.row(&audit::row(row, self.tenants))))
    }
}
