//! `/{tenant_id}/registration` and `/{tenant_id}/mfa/registration`.

mod finalize;
mod initialize;
