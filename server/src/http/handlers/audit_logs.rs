//! Audit logs: pages, cursors, exports.

use actix_web::{HttpRequest, HttpResponse};
use doorward_shared::{AuditId, ErrorBody, TenantId, Timestamp, audit::AuditLogItem, audit::AuditOutcome};

use crate::{
    app::App,
    domain::audit::{AuditCursor, AuditFilter},
    http::{
        ApiError, Operation,
        extract::{KeyHolder, Query},
        handlers::audit_export,
        pages,
    },
    service::audit_logs::{self, Log},
};

/// The tenant's audit log, newest first.
///
/// Numbered pages answer `X-Total-Count` and `Link`. With `after` or `before`, an entry's id, the entries newer (oldest
/// first) or older (newest first) than that one: cheap enough to poll, and without a total. `format` exports all that
/// match as NDJSON or CSV.
#[utoipa::path(
    get,
    path = "/{tenant_id}/audit_logs",
    tag = "Audit",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
        ("page" = Option<u32>, Query, description = "number of the page, from 1"),
        ("per_page" = Option<u32>, Query, description = "rows on a page, 1 to 100, 20 when absent"),
        ("start_time" = Option<String>, Query, description = "RFC 3339; entries not before"),
        ("end_time" = Option<String>, Query, description = "RFC 3339; entries before (exclusive)"),
        ("type" = Option<String>, Query, description = "types of entries, repeated or comma-separated"),
        ("outcome" = Option<AuditOutcome>, Query, description = "only what was done, or only what was refused"),
        ("actor_user_id" = Option<String>, Query, description = "part of the actor"),
        ("meta_source_ip" = Option<String>, Query, description = "part of the source address"),
        ("q" = Option<String>, Query, description = "part of the actor or of the source address"),
        ("after" = Option<AuditId>, Query, description = "entries newer than this one, oldest first"),
        ("before" = Option<AuditId>, Query, description = "entries older than this one, newest first"),
        ("format" = Option<String>, Query, description = "ndjson or csv: everything that matches, oldest first"),
    ),
    responses(
        (status = 200, description = "a page of the log, or with `format` all of it", content(
            (Vec<AuditLogItem> = "application/json"),
            (String = "application/x-ndjson"),
            (String = "text/csv"),
        )),
        (status = 400, description = "unable to validate request", body = ErrorBody),
        (status = 401, description = "The api key is invalid", body = ErrorBody),
        (status = 404, description = "tenant not found", body = ErrorBody),
    ),
    security(("apiKey" = [])),
)]
pub async fn list(caller: KeyHolder, request: HttpRequest, query: Query) -> Result<HttpResponse, ApiError> {
    let answered = answer(&caller.call.app, Log::Own(caller.call.tenant.id()), request.path(), &query).await;
    caller.recorded(answered).await
}

/// Answers a question about a tenant's log, or about all logs, for both APIs.
///
/// # Errors
/// 400 for parameters that cannot be used.
pub async fn answer(app: &std::sync::Arc<App>, log: Log, path: &str, query: &Query) -> Result<HttpResponse, ApiError> {
    let (page, filter) = (pages::request(query)?, filter(query)?);
    if let Some(format) = query.get("format").filter(|format| !format.is_empty() && *format != "json") {
        return audit_export::stream(app, log, filter, format).await;
    }
    let failed = |failure| ApiError::of(Operation::Other, failure);
    if let Some(cursor) = cursor(query)? {
        let entries = audit_logs::slice(app, log, filter, cursor, page.per_page).await.map_err(failed)?;
        return Ok(HttpResponse::Ok().json(entries));
    }
    let found = audit_logs::page(app, log, filter, page).await.map_err(failed)?;
    Ok(pages::part(path, query, page, &found.items, found.total))
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

fn filter(query: &Query) -> Result<AuditFilter, ApiError> {
    let text = |name: &str| query.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let time = |name: &str| {
        text(name)
            .map(|text| {
                // A `+` of a zone offset that was not escaped arrives as a space.
                text.replace(' ', "+").parse::<Timestamp>().map_err(|why| ApiError::query(format!("{name}: {why}")))
            })
            .transpose()
    };
    let kinds = query
        .list("type")
        .map(|word| word.parse().map_err(|_| ApiError::query(format!("type: `{word}` is no type of audit entry"))))
        .collect::<Result<_, _>>()?;
    let outcome = text("outcome")
        .map(|word| word.parse().map_err(|_| ApiError::query("outcome must be succeeded or failed")))
        .transpose()?;
    Ok(AuditFilter {
        outcome,
        start: time("start_time")?,
        end: time("end_time")?,
        kinds,
        actor: text("actor_user_id"),
        source_ip: text("meta_source_ip"),
        text: text("q"),
    })
}
