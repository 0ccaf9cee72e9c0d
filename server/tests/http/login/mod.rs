//! `/{tenant_id}/login`, and rules of all assertions.

mod backup;
mod counter;
mod finalize;
mod initialize;
mod user_handle;
