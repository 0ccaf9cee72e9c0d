//! The admin API. The files mirror its paths, except `access` and `changes`, which call every route of the table.

mod access;
mod audit_logs;
mod changes;
mod config_check;
mod fixture;
mod me;
mod overview;
mod users;
