//! Registrations of passkeys and second factors (WebAuthn §7.1).

pub mod finalize;
pub mod initialize;

pub use self::{finalize::finalize, initialize::initialize};
