//! The admin API: the files mirror its paths.

mod audit_logs;
mod config_check;
mod me;
mod overview;
mod users;
