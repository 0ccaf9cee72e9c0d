//! Callers of the public API: a tenant's backend with its API key, or a visitor without one.

use std::sync::Arc;

use actix_web::{HttpMessage as _, HttpRequest, http::StatusCode};
use doorward_shared::{ApiKeyId, AuditType, ErrorCode, TenantId};

use super::{
    caller::{app, from_request, single_header},
    query_names::refuse_repeated,
};
use crate::{
    app::App,
    clock::random,
    domain::RequestMeta,
    http::ApiError,
    service::{
        RequestContext, audit,
        auth::{self, CountedAgainst, Identity, KeyRejection},
        tenant_cache::TenantSnapshot,
    },
};

/// Header in which a tenant's backend sends its API key.
pub const API_KEY_HEADER: &str = "apiKey";

/// Any caller of a tenant that exists and is enabled. Without a valid API key, the caller is rate-limited.
#[derive(Debug)]
pub struct Visitor {
    pub context: RequestContext,
    identity: Identity,
}

/// A caller who presented a valid API key of the tenant.
#[derive(Debug)]
pub struct KeyHolder {
    pub context: RequestContext,
    pub key: ApiKeyId,
}

impl Visitor {
    async fn extract(request: &HttpRequest) -> Result<Self, ApiError> {
        let visitor = identify(request, CountedAgainst::AddressAndTenant).await?;
        auth::require_enabled_tenant(&visitor.context).await?;
        Ok(visitor)
    }

    /// Requires a valid API key. `login/initialize` calls this if the body contains a user id.
    pub async fn into_key_holder(self) -> Result<KeyHolder, ApiError> {
        let missing = ApiError::new(StatusCode::UNAUTHORIZED, ErrorCode::ApiKeyMissing, "api key is missing", "");
        self.require_key(missing).await
    }

    /// Requires a valid API key, because the body contains the optional member `member`. Without a key, the response is
    /// 400 and not 401, because a request without this member needs no key.
    pub async fn into_key_holder_for(self, member: &str) -> Result<KeyHolder, ApiError> {
        let details = format!("{member} needs the tenant's API key");
        let (status, title) = (StatusCode::BAD_REQUEST, "unable to validate request");
        self.require_key(ApiError::new(status, ErrorCode::ApiKeyMissing, title, details)).await
    }

    /// Returns the holder of a valid key. Otherwise writes an audit entry and returns an error: `if_missing` if there
    /// is no key, and a 401 error if the key is not valid.
    async fn require_key(self, if_missing: ApiError) -> Result<KeyHolder, ApiError> {
        let rejection = match self.identity {
            Identity::ApiKey(key) => return Ok(KeyHolder { context: self.context, key }),
            Identity::Anonymous(rejection) => rejection,
        };
        auth::record_rejection(&self.context, rejection).await?;
        delay_refusal(&self.context.app).await;
        Err(match rejection.reason {
            KeyRejection::Missing => if_missing,
            KeyRejection::Disabled => ApiError::api_key_disabled(),
            _ => ApiError::api_key_invalid(),
        })
    }
}

impl KeyHolder {
    async fn extract(request: &HttpRequest) -> Result<Self, ApiError> {
        // The title is the same as for an invalid key, because clients compare titles.
        let missing = ApiError::new(StatusCode::UNAUTHORIZED, ErrorCode::ApiKeyMissing, "The api key is invalid", "");
        let caller = Visitor::extract(request).await?.require_key(missing).await?;
        refuse_repeated(request)?;
        Ok(caller)
    }

    /// Returns the result of a read. If the target of the read does not exist, writes an audit entry first. A read with
    /// invalid parameters writes no entry. Operations that change data write their own entries.
    ///
    /// # Errors
    /// The refusal of the read, or the database error if the audit entry could not be written.
    pub async fn recorded<T>(&self, result: Result<T, ApiError>) -> Result<T, ApiError> {
        let error = match result {
            Err(error) if error.status().is_client_error() && error.status() != StatusCode::BAD_REQUEST => error,
            other => return other,
        };
        audit::reject(&self.context, AuditType::RequestRejected, error.code(), error.reason(), &error.detail()).await?;
        Err(error)
    }
}

from_request!(Visitor, KeyHolder, DocumentReader);

/// Reader of a document that the tenant publishes. Like [`Visitor`], but the tenant's rate limit does not apply, and
/// the tenant may be disabled: verifiers need the tenant's public keys until the tenant's last token has expired.
#[derive(Debug)]
pub struct DocumentReader {
    pub context: RequestContext,
}

impl DocumentReader {
    async fn extract(request: &HttpRequest) -> Result<Self, ApiError> {
        Ok(Self { context: identify(request, CountedAgainst::Address).await?.context })
    }
}

async fn identify(request: &HttpRequest, counted: CountedAgainst) -> Result<Visitor, ApiError> {
    let presented = single_header(request, API_KEY_HEADER)?;
    let mut context = context(request).await?;
    match auth::identify(&context, presented, counted) {
        Ok(identity) => {
            context.meta.api_key = identity.verified_key();
            Ok(Visitor { context, identity })
        }
        Err(error) => {
            let error = ApiError::from(error);
            if error.code() == ErrorCode::RateLimited {
                delay_refusal(&context.app).await;
            }
            Err(error)
        }
    }
}

pub fn path_tenant(text: &str) -> Result<TenantId, ApiError> {
    text.parse().map_err(|_| {
        let title = "tenant_id must be a valid uuid4";
        ApiError::new(StatusCode::BAD_REQUEST, ErrorCode::TenantIdInvalid, title, "")
    })
}

/// Returns the request's metadata, which the outermost middleware stored.
pub(super) fn meta(request: &HttpRequest) -> RequestMeta {
    request.extensions().get::<RequestMeta>().cloned().unwrap_or_default()
}

/// Delays the response to a request without a valid key. This slows down clients that retry without a pause. The delay
/// is random, between one and two times the configured delay, so that clients do not all retry at the same time.
pub(super) async fn delay_refusal(app: &App) {
    let delay = app.settings.wrong_key_delay;
    let [fraction] = random(app.entropy.as_ref()).unwrap_or_default();
    tokio::time::sleep(delay + delay * u32::from(fraction) / 256).await;
}

async fn context(request: &HttpRequest) -> Result<RequestContext, ApiError> {
    let app = app(request)?;
    let id = path_tenant(request.match_info().get("tenant_id").unwrap_or_default())?;
    if request.extensions().get::<UnknownTenant>().is_some() {
        return Err(tenant_not_found());
    }
    let meta = meta(request);
    let found = find_tenant(&app, id, &meta, request.headers().contains_key(API_KEY_HEADER)).await?;
    let Some(tenant) = found else { return Err(unknown_tenant(&app, &meta).await) };
    Ok(RequestContext { app, tenant, meta })
}

/// Returns the tenant, or `None` if it does not exist.
///
/// # Errors
/// 429 if the tenant is not cached, the address is above its rate limit, and the request has no key. In this case, the
/// database is not read, because the request would be refused anyway. If a request from such an address has a key, the
/// tenant is read, because the server can verify the key only after this read. These reads run one at a time.
pub async fn find_tenant(
    app: &App,
    id: TenantId,
    meta: &RequestMeta,
    has_key: bool,
) -> Result<Option<Arc<TenantSnapshot>>, ApiError> {
    if let Some(found) = app.cached_tenant(id) {
        return Ok(found);
    }
    let Some(wait) = app.rate_limits.wait_of(&meta.source_ip) else { return Ok(app.tenant(id).await?) };
    if !has_key {
        delay_refusal(app).await;
        return Err(ApiError::rate_limited(wait));
    }
    let _permit = app.rate_limits.limited_reads.acquire().await;
    Ok(app.tenant(id).await?)
}

/// Request extension: the request is to an unknown tenant and was already counted against the rate limit.
#[derive(Debug, Clone, Copy)]
pub struct UnknownTenant;

/// Counts a request to an unknown tenant against the rate limit of the caller's address, even if the request has a key.
/// Returns a 404 error, or a 429 error if the address is above its rate limit.
pub async fn unknown_tenant(app: &App, meta: &RequestMeta) -> ApiError {
    match app.rate_limits.count_address(&meta.source_ip) {
        Ok(()) => tenant_not_found(),
        Err(seconds) => {
            delay_refusal(app).await;
            ApiError::rate_limited(seconds)
        }
    }
}

fn tenant_not_found() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, ErrorCode::TenantNotFound, "tenant not found", "")
}
