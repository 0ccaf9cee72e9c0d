//! Bodies: bounded in size and in the time they may take to arrive.

use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use bytes::BytesMut;
use futures_util::StreamExt as _;

use crate::{app::App, domain::json::is_deeper, http::ApiError, service::Refusal};

/// Multiple of the size limit that is read and discarded, so that the client finishes sending and reads the 413
/// response instead of a connection reset.
const DRAIN_FACTOR: usize = 16;

/// The whole body of a request, or why there is none.
#[derive(Debug)]
pub struct Body {
    bytes: Result<BytesMut, Refusal>,
    max_depth: usize,
}

impl Body {
    /// The bytes.
    ///
    /// # Errors
    /// [`Refusal::BodyTooLarge`], [`Refusal::BodyTooSlow`], [`Refusal::Malformed`] for a body that broke off or is JSON
    /// nested deeper than the operator allows. Left to the operation, whose audit row says so.
    pub fn bytes(&self) -> Result<&[u8], Refusal> {
        let bytes = self.bytes.as_ref().map_err(Clone::clone)?;
        if is_deeper(bytes, self.max_depth) {
            let reason = format!("the JSON is nested deeper than {} levels", self.max_depth);
            return Err(Refusal::Malformed(reason));
        }
        Ok(bytes)
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
        let max_depth = app.settings.json_depth;
        let payload = payload.take();
        Box::pin(async move {
            let read = tokio::time::timeout(patience, read(payload, limit)).await;
            let bytes = read.unwrap_or_else(|_| {
                let reason = format!("the body did not arrive within {} s", patience.as_secs());
                Err(Refusal::BodyTooSlow(reason))
            });
            Ok(Self { bytes, max_depth })
        })
    }
}

async fn read(mut payload: Payload, limit: usize) -> Result<BytesMut, Refusal> {
    let mut body = BytesMut::new();
    let mut seen = 0_usize;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Refusal::Malformed("the body did not arrive whole".to_owned()))?;
        seen = seen.saturating_add(chunk.len());
        if seen <= limit {
            body.extend_from_slice(&chunk);
        } else if seen > limit.saturating_mul(DRAIN_FACTOR) {
            break;
        }
    }
    if seen > limit {
        return Err(Refusal::BodyTooLarge(format!("the body may have at most {limit} bytes")));
    }
    Ok(body)
}
