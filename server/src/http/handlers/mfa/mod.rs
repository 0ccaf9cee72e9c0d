//! `/{tenant_id}/mfa`.

pub mod login_finalize;
pub mod login_initialize;
pub mod registration_finalize;
pub mod registration_initialize;
