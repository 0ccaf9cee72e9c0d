//! Drawing of the list of tenants.

use doorward_shared::{
    admin::{TenantSort, TenantSummary},
    page::Order,
};
use ratatui::layout::Rect;

use super::Tenants;
use crate::{
    number_format::short,
    screen::disabling::name_cell,
    time_format,
    ui::{Canvas, Column, Tone, View, age_cell, cell, refusal_tone, refusals_cell, split_details},
};

const DETAILS_WIDTH: u16 = 53;

impl View for Tenants {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let (list, pane) = split_details(area, DETAILS_WIDTH, false);
        let list = canvas.filter_line(list, &self.filter);
        let empty = if self.filter.text().is_some() { "No tenant matches." } else { "There are no tenants yet." };
        let columns = [
            Column::share(self.heading(TenantSort::Name, "Name"), 3),
            Column::share(self.heading(TenantSort::RpId, "RP ID"), 2),
            Column::content(self.heading(TenantSort::Users, "Users"), 7).right(),
            Column::content(self.heading(TenantSort::ApiKeys, "Keys"), 6).right().from_width(76),
            Column::content(self.heading(TenantSort::Succeeded, "OK 7d"), 7).right(),
            Column::content(self.heading(TenantSort::Refused, "Refused"), 9).right(),
            Column::content(self.heading(TenantSort::Activity, "Active"), 8).right(),
            Column::content(self.heading(TenantSort::Created, "Created"), 10).right().from_width(90),
        ];
        let now = canvas.now;
        canvas.paged_list(list, &self.list, empty, &columns, |it| {
            vec![
                name_cell(&it.tenant.display_name, it.tenant.disabled_at),
                cell(&it.rp_id, Tone::Dim),
                cell(short(it.users), Tone::Plain),
                cell(short(it.api_keys), api_keys_tone(it)),
                cell(short(it.succeeded), if it.succeeded == 0 { Tone::Dim } else { Tone::Good }),
                refusals_cell(it.refused),
                age_cell(now, it.last_activity),
                cell(time_format::date(it.created_at), Tone::Dim),
            ]
        });
        if let (Some(pane), Some(tenant)) = (pane, self.list.selected()) {
            draw_details(canvas, tenant, pane);
        }
    }
}

impl Tenants {
    /// Returns a column heading, with an arrow if the list is sorted by the column.
    fn heading(&self, sort: TenantSort, name: &'static str) -> String {
        match self.order {
            _ if self.sort != sort => name.to_owned(),
            Order::Ascending => format!("{name} ↑"),
            Order::Descending => format!("{name} ↓"),
        }
    }
}

const fn api_keys_tone(tenant: &TenantSummary) -> Tone {
    if tenant.api_keys == 0 { Tone::Warn } else { Tone::Plain }
}

fn draw_details(canvas: &mut Canvas<'_>, it: &TenantSummary, area: Rect) {
    let inside = canvas.panel(area, &it.tenant.display_name, false);
    let now = canvas.now;
    let active = it.last_activity.map_or_else(|| "never".to_owned(), |at| time_format::ago(now, at));
    let mut details = vec![
        ("id", it.tenant.id.to_string(), Tone::Plain),
        ("RP ID", it.rp_id.clone(), Tone::Plain),
        ("created", time_format::date_time(it.created_at), Tone::Plain),
        ("last active", active, Tone::Plain),
        ("", String::new(), Tone::Plain),
        ("users", it.users.to_string(), Tone::Plain),
        ("credentials", it.credentials.to_string(), Tone::Plain),
        ("API keys", it.api_keys.to_string(), api_keys_tone(it)),
        ("", String::new(), Tone::Plain),
        ("ok, 7 days", it.succeeded.to_string(), Tone::Good),
        ("refused", it.refused.to_string(), refusal_tone(it.refused)),
    ];
    if let Some(at) = it.tenant.disabled_at {
        details.insert(0, ("disabled", format!("since {}", time_format::date_time(at)), Tone::Warn));
    }
    canvas.details(inside, &details);
}
