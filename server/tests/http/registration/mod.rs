//! `/{tenant_id}/registration` and `/{tenant_id}/mfa/registration`.

mod algorithms;
mod conditional;
mod finalize;
mod initialize;
mod trust;
