//! Bodies: bounded in size and in the time they may take to arrive.

use std::{future::Future, ops::Deref, pin::Pin, time::Duration};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::StatusCode, web};
use bytes::BytesMut;
use doorward_shared::ErrorCode;
use futures_util::StreamExt as _;

use crate::{app::App, http::ApiError};

/// How many times the limit is read and thrown away before the connection is given up: without reading on, HTTP/2
/// clients would see a stream error in place of the 413.
const DRAIN_FACTOR: usize = 16;

/// The whole body of a request.
#[derive(Debug)]
pub struct Body(BytesMut);

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl FromRequest for Body {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let Some(app) = request.app_data::<web::Data<App>>() else {
            return Box::pin(async { Err(ApiError::internal("the server was built without its App")) });
        };
        let (limit, patience) = (app.settings.body_limit, app.settings.body_timeout);
        let payload = payload.take();
        Box::pin(async move {
            tokio::time::timeout(patience, read(payload, limit)).await.unwrap_or_else(|_| Err(timed_out(patience)))
        })
    }
}

async fn read(mut payload: Payload, limit: usize) -> Result<Body, ApiError> {
    let mut body = BytesMut::new();
    let mut seen = 0_usize;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| {
            let title = "unable to process request";
            ApiError::new(StatusCode::BAD_REQUEST, ErrorCode::BodyMalformed, title, "the body did not arrive whole")
        })?;
        seen = seen.saturating_add(chunk.len());
        if seen <= limit {
            body.extend_from_slice(&chunk);
        } else if seen > limit.saturating_mul(DRAIN_FACTOR) {
            break;
        }
    }
    if seen > limit {
        let details = format!("the body may have at most {limit} bytes");
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        return Err(ApiError::new(status, ErrorCode::BodyTooLarge, "unable to process request", details));
    }
    Ok(Body(body))
}

fn timed_out(patience: Duration) -> ApiError {
    let details = format!("the body did not arrive within {} s", patience.as_secs());
    ApiError::new(StatusCode::REQUEST_TIMEOUT, ErrorCode::RequestTimeout, "unable to process request", details)
}
