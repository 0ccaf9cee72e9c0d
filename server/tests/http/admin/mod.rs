//! The admin API. The files mirror the paths of the API, except `access` and `changes`, which call all routes.

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
