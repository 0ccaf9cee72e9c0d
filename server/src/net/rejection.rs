//! Responses to bytes that are not a complete HTTP/1.1 request. Such bytes do not reach the application.

use actix_http::error::ParseError;
use actix_web::http::StatusCode;
use doorward_shared::{ErrorBody, ErrorCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{peer::Peer, transport::Transport};

/// Error response to bytes that are not a complete request. The connection is closed after this response.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rejection {
    status: StatusCode,
    code: ErrorCode,
    pub(super) details: &'static str,
}

impl Rejection {
    pub(super) const HEAD_TIMEOUT: Self = Self {
        status: StatusCode::REQUEST_TIMEOUT,
        code: ErrorCode::RequestTimeout,
        details: "the head of the request did not arrive in time",
    };

    /// Response to an invalid chunk in a request body. A handler that waits for the body sends the same response.
    pub(super) const INVALID_CHUNK: Self = Self {
        status: StatusCode::BAD_REQUEST,
        code: ErrorCode::BodyMalformed,
        details: "the body ended early, or its chunked encoding is invalid",
    };

    pub(super) const TLS_REQUIRED: Self = Self {
        status: StatusCode::BAD_REQUEST,
        code: ErrorCode::RequestMalformed,
        details: "this port speaks TLS: use https://",
    };

    /// Returns the rejection for a parse error of actix-http. `is_tls` states whether the bytes are a TLS handshake.
    pub(super) fn new(error: &ParseError, is_tls: bool, peer: Peer) -> Self {
        let too_large = (
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            ErrorCode::RequestHeadTooLarge,
            "the head of the request is too large",
        );
        let (status, code, details) = match error {
            ParseError::TooLarge => too_large,
            // The path and query have more than 65 534 bytes. Only the message distinguishes this error from others.
            ParseError::Uri(error) if error.to_string() == "uri too long" => too_large,
            _ if is_tls => {
                let details = match peer {
                    Peer::Tcp(_) => "this port does not speak TLS: use http://, or the address of the reverse proxy",
                    Peer::Unix => "this Unix socket does not speak TLS: use http:// in the reverse proxy",
                };
                (StatusCode::BAD_REQUEST, ErrorCode::RequestMalformed, details)
            }
            ParseError::Version => {
                (StatusCode::BAD_REQUEST, ErrorCode::RequestMalformed, "only HTTP/1.1 and HTTP/1.0 are supported")
            }
            _ => (StatusCode::BAD_REQUEST, ErrorCode::RequestMalformed, "this is not a valid HTTP/1.1 request"),
        };
        Self { status, code, details }
    }

    pub(super) fn status(self) -> u16 {
        self.status.as_u16()
    }

    pub(super) const fn code(self) -> ErrorCode {
        self.code
    }

    fn response(self, request_id: &str) -> String {
        let body = ErrorBody {
            title: "unable to process request".to_owned(),
            details: self.details.to_owned(),
            status: self.status(),
            code: self.code,
        };
        let body = serde_json::to_string(&body).unwrap_or_default();
        format!(
            "HTTP/1.1 {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\
             cache-control: no-store\r\nx-content-type-options: nosniff\r\nx-request-id: {request_id}\r\n\r\n{body}",
            self.status,
            body.len(),
        )
    }

    /// Sends the response and waits until the client closes its side. Otherwise unread bytes could reset the connection
    /// before the client has read the response.
    pub(super) async fn send(self, mut transport: Transport, request_id: &str) -> std::io::Result<()> {
        transport.write_all(self.response(request_id).as_bytes()).await?;
        transport.shutdown().await?;
        let mut discarded = [0; 1024];
        while transport.read(&mut discarded).await? > 0 {}
        Ok(())
    }
}
