//! The admin API: the files mirror its paths.

mod audit_logs;
mod me;
mod overview;
