//! Code that the extractors of callers share.

use std::sync::Arc;

use actix_web::{HttpRequest, http::StatusCode, web};
use doorward_shared::ErrorCode;

use crate::{app::App, http::ApiError};

pub(super) fn app(request: &HttpRequest) -> Result<Arc<App>, ApiError> {
    let data = request.app_data::<web::Data<App>>();
    data.map(|data| Arc::clone(data)).ok_or_else(|| ApiError::internal("the server was built without its App"))
}

/// Returns the value of a header that may occur only once; `None` if it is missing or not ASCII.
///
/// # Errors
/// 400 if the header occurs more than once: a proxy may have checked one value, and the server would use another.
pub(super) fn single_header<'a>(request: &'a HttpRequest, name: &str) -> Result<Option<&'a str>, ApiError> {
    let mut values = request.headers().get_all(name);
    let first = values.next();
    if values.next().is_some() {
        let details = format!("the header {name} must not occur more than once");
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            ErrorCode::HeaderRepeated,
            "unable to process request",
            details,
        ));
    }
    Ok(first.and_then(|value| value.to_str().ok()))
}

/// Implements [`actix_web::FromRequest`] for types with `async fn extract(&HttpRequest) -> Result<Self, ApiError>`.
macro_rules! from_request {
    ($($caller:ty),+) => {$(
        impl actix_web::FromRequest for $caller {
            type Error = ApiError;
            type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

            fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
                let request = request.clone();
                Box::pin(async move { Self::extract(&request).await })
            }
        }
    )+};
}
pub(super) use from_request;
