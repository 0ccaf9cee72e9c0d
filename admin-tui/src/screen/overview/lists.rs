//! Drawing of the lists: busiest tenants, latest refusals, administrative actions.

use doorward_shared::{admin::Overview as OverviewData, audit::AdminAuditLogItem};
use ratatui::layout::Rect;

use super::{Focus, Overview};
use crate::{
    number_format::short,
    request::AUDIT_PAGE_SIZE,
    time_format,
    ui::{Canvas, Column, Selection, Tone, cell, refusals_cell, tenant_cell},
};

/// Title of the panel of the busiest tenants. It states which audit entries the server counts.
const BUSIEST_TITLE: &str = "Busiest tenants (newest 10 000 entries)";
/// Minimum width of a panel with that title.
const BUSIEST_TITLE_WIDTH: u16 = 46;

const NO_RECENT_CHANGE: &str = "None of the newest 10 000 audit entries is a change by an administrator. \
                                Older ones of the last 24 hours were not searched: press 3 for the audit log.";

impl Overview {
    pub(super) fn draw_busiest(&self, canvas: &mut Canvas<'_>, data: &OverviewData, area: Rect) {
        let focused = self.focus == Focus::BusiestTenants;
        let title = if area.width >= BUSIEST_TITLE_WIDTH { BUSIEST_TITLE } else { "Busiest tenants (newest 10k)" };
        let inside = canvas.panel(area, title, focused);
        if data.busiest.is_empty() {
            return canvas.placeholder(inside, true, None, "No tenant has been used yet.");
        }
        let columns = [
            Column::share("Tenant", 1),
            Column::fixed("OK 7d", 5).right(),
            Column::fixed("Refused", 7).right().from_width(26),
            Column::fixed("Users", 5).right().from_width(44),
            Column::fixed("Last", 4).right().from_width(36),
        ];
        let now = canvas.now;
        canvas.list_of(Focus::BusiestTenants as usize, |canvas| {
            canvas.table(inside, &columns, data.busiest.iter(), &self.busiest, focused, |it| {
                vec![
                    cell(&it.tenant.display_name, Tone::Plain),
                    cell(short(it.succeeded), Tone::Good),
                    refusals_cell(it.refused),
                    cell(short(it.users), Tone::Plain),
                    cell(it.last_activity.map(|at| time_format::ago(now, at)).unwrap_or_default(), Tone::Dim),
                ]
            });
        });
    }

    pub(super) fn draw_refusals(&self, canvas: &mut Canvas<'_>, data: &OverviewData, area: Rect) {
        let focused = self.focus == Focus::Refusals;
        let inside = canvas.panel(area, "Latest refusals", focused);
        if data.latest_refusals.is_empty() {
            return canvas.placeholder(inside, true, None, "Nothing was refused.");
        }
        let reason = |it: &AdminAuditLogItem| {
            let entry = &it.entry;
            let reason = entry.error_code.as_deref().or(entry.error.as_deref()).unwrap_or(entry.kind.as_str());
            (reason.to_owned(), Tone::Bad)
        };
        draw_entries(canvas, inside, "Why", Focus::Refusals, &data.latest_refusals, (&self.refusals, focused), reason);
    }

    pub(super) fn draw_changes(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let focused = self.focus == Focus::Changes;
        let entries = self.change_entries();
        // `true` if the search did not cover all of the last 24 hours. It then stopped after a full page, or after the
        // maximum number of entries that the server examines per request.
        let is_partial = self.changes.value.as_ref().is_some_and(|page| page.next.is_some());
        let is_full_page = entries.len() >= usize::try_from(AUDIT_PAGE_SIZE).unwrap_or(usize::MAX);
        let (title, empty) = match (is_partial, is_full_page) {
            (false, _) => ("What changed (24 h)", "No administrator changed anything in the last 24 hours."),
            (true, true) => ("What changed (newest 100)", ""),
            (true, false) => ("What changed (newest 10k entries)", NO_RECENT_CHANGE),
        };
        let inside = canvas.panel(area, title, focused);
        if entries.is_empty() {
            let (is_loaded, error) = (self.changes.value.is_some(), self.changes.error.as_ref());
            return canvas.placeholder(inside, is_loaded, error, empty);
        }
        let what = |it: &AdminAuditLogItem| (it.entry.kind.as_str().replace('_', " "), Tone::Plain);
        draw_entries(canvas, inside, "What", Focus::Changes, entries, (&self.change, focused), what);
    }
}

fn draw_entries(
    canvas: &mut Canvas<'_>,
    area: Rect,
    title: &'static str,
    list: Focus,
    entries: &[AdminAuditLogItem],
    (selection, focused): (&Selection, bool),
    text: impl Fn(&AdminAuditLogItem) -> (String, Tone),
) {
    let columns = [
        Column::fixed("When", 4).right(),
        Column::share(title, 3),
        Column::content("Tenant", 18).from_width(48),
        Column::content("User", 14).from_width(36),
    ];
    let now = canvas.now;
    canvas.list_of(list as usize, |canvas| {
        canvas.table(area, &columns, entries.iter(), selection, focused, |it| {
            let (text, tone) = text(it);
            vec![
                cell(time_format::ago(now, it.entry.created_at), Tone::Dim),
                cell(text, tone),
                tenant_cell(it),
                cell(it.entry.actor_user_id.as_deref().unwrap_or("–"), Tone::Plain),
            ]
        });
    });
}
