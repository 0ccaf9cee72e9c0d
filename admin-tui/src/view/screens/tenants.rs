//! The list of tenants.

use doorward_shared::{
    admin::{TenantSort, TenantSummary},
    page::Order,
};
use ratatui::layout::Rect;

use super::{beside, instead_of_rows, pair, past, refusals, search_line, stale};
use crate::{
    model::Tone,
    screen::tenants::Tenants,
    view::{
        paint::Painter,
        short,
        table::{Column, Table, Width, cell},
    },
    when,
};

pub(crate) fn draw(painter: &mut Painter<'_>, screen: &Tenants, area: Rect) {
    let (list, pane) = beside(area, 53);
    let list = search_line(painter, list, &screen.search);
    if screen.list.rows.is_empty() {
        let nothing = if screen.search.text().is_some() { "No tenant matches." } else { "There are no tenants yet." };
        return instead_of_rows(painter, list, screen.list.loaded, screen.list.error.as_ref(), nothing);
    }
    draw_table(painter, screen, list);
    stale(painter, list, screen.list.error.as_ref());
    if let (Some(pane), Some(tenant)) = (pane, screen.list.selected()) {
        draw_details(painter, tenant, pane);
    }
}

fn title(screen: &Tenants, sort: TenantSort, name: &'static str) -> String {
    if screen.sort != sort {
        return name.to_owned();
    }
    format!("{name} {}", if screen.order == Order::Ascending { "↑" } else { "↓" })
}

fn draw_table(painter: &mut Painter<'_>, screen: &Tenants, area: Rect) {
    let table = Table {
        columns: vec![
            Column::new(title(screen, TenantSort::Name, "Name"), Width::Share(3)),
            Column::new("RP ID", Width::Share(2)),
            Column::new(title(screen, TenantSort::Users, "Users"), Width::Fixed(7)).right(),
            Column::new("Keys", Width::Fixed(4)).right().from(76),
            Column::new("OK 7d", Width::Fixed(5)).right(),
            Column::new("Refused", Width::Fixed(7)).right(),
            Column::new(title(screen, TenantSort::Activity, "Active"), Width::Fixed(8)).right(),
            Column::new(title(screen, TenantSort::Created, "Created"), Width::Fixed(10)).right().from(90),
        ],
        len: screen.list.rows.len(),
        cursor: &screen.list.cursor,
        focused: true,
    };
    let now = painter.now;
    painter.table(area, &table, |at| match screen.list.rows.get(at) {
        Some(it) => vec![
            cell(&it.tenant.display_name, Tone::Plain),
            cell(&it.rp_id, Tone::Dim),
            cell(short(it.users), Tone::Plain),
            cell(short(it.api_keys), if it.api_keys == 0 { Tone::Warn } else { Tone::Plain }),
            cell(short(it.succeeded), if it.succeeded == 0 { Tone::Dim } else { Tone::Good }),
            refusals(it.refused),
            past(now, it.last_activity),
            cell(when::date(it.created_at), Tone::Dim),
        ],
        None => Vec::new(),
    });
}

fn draw_details(painter: &mut Painter<'_>, it: &TenantSummary, area: Rect) {
    let inside = painter.panel(area, &it.tenant.display_name, false);
    let now = painter.now;
    let active = it.last_activity.map_or_else(
        || "never".to_owned(),
        |at| match when::ago(now, at) {
            moment if moment == "now" => moment,
            past => format!("{past} ago"),
        },
    );
    let pairs = [
        ("id", it.tenant.id.to_string(), Tone::Plain),
        ("RP ID", it.rp_id.clone(), Tone::Plain),
        ("created", when::full(it.created_at), Tone::Plain),
        ("last active", active, Tone::Plain),
        ("", String::new(), Tone::Plain),
        ("users", it.users.to_string(), Tone::Plain),
        ("credentials", it.credentials.to_string(), Tone::Plain),
        ("API keys", it.api_keys.to_string(), if it.api_keys == 0 { Tone::Warn } else { Tone::Plain }),
        ("", String::new(), Tone::Plain),
        ("ok, 7 days", it.succeeded.to_string(), Tone::Good),
        ("refused", it.refused.to_string(), if it.refused == 0 { Tone::Dim } else { Tone::Bad }),
    ];
    let mut y = inside.y;
    for (name, value, tone) in &pairs {
        y += pair(painter, inside, y, name, value, *tone);
    }
}
