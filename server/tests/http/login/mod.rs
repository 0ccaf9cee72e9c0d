//! `/{tenant_id}/login`, and the rules that apply to every assertion.

mod backup;
mod counter;
mod finalize;
mod initialize;
mod user_handle;
