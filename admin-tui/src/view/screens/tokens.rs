//! The admin tokens.

use doorward_shared::admin::Role;
use ratatui::layout::Rect;

use super::{expiry, instead_of_rows, past, stale};
use crate::{
    model::Tone,
    screen::tokens::Tokens,
    view::{
        paint::Painter,
        table::{Column, Table, Width, cell},
    },
    when,
};

pub(crate) fn draw(painter: &mut Painter<'_>, screen: &Tokens, area: Rect) {
    let list = &screen.list;
    if list.rows.is_empty() {
        return instead_of_rows(painter, area, list.loaded, list.error.as_ref(), "There are no admin tokens.");
    }
    let table = Table {
        columns: vec![
            Column::new("Name", Width::Share(3)),
            Column::new("Role", Width::Fixed(7)),
            Column::new("Begins with", Width::Share(2)),
            Column::new("Created", Width::Fixed(10)),
            Column::new("Last used", Width::Fixed(9)).right(),
            Column::new("Expires", Width::Fixed(12)).right(),
        ],
        len: list.rows.len(),
        cursor: &list.cursor,
        focused: true,
    };
    let now = painter.now;
    painter.table(area, &table, |at| match list.rows.get(at) {
        Some(it) => vec![
            cell(&it.secret.name, Tone::Plain),
            cell(it.role.as_str(), if it.role == Role::Admin { Tone::Warn } else { Tone::Plain }),
            cell(&it.secret.hint, Tone::Dim),
            cell(when::date(it.secret.created_at), Tone::Dim),
            past(now, it.secret.last_used_at),
            expiry(now, it.secret.expires_at),
        ],
        None => Vec::new(),
    });
    stale(painter, area, list.error.as_ref());
}
