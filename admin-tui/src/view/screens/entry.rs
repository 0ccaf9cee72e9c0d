//! The whole of an entry of an audit log.

use doorward_shared::{TenantId, audit::AdminAuditLogItem};
use ratatui::layout::Rect;

use super::pair;
use crate::{model::Tone, view::paint::Painter, when};

pub(super) fn draw(painter: &mut Painter<'_>, row: &AdminAuditLogItem, tenant: Option<&str>, area: Rect) {
    let entry = &row.entry;
    let inside = painter.panel(area, entry.kind.as_str(), false);
    let failed = entry.kind.is_failure();
    let tenant = match (tenant, entry.tenant_id) {
        (_, TenantId::INSTALLATION) => "none: the installation".to_owned(),
        (Some(name), _) => name.to_owned(),
        (None, id) => id.to_string(),
    };
    let time = entry.created_at.to_string();
    let id = entry.id.to_string();
    let tenant_id = entry.tenant_id.to_string();
    let ago = format!("{}  ({})", time, when::ago(painter.now, entry.created_at));
    let mut pairs: Vec<(&str, &str, Tone)> = vec![
        ("when", &ago, Tone::Plain),
        ("outcome", if failed { "failed" } else { "succeeded" }, if failed { Tone::Bad } else { Tone::Good }),
    ];
    let optional = |name, value: &'_ Option<String>, tone| value.clone().map(|value| (name, value, tone));
    let given = [
        optional("reason", &entry.error_code, Tone::Bad),
        optional("error", &entry.error, Tone::Plain),
        optional("actor", &entry.actor_user_id, Tone::Strong),
        optional("credential", &entry.credential_id, Tone::Plain),
        optional("transaction", &entry.transaction_id, Tone::Plain),
    ];
    pairs.extend(given.iter().flatten().map(|(name, value, tone)| (*name, value.as_str(), *tone)));
    pairs.extend([
        ("address", entry.meta_source_ip.as_str(), Tone::Plain),
        ("user agent", entry.meta_user_agent.as_str(), Tone::Plain),
        ("tenant", tenant.as_str(), Tone::Plain),
        ("tenant id", tenant_id.as_str(), Tone::Dim),
        ("request", entry.meta_http_request_id.as_str(), Tone::Dim),
        ("entry", id.as_str(), Tone::Dim),
    ]);
    let mut y = inside.y;
    for (name, value, tone) in pairs {
        y += pair(painter, inside, y, name, value, tone);
    }
    if let Some(detail) = &entry.detail {
        y += 1;
        let text = serde_json::to_string_pretty(detail).unwrap_or_default();
        for line in text.lines() {
            let rest = Rect { y, height: inside.bottom().saturating_sub(y), ..inside };
            if rest.height == 0 {
                break;
            }
            y += painter.wrapped(rest, line, Tone::Plain);
        }
    }
}
