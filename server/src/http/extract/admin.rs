//! Callers of the admin API, who send an admin token.

use std::sync::Arc;

use actix_web::{
    HttpMessage as _, HttpRequest,
    http::{Method, StatusCode, header},
};
use doorward_shared::{
    AdminTokenId, AuditType, ErrorCode, TenantId,
    admin::Role,
    counted,
    refusal::{Check, RefusalDetail},
};

use super::{
    caller::{app, from_request, single_header},
    query_names::refuse_unknown,
    tenant::{delay_refusal, meta},
};
use crate::{
    app::App,
    domain::{AdminToken, RequestMeta},
    http::{ApiError, middleware::refused_changes::ChangeAuthor},
    service::{
        Refusal, ServiceError,
        admin::{AdminContext, admin_tokens},
        audit,
    },
};

/// A caller who may read everything: a token with the role `auditor` or `admin`.
#[derive(Debug)]
pub struct Auditor {
    pub context: AdminContext,
    pub token: AdminTokenId,
    pub role: Role,
}

/// A caller who may change everything: a token with the role `admin`.
#[derive(Debug)]
pub struct Administrator {
    pub context: AdminContext,
}

/// A caller who may read the metrics: any admin token.
#[derive(Debug)]
pub struct MetricsReader {
    pub context: AdminContext,
}

impl MetricsReader {
    async fn extract(request: &HttpRequest) -> Result<Self, ApiError> {
        Ok(Self { context: authenticate(request, Role::Metrics).await?.context })
    }
}

impl Auditor {
    async fn extract(request: &HttpRequest) -> Result<Self, ApiError> {
        let caller = authenticate(request, Role::Auditor).await?;
        refuse_unknown(request)?;
        Ok(caller)
    }
}

impl Administrator {
    async fn extract(request: &HttpRequest) -> Result<Self, ApiError> {
        let context = authenticate(request, Role::Admin).await?.context;
        request.extensions_mut().insert(ChangeAuthor(context.clone()));
        refuse_unknown(request)?;
        Ok(Self { context })
    }
}

from_request!(Auditor, Administrator, MetricsReader);

async fn authenticate(request: &HttpRequest, needed: Role) -> Result<Auditor, ApiError> {
    let app = app(request)?;
    let found = admin_tokens::recognise(&app, bearer(request)?, app.clock.now()).await?;
    let meta = meta(request);
    let token = match found {
        Ok(token) => token,
        Err(rejected) => {
            let code = ErrorCode::AdminTokenInvalid;
            // The rate limit is checked first, so that it also limits the number of audit entries and of delayed
            // responses.
            app.rate_limits.count_address(&meta.source_ip).map_err(ApiError::rate_limited)?;
            reject(&app, &meta, None, code, rejected.reason.admin_token_reason(), &rejected.detail()).await?;
            delay_refusal(&app).await;
            return Err(ApiError::new(StatusCode::UNAUTHORIZED, code, "The admin token is missing or invalid", "")
                .with_header(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer")));
        }
    };
    check_scope(request, &app, &meta, &token).await?;
    if !allows(token.role, needed) {
        let reason = match token.role {
            Role::Metrics => "a token of the role metrics reads only the metrics",
            _ => "an auditor's token changes nothing",
        };
        if let Some(left_out) = app.refused_changes.admit(app.clock.now()) {
            let detail = RefusalDetail::new(Check::Role).expected([format!("role {needed}")]);
            let detail = detail.received(format!("role {}", token.role)).key(Some(token.id.uuid()));
            let detail = detail.request(request.method().as_str(), request.path()).left_out_before(left_out);
            reject(&app, &meta, Some(token.name), ErrorCode::Forbidden, reason, &detail).await?;
        }
        return Err(ApiError::new(StatusCode::FORBIDDEN, ErrorCode::Forbidden, "forbidden", reason));
    }
    app.key_usage.token_used(token.id, app.clock.now());
    let scope = token.tenants.map(Arc::new);
    Ok(Auditor { token: token.id, role: token.role, context: AdminContext { actor: token.name, app, meta, scope } })
}

/// Endpoints that a limited token may use although their path contains no tenant. Those that return lists return only
/// the token's tenants; the others return no data of tenants.
const WITHOUT_TENANT: [(&str, &str); 5] =
    [("GET", "/tenants"), ("GET", "/tenant_summaries"), ("GET", "/me"), ("GET", "/mds"), ("POST", "/config/check")];

/// Checks that a limited token may send this request. A tenant in the path must be one of the token's tenants. An
/// endpoint without a tenant in its path must be in [`WITHOUT_TENANT`].
async fn check_scope(request: &HttpRequest, app: &App, meta: &RequestMeta, token: &AdminToken) -> Result<(), ApiError> {
    let Some(scope) = &token.tenants else { return Ok(()) };
    let tenant = request.match_info().get("tenant_id").map(str::parse::<TenantId>);
    let method = if request.method() == Method::HEAD { "GET" } else { request.method().as_str() };
    match &tenant {
        Some(Ok(id)) if scope.contains(id) => return Ok(()),
        // The handler refuses a malformed id.
        Some(Err(_)) => return Ok(()),
        None if WITHOUT_TENANT.contains(&(method, request.path())) => return Ok(()),
        Some(Ok(_)) | None => {}
    }
    let reason = "the admin token may use only its own tenants";
    if let Some(left_out) = app.refused_changes.admit(app.clock.now()) {
        let detail = RefusalDetail::new(Check::Role).expected(["a token for all tenants".to_owned()]);
        let detail =
            detail.received(format!("a token for {}", counted(scope.len(), "tenant"))).key(Some(token.id.uuid()));
        let detail = detail.request(request.method().as_str(), request.path()).left_out_before(left_out);
        reject(app, meta, Some(token.name.clone()), ErrorCode::Forbidden, reason, &detail).await?;
    }
    // The response is the same whether or not the tenant exists.
    match tenant {
        Some(_) => Err(Refusal::TenantNotFound.into()),
        None => Err(ApiError::new(StatusCode::FORBIDDEN, ErrorCode::Forbidden, "forbidden", reason)),
    }
}

/// Returns the bearer token of the request (RFC 6750 §2.1).
fn bearer(request: &HttpRequest) -> Result<Option<&str>, ApiError> {
    let value = single_header(request, header::AUTHORIZATION.as_str())?;
    let token =
        value.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    Ok(token.map(|(_, token)| token.trim()).filter(|token| !token.is_empty()))
}

/// Returns whether `role` includes the rights of the role `needed`.
const fn allows(role: Role, needed: Role) -> bool {
    match role {
        Role::Admin => true,
        Role::Auditor => !matches!(needed, Role::Admin),
        Role::Metrics => matches!(needed, Role::Metrics),
    }
}

async fn reject(
    app: &App,
    meta: &RequestMeta,
    name: Option<String>,
    code: ErrorCode,
    reason: &str,
    detail: &RefusalDetail,
) -> Result<(), ServiceError> {
    let kind = AuditType::AdminTokenRejected;
    let event = audit::event(app, TenantId::INSTALLATION, meta, kind, app.clock.now())?;
    let event = event.by(name).error(code, reason, detail);
    Ok(event.write_alone(app).await?)
}
