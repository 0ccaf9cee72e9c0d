//! Drawing of the admin tokens.

use doorward_shared::admin::Role;
use ratatui::layout::Rect;

use super::Tokens;
use crate::{
    time_format,
    ui::{Canvas, Column, Tone, View, age_cell, cell, expiry_cell},
};

impl View for Tokens {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let title = |column, title| self.sort.title(column, title);
        let columns = [
            Column::share(title(0, "Name"), 3),
            Column::fixed(title(1, "Role"), 7),
            Column::share(title(2, "Begins with"), 2),
            Column::fixed(title(3, "Created"), 10),
            Column::content(title(4, "Last used"), 11).right(),
            Column::fixed(title(5, "Expires"), 12).right(),
        ];
        let now = canvas.now;
        canvas.paged_list(area, &self.list, "There are no admin tokens.", &columns, |it| {
            let scope = match it.tenants.as_deref() {
                None => String::new(),
                Some([_]) => " (1 tenant)".to_owned(),
                Some(tenants) => format!(" ({} tenants)", tenants.len()),
            };
            let name = match self.is_in_use(it) {
                true => cell(format!("{}{scope} (in use)", it.secret.name), Tone::Accent),
                false => cell(format!("{}{scope}", it.secret.name), Tone::Plain),
            };
            vec![
                name,
                cell(it.role.as_str(), if it.role == Role::Admin { Tone::Warn } else { Tone::Plain }),
                cell(&it.secret.hint, Tone::Dim),
                cell(time_format::date(it.secret.created_at), Tone::Dim),
                age_cell(now, it.secret.last_used_at),
                expiry_cell(now, it.secret.expires_at),
            ]
        });
    }
}
