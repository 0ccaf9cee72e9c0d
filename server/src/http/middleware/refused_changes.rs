//! Middleware of the admin API: writes the audit entry of a refused change.

use actix_web::{
    Error, HttpMessage as _,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::StatusCode,
    middleware::Next,
};
use doorward_shared::{ErrorCode, refusal::RefusalDetail};

use crate::{
    http::ApiError,
    service::admin::{
        AdminContext,
        refused_changes::{self, RefusedChange},
    },
};

/// The administrator who requested a change. Only the extractor `Administrator` sets this value, so refused reads write
/// no audit entry.
#[derive(Debug, Clone)]
pub struct ChangeAuthor(pub AdminContext);

/// Handles a request, and writes an audit entry if the request is a refused change.
pub async fn record_refused_change(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let response = next.call(request).await?.map_into_boxed_body();
    let author = response.request().extensions().get::<ChangeAuthor>().cloned();
    let recorded = match (author, refusal(&response)) {
        (Some(ChangeAuthor(context)), Some((error, details, detail))) => {
            let request = response.request();
            let refused = RefusedChange {
                tenant: request.match_info().get("tenant_id").and_then(|id| id.parse().ok()),
                method: request.method().as_str(),
                path: request.path(),
                code: error,
                reason: &details,
                detail,
            };
            refused_changes::record(&context, refused).await
        }
        _ => Ok(()),
    };
    match recorded {
        Ok(()) => Ok(response),
        Err(failed) => {
            let (request, _) = response.into_parts();
            Ok(ServiceResponse::from_err(ApiError::from(failed), request).map_into_boxed_body())
        }
    }
}

/// Returns the error code, reason and failed check if the response is a refusal; `None` for other responses. Also
/// returns `None` for a refusal whose audit entry is written elsewhere, such as the refusal of a wrong token.
fn refusal(response: &ServiceResponse<BoxBody>) -> Option<(ErrorCode, String, RefusalDetail)> {
    let error = response.response().error()?.as_error::<ApiError>()?;
    let recorded_elsewhere = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS];
    let is_refusal = error.status().is_client_error() && !recorded_elsewhere.contains(&error.status());
    is_refusal.then(|| (error.code(), error.reason().to_owned(), error.detail()))
}
