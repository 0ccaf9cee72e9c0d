//! The installation at a glance.

use doorward_shared::admin::Overview as Data;
use ratatui::layout::Rect;

use super::{instead_of_rows, refusals, stale, whose};
use crate::{
    model::Tone,
    screen::overview::{Focus, Overview},
    view::{
        paint::Painter,
        short,
        table::{Column, Table, Width, cell},
    },
    when,
};

pub(crate) fn draw(painter: &mut Painter<'_>, screen: &Overview, area: Rect) {
    let Some(data) = &screen.data.value else {
        return instead_of_rows(painter, area, false, screen.data.error.as_ref(), "");
    };
    let facts = Rect { height: 3, ..area };
    let rest = Rect { y: area.y + 3, height: area.height.saturating_sub(3), ..area };
    draw_facts(painter, data, facts);
    if area.width >= 130 {
        // Wide: the chart above the tenants on the left, the refusals over the whole height on the right.
        let left = rest.width * 11 / 20;
        let chart = Rect { width: left, height: rest.height * 2 / 5, ..rest };
        let below = Rect { width: left, y: chart.bottom(), height: rest.height - chart.height, ..rest };
        let right = Rect { x: rest.x + left + 1, width: rest.width - left - 1, ..rest };
        draw_chart(painter, screen, data, chart);
        draw_busiest(painter, screen, data, below);
        draw_refusals(painter, screen, data, right);
    } else {
        let chart = Rect { height: (rest.height * 9 / 20).max(6), ..rest };
        let below = Rect { y: chart.bottom(), height: rest.height.saturating_sub(chart.height), ..rest };
        let left = below.width * 9 / 20;
        draw_chart(painter, screen, data, chart);
        draw_busiest(painter, screen, data, Rect { width: left, ..below });
        draw_refusals(painter, screen, data, Rect { x: below.x + left, width: below.width - left, ..below });
    }
    stale(painter, area, screen.data.error.as_ref());
}

/// Bytes in few characters.
fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut count = count;
    let mut rest = 0;
    for (at, unit) in UNITS.iter().enumerate() {
        if count < 1_024 || at + 1 == UNITS.len() {
            let tenth = rest * 10 / 1_024;
            return if at > 0 && count < 10 { format!("{count}.{tenth} {unit}") } else { format!("{count} {unit}") };
        }
        rest = count % 1_024;
        count /= 1_024;
    }
    String::new()
}

fn draw_facts(painter: &mut Painter<'_>, data: &Data, area: Rect) {
    let uptime = i64::try_from(data.uptime_seconds).unwrap_or(i64::MAX).saturating_mul(1_000);
    let (succeeded, refused) =
        data.activity.iter().fold((0, 0), |(good, bad), point| (good + point.succeeded, bad + point.refused));
    let facts = [
        ("health", "● up".to_owned(), Tone::Good),
        ("up for", when::span(uptime), Tone::Plain),
        ("version", data.version.clone(), Tone::Plain),
        ("storage", format!("{} {}", data.engine, bytes(data.database_bytes)), Tone::Plain),
        ("tenants", short(data.tenants), Tone::Plain),
        ("users", short(data.users), Tone::Plain),
        ("passkeys", short(data.credentials), Tone::Plain),
        ("logins", short(succeeded), Tone::Good),
        ("refused", short(refused), if refused == 0 { Tone::Dim } else { Tone::Bad }),
    ];
    let wide = facts.iter().map(|(name, value, _)| crate::escape::width(value).max(name.len())).sum::<usize>();
    let spare = usize::from(area.width.saturating_sub(2)).saturating_sub(wide) / (facts.len() - 1);
    let gap = u16::try_from(spare.clamp(1, 6)).unwrap_or(1);
    let mut x = area.x + 1;
    for (name, value, tone) in &facts {
        let room = area.right().saturating_sub(x);
        let name = painter.text(x, area.y, room, name, Tone::Dim);
        let value = painter.text(x, area.y + 1, room, value, *tone);
        x += name.max(value) + gap;
    }
}

fn draw_chart(painter: &mut Painter<'_>, screen: &Overview, data: &Data, area: Rect) {
    let title = format!("Logins and refusals, {} days", screen.days);
    let inside = painter.panel(area, &title, false);
    painter.activity(inside, &data.activity);
    let legend = Rect { width: area.width - 3, ..area };
    painter.right(
        legend,
        area.y,
        &[
            (" ", Tone::Plain),
            ("■", Tone::Good),
            (" ended well ", Tone::Dim),
            ("■", Tone::Bad),
            (" refused ", Tone::Dim),
        ],
    );
}

fn draw_busiest(painter: &mut Painter<'_>, screen: &Overview, data: &Data, area: Rect) {
    let focused = screen.focus == Focus::Busiest;
    let inside = painter.panel(area, "Busiest tenants", focused);
    if data.busiest.is_empty() {
        return instead_of_rows(painter, inside, true, None, "No tenant has been used yet.");
    }
    let table = Table {
        columns: vec![
            Column::new("Tenant", Width::Share(1)),
            Column::new("OK 7d", Width::Fixed(5)).right(),
            Column::new("Refused", Width::Fixed(7)).right(),
            Column::new("Users", Width::Fixed(5)).right().from(44),
            Column::new("Last", Width::Fixed(4)).right().from(36),
        ],
        len: data.busiest.len(),
        cursor: &screen.busiest,
        focused,
    };
    let now = painter.now;
    painter.table(inside, &table, |at| match data.busiest.get(at) {
        Some(it) => vec![
            cell(&it.tenant.display_name, Tone::Plain),
            cell(short(it.succeeded), Tone::Good),
            refusals(it.refused),
            cell(short(it.users), Tone::Plain),
            cell(it.last_activity.map(|at| when::ago(now, at)).unwrap_or_default(), Tone::Dim),
        ],
        None => Vec::new(),
    });
}

fn draw_refusals(painter: &mut Painter<'_>, screen: &Overview, data: &Data, area: Rect) {
    let focused = screen.focus == Focus::Refusals;
    let inside = painter.panel(area, "Latest refusals", focused);
    if data.latest_refusals.is_empty() {
        return instead_of_rows(painter, inside, true, None, "Nothing was refused.");
    }
    let table = Table {
        columns: vec![
            Column::new("When", Width::Fixed(4)).right(),
            Column::new("Why", Width::Share(3)),
            Column::new("Tenant", Width::Share(2)).from(56),
            Column::new("User", Width::Share(2)).from(36),
        ],
        len: data.latest_refusals.len(),
        cursor: &screen.refusals,
        focused,
    };
    let now = painter.now;
    painter.table(inside, &table, |at| match data.latest_refusals.get(at) {
        Some(it) => {
            let entry = &it.entry;
            let why = entry.error_code.as_deref().or(entry.error.as_deref()).unwrap_or(entry.kind.as_str());
            vec![
                cell(when::ago(now, entry.created_at), Tone::Dim),
                cell(why, Tone::Bad),
                whose(it),
                cell(entry.actor_user_id.as_deref().unwrap_or("–"), Tone::Plain),
            ]
        }
        None => Vec::new(),
    });
}

#[cfg(test)]
mod tests {
    #[test]
    fn bytes_are_short() {
        assert_eq!(
            [0, 1_023, 1_536, 20_480, 5 << 30].map(super::bytes),
            ["0 B", "1023 B", "1.5 KiB", "20 KiB", "5.0 GiB"]
        );
    }
}
