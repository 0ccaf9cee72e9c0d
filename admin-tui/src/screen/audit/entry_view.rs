//! Drawing of a complete audit entry.

use doorward_shared::{TenantId, audit::AdminAuditLogItem};
use ratatui::layout::Rect;

use crate::{
    time_format,
    ui::{Canvas, Tone, below},
};

pub(super) fn draw(canvas: &mut Canvas<'_>, row: &AdminAuditLogItem, tenant: Option<&str>, area: Rect) {
    let entry = &row.entry;
    let inside = canvas.panel(area, entry.kind.as_str(), false);
    let (outcome, tone) = if entry.kind.is_failure() { ("failed", Tone::Bad) } else { ("succeeded", Tone::Good) };
    let time = format!("{}  ({})", entry.created_at, time_format::ago(canvas.now, entry.created_at));
    let mut details = vec![("when", time, Tone::Plain), ("outcome", outcome.to_owned(), tone)];
    let optional = [
        ("reason", &entry.error_code, Tone::Bad),
        ("error", &entry.error, Tone::Plain),
        ("actor", &entry.actor_user_id, Tone::Strong),
        ("credential", &entry.credential_id, Tone::Plain),
        ("transaction", &entry.transaction_id, Tone::Plain),
    ];
    details.extend(optional.into_iter().filter_map(|(name, value, tone)| Some((name, value.clone()?, tone))));
    let tenant = match (tenant, entry.tenant_id) {
        (_, TenantId::INSTALLATION) => "none: the installation".to_owned(),
        (Some(name), _) => name.to_owned(),
        (None, id) => id.to_string(),
    };
    details.extend([
        ("address", entry.meta_source_ip.clone(), Tone::Plain),
        ("user agent", entry.meta_user_agent.clone(), Tone::Plain),
        ("tenant", tenant, Tone::Plain),
        ("tenant id", entry.tenant_id.to_string(), Tone::Dim),
        ("request id", entry.meta_http_request_id.clone(), Tone::Dim),
        ("entry id", entry.id.to_string(), Tone::Dim),
    ]);
    let used = canvas.details(inside, &details);
    if let Some(detail) = &entry.detail {
        let json = serde_json::to_string_pretty(detail).unwrap_or_default();
        canvas.paragraph(below(inside, used + 1), &json, Tone::Plain);
    }
}
