//! `/{tenant_id}/login`, and what holds of every assertion.

mod backup;
mod counter;
mod finalize;
mod initialize;
mod user_handle;
