//! Drawing of a complete audit entry. The text wraps and can be scrolled.

use doorward_shared::{TenantId, audit::AdminAuditLogItem};
use ratatui::layout::Rect;
use serde_json::Value;

use super::pane::Pane;
use crate::{
    config_diff::{self, Change},
    time_format,
    ui::{Canvas, ClickTarget, Command, Tone, right_of, wrap},
};

const NAME_WIDTH: u16 = 13;

type Lines = Vec<Vec<(String, Tone)>>;

pub(super) fn draw(canvas: &mut Canvas<'_>, row: &AdminAuditLogItem, tenant: Option<&str>, pane: &Pane, area: Rect) {
    if !pane.is_focused {
        canvas.target(area, ClickTarget::Command(Command::NextTab));
    }
    let inside = canvas.panel(area, row.entry.kind.as_str(), pane.is_focused);
    let mut lines = properties(canvas, row, tenant, inside.width);
    if let Some(detail) = &row.entry.detail {
        lines.push(Vec::new());
        lines.extend(detail_lines(detail, inside.width));
    }
    let height = usize::from(inside.height);
    let first = pane.scroll.selected.min(lines.len().saturating_sub(height));
    let styled: Vec<Vec<_>> =
        lines.iter().map(|line| line.iter().map(|(text, tone)| (text.as_str(), *tone)).collect()).collect();
    canvas.scrolled(inside, &styled, first);
    // The scroll bar is drawn on the border.
    canvas.scrollbar(Rect { x: inside.right() + 1, width: 1, ..inside }, first, lines.len());
    if pane.is_focused {
        canvas.info.list_height = height;
    } else if lines.len() > height {
        canvas.panel_note(area, "tab scrolls");
    }
    canvas.info.text_rows = lines.len();
}

fn properties(canvas: &Canvas<'_>, row: &AdminAuditLogItem, tenant: Option<&str>, width: u16) -> Lines {
    let entry = &row.entry;
    let (outcome, tone) = if entry.kind.is_failure() { ("failed", Tone::Bad) } else { ("succeeded", Tone::Good) };
    let at = canvas.zone.to_local(entry.created_at).to_string();
    let (zone, ago) = (canvas.zone.label(entry.created_at), time_format::ago(canvas.now, entry.created_at));
    let time = format!("{} {zone}  ({ago})", at.trim_end_matches('Z').replace('T', " "));
    let mut properties = vec![("when", time, Tone::Plain), ("outcome", outcome.to_owned(), tone)];
    let key = entry.api_key_id.map(|id| id.to_string());
    let optional = [
        ("reason", &entry.error_code, if entry.kind.is_failure() { Tone::Bad } else { Tone::Warn }),
        ("error", &entry.error, Tone::Plain),
        ("actor", &entry.actor_user_id, Tone::Strong),
        ("credential", &entry.credential_id, Tone::Plain),
        ("transaction", &entry.transaction_id, Tone::Plain),
        ("API key", &key, Tone::Plain),
    ];
    properties.extend(optional.into_iter().filter_map(|(name, value, tone)| Some((name, value.clone()?, tone))));
    let tenant = match (tenant, entry.tenant_id) {
        (_, TenantId::INSTALLATION) => "none: the installation".to_owned(),
        (Some(name), _) => name.to_owned(),
        (None, id) => id.to_string(),
    };
    properties.extend([
        ("address", entry.meta_source_ip.clone(), Tone::Plain),
        ("user agent", entry.meta_user_agent.clone(), Tone::Plain),
        ("tenant", tenant, Tone::Plain),
        ("tenant id", entry.tenant_id.to_string(), Tone::Dim),
        ("request id", entry.meta_http_request_id.clone(), Tone::Dim),
        ("entry id", entry.id.to_string(), Tone::Dim),
    ]);
    let value_width = width.saturating_sub(NAME_WIDTH);
    let mut lines = Vec::new();
    for (name, value, tone) in properties {
        let names = std::iter::once(name).chain(std::iter::repeat(""));
        lines.extend(wrap(&value, value_width).into_iter().zip(names).map(|(value, name)| {
            vec![(format!("{name:width$}", width = usize::from(NAME_WIDTH)), Tone::Dim), (value, tone)]
        }));
    }
    lines
}

/// Returns the changed values with the signs `-` and `+`, and all other details as JSON.
fn detail_lines(detail: &Value, width: u16) -> Lines {
    let (changes, rest) = config_diff::recorded(detail);
    let mut lines = Lines::new();
    let signed = |sign: &str, value: &Value, tone: Tone| {
        let text = match value {
            Value::String(text) => text.clone(),
            other => serde_json::to_string_pretty(other).unwrap_or_default(),
        };
        let texts = wrap(&text, width.saturating_sub(4));
        texts.into_iter().map(|text| vec![(format!("  {sign} {text}"), tone)]).collect::<Lines>()
    };
    for Change { path, old, new } in &changes {
        lines.extend(wrap(path, width).into_iter().map(|path| vec![(path, Tone::Strong)]));
        if let (Some(Value::Array(old)), Some(Value::Array(new))) = (old, new) {
            // Shows only the items that were removed or added.
            lines.extend(old.iter().filter(|item| !new.contains(item)).flat_map(|item| signed("-", item, Tone::Bad)));
            lines.extend(new.iter().filter(|item| !old.contains(item)).flat_map(|item| signed("+", item, Tone::Good)));
            continue;
        }
        lines.extend(old.iter().flat_map(|old| signed("-", old, Tone::Bad)));
        lines.extend(new.iter().flat_map(|new| signed("+", new, Tone::Good)));
    }
    if let Some(rest) = rest {
        let json = serde_json::to_string_pretty(&rest).unwrap_or_default();
        lines.extend(wrap(&json, width).into_iter().map(|line| vec![(line, Tone::Plain)]));
    }
    lines
}

/// Draws a note that no entry is selected.
pub(super) fn draw_none(canvas: &mut Canvas<'_>, area: Rect) {
    let inside = canvas.panel(area, "No entry is selected", false);
    canvas.paragraph(right_of(inside, 0), "Select one with the arrow keys or the mouse.", Tone::Dim);
}
