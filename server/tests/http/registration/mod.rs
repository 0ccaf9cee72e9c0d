//! `/{tenant_id}/registration` and `/{tenant_id}/mfa/registration`.

mod algorithms;
mod finalize;
mod initialize;
mod trust;
