//! Middleware around every request: request id and log line, and CORS.

pub mod cors;
mod request_log;
pub mod trace;
