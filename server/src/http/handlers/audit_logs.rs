//! Audit logs: pages, cursors and exports.

use actix_web::{HttpRequest, HttpResponse, http::header};
use doorward_shared::{
    ApiKeyId, AuditId, AuditType, Timestamp,
    audit::{AuditLogItem, AuditOutcome},
};

use crate::{
    app::App,
    domain::{
        RequestMeta,
        audit::{AuditCursor, EXAMINED, LogPage, LogSlice, NextPage, ShownEntries},
    },
    http::{
        ApiError, KeyHolder, Query,
        handlers::{audit_export, audit_filter},
        pages,
        responses::*,
    },
    service::audit_logs::{self, Log},
};

/// Formats of an audit log, for the OpenAPI documents.
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "documentation only; the parameter is read by name")]
enum LogFormat {
    Json,
    Ndjson,
    Csv,
}

/// Query parameters of every audit log, for the OpenAPI documents. Each exact filter can be repeated. An entry matches
/// a filter if it has one of the filter's values and none of the values of the filter's `not_` form.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documentation only; the parameters are read by name")]
pub struct AuditLogParams {
    /// Number of the page. Numbered pages end at row 10 000; `before` and `after` reach every entry.
    #[param(minimum = 1, default = 1)]
    page: Option<u32>,
    /// Entries per page. Values above the maximum mean the maximum.
    #[param(minimum = 1, maximum = 1000, default = 20)]
    per_page: Option<u32>,
    /// Entries newer than the entry with this id, oldest first.
    after: Option<AuditId>,
    /// Entries older than the entry with this id, newest first.
    before: Option<AuditId>,
    /// `ndjson` or `csv`: exports every matching entry, oldest first.
    #[param(inline)]
    format: Option<LogFormat>,
    /// Entries created at this time or later (RFC 3339).
    start_time: Option<Timestamp>,
    /// Entries created before this time (RFC 3339).
    end_time: Option<Timestamp>,
    /// Type of the entry. For several types, repeat the parameter or separate the types by commas.
    #[param(rename = "type")]
    kind: Option<Vec<AuditType>>,
    /// Excluded type. For several types, repeat the parameter or separate the types by commas.
    not_type: Option<Vec<AuditType>>,
    /// Outcome.
    #[param(max_items = 2)]
    outcome: Option<Vec<AuditOutcome>>,
    /// Excluded outcome.
    #[param(max_items = 2)]
    not_outcome: Option<Vec<AuditOutcome>>,
    /// Exact actor: the user id of a ceremony, or the name of the admin token or command of an administrative change.
    #[param(max_items = 32)]
    actor: Option<Vec<String>>,
    /// Excluded actor.
    #[param(max_items = 32)]
    not_actor: Option<Vec<String>>,
    /// Source address, or network in CIDR notation.
    #[param(max_items = 32)]
    source_ip: Option<Vec<String>>,
    /// Excluded source address or network.
    #[param(max_items = 32)]
    not_source_ip: Option<Vec<String>>,
    /// Error code.
    #[param(max_items = 32)]
    error_code: Option<Vec<String>>,
    /// Excluded error code.
    #[param(max_items = 32)]
    not_error_code: Option<Vec<String>>,
    /// Request id.
    #[param(max_items = 32)]
    request_id: Option<Vec<String>>,
    /// Excluded request id.
    #[param(max_items = 32)]
    not_request_id: Option<Vec<String>>,
    /// Credential id.
    #[param(max_items = 32)]
    credential_id: Option<Vec<String>>,
    /// Excluded credential id.
    #[param(max_items = 32)]
    not_credential_id: Option<Vec<String>>,
    /// Transaction id.
    #[param(max_items = 32)]
    transaction_id: Option<Vec<String>>,
    /// Excluded transaction id.
    #[param(max_items = 32)]
    not_transaction_id: Option<Vec<String>>,
    /// Id of the API key that made the request.
    #[param(max_items = 32)]
    api_key_id: Option<Vec<ApiKeyId>>,
    /// Excluded id of an API key.
    #[param(max_items = 32)]
    not_api_key_id: Option<Vec<ApiKeyId>>,
    /// Substring of the actor; ASCII letters match in either case.
    actor_user_id: Option<String>,
    /// Substring of the source address.
    meta_source_ip: Option<String>,
    /// Substring of the actor or of the source address.
    q: Option<String>,
    /// Only in links to the next page: range of entries that this page skips, because an earlier page contained them.
    shown: Option<String>,
}

/// Lists the tenant's audit log, newest entries first.
///
/// Entries are sorted by the time of their commit, not by `created_at`, which is the time of the request. The two
/// orders can differ slightly, and more after a correction of the server's clock. A request examines at most 10 000
/// entries. If it stops there, the page may be short or empty. Every page except the last one has a `Link` to the next
/// page. `X-Total-Count` is exact without filters and for filters by type, outcome and whole UTC days; otherwise it may
/// be a lower bound, which `X-Total-Count-Relation: gte` marks. Pages by cursor (`after`, `before`) have no total, and
/// their cost does not depend on their position in the log.
#[utoipa::path(
    get,
    path = "/{tenant_id}/audit_logs",
    tag = "Audit",
    params(AuditLogParams),
    responses(
        (status = 200, description = "a page of the log, or with `format` all of it", content(
            (Vec<AuditLogItem> = "application/json"),
            (String = "application/x-ndjson"),
            (String = "text/csv"),
        )),
        InvalidQuery,
        KeyHolderErrors,
        TenantNotFound,
    ),
)]
pub async fn list(caller: KeyHolder, request: HttpRequest, query: Query) -> Result<HttpResponse, ApiError> {
    let context = &caller.context;
    let log = Log::Own(context.tenant.id());
    let response = respond(&context.app, log, &context.meta, None, request.path(), &query).await;
    caller.recorded(response).await
}

/// Returns a page or an export of a log, for both APIs. An export writes an audit entry with `meta` and `actor`.
pub async fn respond(
    app: &std::sync::Arc<App>,
    log: Log,
    meta: &RequestMeta,
    actor: Option<String>,
    path: &str,
    query: &Query,
) -> Result<HttpResponse, ApiError> {
    let (page, filter) = (pages::request(query)?, audit_filter::read(query)?);
    if let Some(format) = query.get("format").filter(|format| !format.is_empty() && *format != "json") {
        return audit_export::stream(app, log, filter, format, meta, actor).await;
    }
    if let Some(cursor) = cursor(query)? {
        let slice = audit_logs::slice(app, log, filter, cursor, page.per_page).await?;
        let LogSlice { items, next, .. } = slice;
        let name = if matches!(cursor, AuditCursor::After(_)) { "after" } else { "before" };
        let mut response = HttpResponse::Ok();
        if let Some(id) = next {
            response.insert_header((header::LINK, pages::cursor_link(path, query, name, &id.to_string())));
        }
        return Ok(response.json(items));
    }
    if page.offset() >= EXAMINED as i64 {
        return Err(ApiError::query(format!(
            "page {} begins after row {EXAMINED}, where numbered pages end; continue with `before` and the id of an entry",
            pages::requested(query)
        )));
    }
    let LogPage { items, total, next } = audit_logs::page(app, log, filter, page).await?;
    let cursor = match next {
        Some(NextPage::Before(id)) => Some(pages::cursor_link(path, query, "before", &id.to_string())),
        Some(NextPage::BeforeWithout(id, ShownEntries { oldest, newest })) => {
            let shown = query.with(audit_filter::SHOWN, format!("{oldest}..{newest}"));
            Some(pages::cursor_link(path, &shown, "before", &id.to_string()))
        }
        Some(NextPage::Number) | None => None,
    };
    let links = pages::links(path, query, page, total, next == Some(NextPage::Number), cursor);
    let mut response = HttpResponse::Ok();
    pages::add_total(&mut response, total);
    Ok(response.insert_header((header::LINK, links)).json(items))
}

fn cursor(query: &Query) -> Result<Option<AuditCursor>, ApiError> {
    let id = |name: &str| {
        let text = query.get(name).filter(|text| !text.is_empty());
        text.map(|text| {
            text.parse::<AuditId>().map_err(|_| ApiError::query(format!("{name} must be the id of an entry")))
        })
        .transpose()
    };
    match (id("after")?, id("before")?) {
        (Some(_), Some(_)) => Err(ApiError::query("after and before exclude each other")),
        (Some(after), None) => Ok(Some(AuditCursor::After(after))),
        (None, Some(before)) => Ok(Some(AuditCursor::Before(before))),
        (None, None) => Ok(None),
    }
}
