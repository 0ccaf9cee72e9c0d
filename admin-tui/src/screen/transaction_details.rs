//! Details of a transaction, for the screens of tenants and users.

use doorward_shared::public::TransactionItem;
use ratatui::layout::Rect;

use crate::{
    time_format,
    ui::{Canvas, Tone, below},
};

/// Draws a transaction with the data that the user confirmed and, if given, the user.
pub(super) fn draw(canvas: &mut Canvas<'_>, it: &TransactionItem, user: Option<&str>, area: Rect) {
    let inside = canvas.panel(area, &it.identifier, false);
    let mut details = vec![
        ("started", time_format::date_time(it.created_at), Tone::Plain),
        ("changed", time_format::date_time(it.updated_at), Tone::Plain),
    ];
    if let Some(user) = user {
        details.insert(0, ("user", user.to_owned(), Tone::Plain));
    }
    let used = canvas.details(inside, &details);
    // JSON is indented. This changes only white space in the data that the user signed.
    let json: Option<serde_json::Value> = serde_json::from_str(&it.data).ok();
    let data = json.and_then(|value| serde_json::to_string_pretty(&value).ok());
    canvas.paragraph(below(inside, used), data.as_deref().unwrap_or(&it.data), Tone::Plain);
}
