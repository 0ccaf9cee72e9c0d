//! Code that the extractors of callers share.

use std::sync::Arc;

use actix_web::{HttpRequest, web};

use crate::{app::App, http::ApiError};

pub(super) fn app(request: &HttpRequest) -> Result<Arc<App>, ApiError> {
    let data = request.app_data::<web::Data<App>>();
    data.map(|data| Arc::clone(data)).ok_or_else(|| ApiError::internal("the server was built without its App"))
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
