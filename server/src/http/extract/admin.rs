//! Callers of the admin API: bearers of an admin token.

use std::{future::Future, pin::Pin, sync::Arc};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::{StatusCode, header},
    web,
};
use doorward_shared::{AuditType, ErrorCode, TenantId, admin::Role};

use super::tenant::{delay_refusal, meta, tenant_id};
use crate::{
    app::App,
    http::{ApiError, Operation},
    service::{
        ServiceError,
        admin::{AdminContext, admin_tokens},
        audit,
    },
};

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

/// A caller who may read everything: any admin token.
#[derive(Debug)]
pub struct Auditor {
    pub context: AdminContext,
    pub role: Role,
}

/// A caller who may change everything: a token with the role `admin`.
#[derive(Debug)]
pub struct Administrator {
    pub context: AdminContext,
}

impl FromRequest for Auditor {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { authenticate(&request, Role::Auditor).await })
    }
}

impl FromRequest for Administrator {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self { context: authenticate(&request, Role::Admin).await?.context }) })
    }
}

/// Parses the tenant id in a path of the admin API.
pub fn path_tenant(text: &str) -> Result<TenantId, ApiError> {
    tenant_id(text)
}

async fn authenticate(request: &HttpRequest, needed: Role) -> Result<Auditor, ApiError> {
    let app: Arc<App> = request
        .app_data::<web::Data<App>>()
        .map(|data| Arc::clone(data))
        .ok_or_else(|| ApiError::internal("the server was built without its App"))?;
    let failed = |failure: ServiceError| ApiError::of(Operation::Other, failure);
    let presented = bearer(request);
    let found = admin_tokens::recognise(&app, presented, app.clock.now()).await.map_err(failed)?;
    let meta = meta(request);
    let token = match found {
        Ok(token) => token,
        Err(rejected) => {
            let code = ErrorCode::AdminTokenInvalid;
            // The limit bounds the audit entries and the number of delayed responses.
            app.rate_limits.count_address(&meta.source_ip).map_err(ApiError::rate_limited)?;
            reject(&app, &meta, None, code, rejected.reason()).await.map_err(failed)?;
            delay_refusal(&app).await;
            return Err(ApiError::new(StatusCode::UNAUTHORIZED, code, "The admin token is missing or invalid", "")
                .with_header(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer")));
        }
    };
    if needed == Role::Admin && token.role != Role::Admin {
        let reason = "an auditor's token changes nothing";
        reject(&app, &meta, Some(token.name), ErrorCode::Forbidden, reason).await.map_err(failed)?;
        return Err(ApiError::new(StatusCode::FORBIDDEN, ErrorCode::Forbidden, "forbidden", reason));
    }
    app.key_usage.token_used(token.id, app.clock.now());
    Ok(Auditor { role: token.role, context: AdminContext { actor: token.name, app, meta } })
}

/// Returns the bearer token of the request (RFC 6750 §2.1).
fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

async fn reject(
    app: &App,
    meta: &crate::domain::RequestMeta,
    name: Option<String>,
    code: ErrorCode,
    reason: &str,
) -> Result<(), ServiceError> {
    let kind = AuditType::AdminTokenRejected;
    let event = audit::event(app, TenantId::INSTALLATION, meta, kind, app.clock.now())?.by(name).error(code, reason);
    app.db.write(move |connection| event.write(connection)).await?;
    Ok(())
}
