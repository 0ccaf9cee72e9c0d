//! Imports tenants from other systems.
//!
//! [`hanko`] reads the database of a Hanko passkey server, [`neutral`] reads a file. Both convert the data to
//! Doorward's types; `service::admin::import` writes it. A [`Report`] names everything that could not be imported.

pub mod hanko;
pub mod neutral;
mod report;

pub use self::report::{Problem, Progress, Report, TenantReport, TenantState};
