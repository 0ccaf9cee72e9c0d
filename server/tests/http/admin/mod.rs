//! The admin API: the files mirror its paths, but for `access` and `changes`, which call every row of the table.

mod access;
mod audit_logs;
mod changes;
mod config_check;
mod me;
mod overview;
mod setting;
mod users;
