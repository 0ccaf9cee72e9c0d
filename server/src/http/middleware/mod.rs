//! Middleware around every request: request id and log line, and CORS.

pub mod cors;
pub mod refused_changes;
mod request_log;
pub mod trace;
