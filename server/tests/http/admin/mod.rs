//! The admin API. The files mirror its paths, but `access` and `changes` call all routes.

mod access;
mod admin_tokens;
mod audit_logs;
mod changes;
mod config_check;
mod disabled;
mod fixture;
mod key_rotation;
mod mds;
mod me;
mod overview;
mod parameters;
mod refusal_detail;
mod tenants;
mod token_scope;
mod trust;
mod users;
mod vitals;
