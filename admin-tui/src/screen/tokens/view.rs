//! Drawing of the admin tokens.

use doorward_shared::{
    admin::{AdminTokenItem, Role},
    counted,
};
use ratatui::layout::Rect;

use super::Tokens;
use crate::{
    time_format,
    ui::{Canvas, Column, Tone, View, age_cell, cell, expiry_cell, split_details},
};

const DETAILS_WIDTH: u16 = 53;
/// Maximum number of tenants that the details name.
const MAX_NAMED: usize = 12;

impl View for Tokens {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let title = |column, title| self.sort.title(column, title);
        let (list, pane) = split_details(area, DETAILS_WIDTH, false);
        let columns = [
            Column::share(title(0, "Name"), 3),
            Column::content(title(1, "Role"), 7),
            Column::share(title(2, "Tenants"), 3),
            Column::content(title(3, "Begins with"), 13).from_width(110),
            Column::content(title(4, "Created"), 10).from_width(90),
            Column::content(title(5, "Last used"), 11).right(),
            Column::content(title(6, "Expires"), 12).right(),
        ];
        let now = canvas.now;
        canvas.paged_list(list, &self.list, "There are no admin tokens.", &columns, |it| {
            let name = match self.is_in_use(it) {
                true => cell(format!("{} (in use)", it.secret.name), Tone::Accent),
                false => cell(&it.secret.name, Tone::Plain),
            };
            let tenants = match &it.tenant_names {
                None => cell("all", Tone::Plain),
                Some(names) => cell(names.join(", "), Tone::Good),
            };
            vec![
                name,
                cell(it.role.as_str(), role_tone(it.role)),
                tenants,
                cell(&it.secret.hint, Tone::Dim),
                cell(time_format::date(it.secret.created_at), Tone::Dim),
                age_cell(now, it.secret.last_used_at),
                expiry_cell(now, it.secret.expires_at),
            ]
        });
        if let (Some(pane), Some(token)) = (pane, self.list.selected()) {
            draw_details(canvas, token, pane);
        }
    }
}

const fn role_tone(role: Role) -> Tone {
    if matches!(role, Role::Admin) { Tone::Warn } else { Tone::Plain }
}

/// Draws what the selected token may do, with its tenants.
fn draw_details(canvas: &mut Canvas<'_>, token: &AdminTokenItem, area: Rect) {
    let inside = canvas.panel(area, &token.secret.name, false);
    let may = match token.role {
        Role::Admin => "reads and changes",
        Role::Auditor => "only reads",
        Role::Metrics => "only reads the metrics",
    };
    let mut details = vec![
        ("id", token.secret.id.to_string(), Tone::Plain),
        ("begins with", token.secret.hint.clone(), Tone::Plain),
        ("created", time_format::date_time(token.secret.created_at), Tone::Plain),
        ("role", format!("{}: {may}", token.role), role_tone(token.role)),
    ];
    let (ids, names) = (token.tenants.as_deref(), token.tenant_names.as_deref().unwrap_or_default());
    match ids {
        None => details.push(("tenants", "all, and the installation".to_owned(), Tone::Plain)),
        Some(ids) => details.push(("tenants", format!("only {}", counted(ids.len(), "tenant")), Tone::Good)),
    }
    let tenants = ids.unwrap_or_default();
    for (id, name) in tenants.iter().zip(names).take(MAX_NAMED) {
        details.push(("", name.clone(), Tone::Plain));
        details.push(("", id.to_string(), Tone::Dim));
    }
    if tenants.len() > MAX_NAMED {
        details.push(("", format!("and {} more", tenants.len() - MAX_NAMED), Tone::Dim));
    }
    canvas.details(inside, &details);
}
