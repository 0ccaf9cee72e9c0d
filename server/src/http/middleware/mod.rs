//! Middleware: request id and log line of every request, CORS, and audit entries of refused changes.

pub mod cors;
pub mod refused_changes;
mod request_log;
pub mod trace;
