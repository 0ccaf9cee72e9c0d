//! Who calls the public API: a tenant's backend with its key, or anybody.

use std::{future::Future, pin::Pin, sync::Arc};

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, http::StatusCode, web};
use doorward_shared::{ApiKeyId, AuditType, ErrorCode, TenantId};

use crate::{
    app::App,
    clock::random,
    domain::RequestMeta,
    http::{ApiError, Operation},
    service::{RequestContext, audit, auth},
};

/// The header in which a tenant's backend sends its key.
pub const API_KEY_HEADER: &str = "apiKey";

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

/// A caller of an existing tenant who has shown no key. Limited in rate, unless a key it sent was verified lately.
#[derive(Debug)]
pub struct Visitor {
    /// The call.
    pub call: RequestContext,
    presented: Option<String>,
}

/// A caller who has shown the tenant's API key.
#[derive(Debug)]
pub struct KeyHolder {
    /// The call.
    pub call: RequestContext,
    /// The key's id.
    pub key: ApiKeyId,
}

impl Visitor {
    /// Asks for the key after all, as `login/initialize` does when it names a user.
    ///
    /// # Errors
    /// 401 when it is missing or wrong.
    pub async fn into_key_holder(self) -> Result<KeyHolder, ApiError> {
        if self.presented.is_none() {
            auth::api_key(&self.call, None).await.map_err(|failure| ApiError::of(Operation::Other, failure))?;
            let code = ErrorCode::ApiKeyMissing;
            return Err(ApiError::new(StatusCode::UNAUTHORIZED, code, "api key is missing", ""));
        }
        hold(self.call, self.presented.as_deref()).await
    }
}

impl KeyHolder {
    /// Answers a read. A refused one leaves its row first; operations that change something write their own.
    ///
    /// # Errors
    /// The refusal, or what kept its row from being written: nothing is refused without a trace.
    pub async fn recorded<T>(&self, answer: Result<T, ApiError>) -> Result<T, ApiError> {
        let error = match answer {
            Err(error) if error.status().is_client_error() => error,
            other => return other,
        };
        let rejected = audit::reject(&self.call, AuditType::RequestRejected, error.code(), error.reason());
        match rejected.await {
            Ok(()) => Err(error),
            Err(failure) => Err(ApiError::of(Operation::Other, failure)),
        }
    }
}

async fn hold(call: RequestContext, presented: Option<&str>) -> Result<KeyHolder, ApiError> {
    let refused = match auth::api_key(&call, presented).await {
        Ok(Some(key)) => return Ok(KeyHolder { call, key }),
        Ok(None) => ApiError::api_key_invalid(),
        Err(failure) => ApiError::of(Operation::Other, failure),
    };
    // Whoever guesses waits, also for being told to come back later: else those who try without a pause would take the
    // processors from those whose keys are good.
    wait(&call.app).await;
    Err(refused)
}

impl FromRequest for Visitor {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let presented = presented_key(&request);
            let call = call(&request).await?;
            let known = presented.as_deref().is_some_and(|key| auth::is_remembered(&call, key));
            if !known {
                call.app.rate_limits.visit(call.tenant.id(), &call.meta.source_ip).map_err(ApiError::rate_limited)?;
            }
            Ok(Self { call, presented })
        })
    }
}

impl FromRequest for KeyHolder {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let presented = presented_key(&request);
            hold(call(&request).await?, presented.as_deref()).await
        })
    }
}

/// The tenant in a request's path.
///
/// # Errors
/// When it is no UUID.
pub(super) fn tenant_id(text: &str) -> Result<TenantId, ApiError> {
    text.parse().map_err(|_| {
        let title = "tenant_id must be a valid uuid4";
        ApiError::new(StatusCode::BAD_REQUEST, ErrorCode::TenantIdInvalid, title, "")
    })
}

/// Where the request came from, as the outermost middleware found it.
#[must_use]
pub(super) fn meta(request: &HttpRequest) -> RequestMeta {
    request.extensions().get::<RequestMeta>().cloned().unwrap_or_default()
}

/// Lets whoever was refused wait, one longer than the other: those who try at the same time do not come back at the same
/// time.
pub(super) async fn wait(app: &App) {
    let delay = app.settings.wrong_key_delay;
    let [more] = random(app.entropy.as_ref()).unwrap_or_default();
    tokio::time::sleep(delay + delay * u32::from(more) / 256).await;
}

async fn call(request: &HttpRequest) -> Result<RequestContext, ApiError> {
    let app: Arc<App> = request
        .app_data::<web::Data<App>>()
        .map(|data| Arc::clone(data))
        .ok_or_else(|| ApiError::internal("the server was built without its App"))?;
    let id = tenant_id(request.match_info().get("tenant_id").unwrap_or_default())?;
    let found = app.tenant(id).await.map_err(|failure| ApiError::of(Operation::Other, failure))?;
    let tenant =
        found.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, ErrorCode::TenantNotFound, "tenant not found", ""))?;
    Ok(RequestContext { app, tenant, meta: meta(request) })
}

fn presented_key(request: &HttpRequest) -> Option<String> {
    let value = request.headers().get(API_KEY_HEADER)?.to_str().ok()?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}
