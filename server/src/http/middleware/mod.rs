//! What surrounds every request: its identity and its log line, and who may call from a browser.

pub mod cors;
pub mod trace;
