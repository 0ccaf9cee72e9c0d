//! Exports of an audit log. Matching entries are read and streamed in slices, so that memory use stays bounded.

use std::{borrow::Cow, sync::Arc};

use actix_web::{HttpResponse, http::header};
use bytes::Bytes;
use doorward_shared::{AuditId, audit::AdminAuditLogItem};
use futures_util::{StreamExt as _, stream};

use crate::{
    app::App,
    domain::{
        RequestMeta,
        audit::{AuditCursor, AuditFilter, LogSlice},
    },
    http::{ApiError, pages},
    service::{
        ServiceError,
        audit_logs::{self, Log},
    },
};

/// Maximum number of entries in one read.
const SLICE: u32 = 500;

/// Format of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Ndjson,
    Csv,
}

impl Format {
    /// Parses the parameter `format`.
    ///
    /// # Errors
    /// 400 for a format that is neither `ndjson` nor `csv`.
    fn parse(text: &str) -> Result<Self, ApiError> {
        match text {
            "ndjson" => Ok(Self::Ndjson),
            "csv" => Ok(Self::Csv),
            other => Err(ApiError::query(format!("format: `{other}` is neither ndjson nor csv"))),
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }
}

const COLUMNS: [&str; 15] = [
    "id",
    "created_at",
    "type",
    "error_code",
    "error",
    "actor_user_id",
    "credential_id",
    "transaction_id",
    "api_key_id",
    "meta_source_ip",
    "meta_user_agent",
    "meta_http_request_id",
    "detail",
    "tenant_id",
    "tenant_name",
];

/// Streams the matching entries, oldest first. The export ends before its own audit entry. `X-Total-Count` is the
/// number of matching entries at the start of the export.
///
/// # Errors
/// 400 for a format that is neither `ndjson` nor `csv`.
pub async fn stream(
    app: &Arc<App>,
    log: Log,
    filter: AuditFilter,
    format: &str,
    meta: &RequestMeta,
    actor: Option<String>,
) -> Result<HttpResponse, ApiError> {
    let format = Format::parse(format)?;
    let (content_type, name) = match format {
        Format::Ndjson => ("application/x-ndjson", "audit.ndjson"),
        Format::Csv => ("text/csv; charset=utf-8", "audit.csv"),
    };
    let total = audit_logs::total(app, log, filter.clone()).await?;
    let end = audit_logs::record_export(app, log, meta, actor, format.as_str()).await?;
    let head = match format {
        Format::Csv => {
            let names: Vec<&str> = COLUMNS.into_iter().take(columns(log)).collect();
            Some(Bytes::from(names.join(",") + "\r\n"))
        }
        Format::Ndjson => None,
    };
    let slices = stream::try_unfold(Some(AuditId::new(uuid::Uuid::nil())), {
        let app = Arc::clone(app);
        move |after| {
            let (app, filter) = (Arc::clone(&app), filter.clone());
            async move {
                let Some(after) = after else { return Ok::<_, ApiError>(None) };
                let slice = audit_logs::slice(&app, log, filter, AuditCursor::After(after), SLICE).await;
                let complete = slice.and_then(|slice| match slice {
                    LogSlice { next: None, is_cut: true, .. } => Err(ServiceError::Unavailable(
                        "a running transaction withholds the newest audit entries".to_owned(),
                    )),
                    slice => Ok(slice),
                });
                let LogSlice { mut items, next, .. } = complete.map_err(|failure| {
                    // The status has already been sent, so the client can recognise the error only by the incomplete
                    // body.
                    tracing::error!(%failure, "an export of the audit log was aborted");
                    ApiError::from(failure)
                })?;
                let is_last = items.iter().any(|item| item.entry.id >= end);
                items.retain(|item| item.entry.id < end);
                let next = next.filter(|_| !is_last);
                Ok(Some((render(format, columns(log), &items)?, next)))
            }
        }
    });
    let body = stream::iter(head.map(Ok)).chain(slices);
    let mut response = HttpResponse::Ok();
    pages::add_total(&mut response, total);
    Ok(response
        .content_type(content_type)
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .streaming(body))
}

/// Returns the number of columns. Only exports of the admin API have the last column, the tenant's name.
const fn columns(log: Log) -> usize {
    match log {
        Log::Own(_) => COLUMNS.len() - 1,
        Log::Of(_) | Log::All => COLUMNS.len(),
    }
}

fn render(format: Format, columns: usize, rows: &[AdminAuditLogItem]) -> Result<Bytes, ApiError> {
    let mut bytes = Vec::with_capacity(rows.len() * 320);
    match format {
        Format::Ndjson => {
            for row in rows {
                let line = serde_json::to_string(row).map_err(ApiError::internal)?;
                // In compact JSON, invisible characters can occur only in strings, where an escape stands for the same
                // character.
                bytes.extend_from_slice(escape_invisible(&line).as_bytes());
                bytes.push(b'\n');
            }
        }
        Format::Csv => {
            let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut bytes);
            for row in rows {
                writer.write_record(cells(row).into_iter().take(columns)).map_err(ApiError::internal)?;
            }
            writer.flush().map_err(ApiError::internal)?;
        }
    }
    Ok(bytes.into())
}

fn cells(item: &AdminAuditLogItem) -> [String; COLUMNS.len()] {
    let row = &item.entry;
    let text = |value: &Option<String>| harmless(value.as_deref().unwrap_or_default());
    [
        row.id.to_string(),
        row.created_at.to_string(),
        row.kind.to_string(),
        text(&row.error_code),
        text(&row.error),
        text(&row.actor_user_id),
        text(&row.credential_id),
        text(&row.transaction_id),
        text(&row.api_key_id.map(|id| id.to_string())),
        harmless(&row.meta_source_ip),
        harmless(&row.meta_user_agent),
        harmless(&row.meta_http_request_id),
        harmless(&row.detail.as_ref().map(ToString::to_string).unwrap_or_default()),
        row.tenant_id.to_string(),
        text(&item.tenant_name),
    ]
}

/// Returns the text of a cell. Invisible characters are escaped, so that the text cannot control a terminal or look
/// like another text. An apostrophe is added before each part that a spreadsheet would read as a formula.
fn harmless(text: &str) -> String {
    without_formulas(&escape_invisible(text))
}

/// Replaces each character that controls a terminal or the direction of text, or is invisible, with `\uXXXX` (RFC 8259,
/// section 7).
fn escape_invisible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_invisible) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for symbol in text.chars() {
        if is_invisible(symbol) {
            let mut units = [0; 2];
            for unit in symbol.encode_utf16(&mut units) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            escaped.push(symbol);
        }
    }
    Cow::Owned(escaped)
}

const fn is_invisible(symbol: char) -> bool {
    matches!(symbol,
        // C0 controls, DEL and C1 controls.
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // Soft hyphen, directional marks, embeddings, overrides and isolates.
        | '\u{ad}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
        // Zero-width characters, line and paragraph separators, byte order mark, interlinear annotations.
        | '\u{200b}'..='\u{200d}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2065}' | '\u{feff}'
        | '\u{fff0}'..='\u{fffb}'
        // Tag characters.
        | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Adds an apostrophe before each part of a cell that a spreadsheet would read as a formula (OWASP, CSV injection).
/// Some programs also accept full-width signs as the start of a formula, ignore spaces and quotes before it, or
/// separate cells by `;`.
fn without_formulas(text: &str) -> String {
    let is_ignored = |symbol: char| symbol.is_whitespace() || matches!(symbol, '"' | '\'');
    let mut cell = String::with_capacity(text.len() + 1);
    for (index, part) in text.split(';').enumerate() {
        if index > 0 {
            cell.push(';');
        }
        // An escape at the start may stand for a byte order mark or a tab, which some programs also ignore.
        let start = part.trim_start_matches(is_ignored);
        if start.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) || start.starts_with("\\u") {
            cell.push('\'');
        }
        cell.push_str(part);
    }
    cell
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn csv_has_a_column_for_each_member_of_an_entry() {
        let id = "0198c0de-0000-7000-8000-000000000001";
        let item = serde_json::json!({
            "id": id, "type": "user_deleted", "error": "e", "error_code": "c", "meta_http_request_id": "r",
            "meta_source_ip": "192.0.2.1", "meta_user_agent": "a", "actor_user_id": "u", "credential_id": "c",
            "detail": {}, "created_at": "2026-11-28T00:00:00Z", "updated_at": "2026-11-28T00:00:00Z", "tenant_id": id,
            "transaction_id": "t", "api_key_id": id, "tenant_name": "Shop",
        });
        let item: AdminAuditLogItem = serde_json::from_value(item).unwrap();
        let json = serde_json::to_value(item).unwrap();
        let mut members: BTreeSet<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        // `updated_at` has no column, because it always equals `created_at`.
        assert!(members.remove("updated_at"));
        assert_eq!(members, BTreeSet::from(COLUMNS));
    }

    #[test]
    fn cells_never_become_formulas() {
        for text in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "＝1+1",
            " =1",
            "\u{a0}=1",
            "\u{feff}=1",
            "\u{200b}=1",
            "\u{3000}=1",
            "\"=1",
            "'=1",
        ] {
            assert!(harmless(text).starts_with('\''), "{text:?}");
            let after = harmless(&format!("a;{text}"));
            assert!(after.starts_with("a;'"), "{after:?}");
        }
        assert_eq!(harmless("alice; Mozilla/5.0 (X11; Linux) a=b"), "alice; Mozilla/5.0 (X11; Linux) a=b");
    }

    #[test]
    fn invisible_characters_become_escapes_with_the_same_value() {
        let text = "a\u{1b}[2J\u{9b}1m\u{202e}b\u{2066}\u{e0041}\u{feff}é";
        assert_eq!(harmless(text), "a\\u001b[2J\\u009b1m\\u202eb\\u2066\\udb40\\udc41\\ufeffé");
        let json = serde_json::to_string(text).unwrap();
        let escaped = escape_invisible(&json);
        assert!(!escaped.contains(is_invisible), "{escaped}");
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text);
    }
}
