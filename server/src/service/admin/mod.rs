//! Operations of administrators, through the admin API or on the command line. Every change writes its audit entry in
//! the same unit of work and invalidates the caches of all processes.

pub mod activity;
pub mod admin_tokens;
pub mod api_keys;
pub mod context;
pub mod disabling;
pub mod import;
pub mod installation;
pub mod master_key_rotation;
pub mod metadata;
pub mod overview;
pub mod precondition;
pub mod refused_changes;
pub mod sealed_formats;
pub mod signing_key_reset;
pub mod signing_keys;
pub mod tenants;
pub mod transactions;
pub mod trust;
pub mod users;
pub mod vitals;

pub use self::{
    context::AdminContext,
    precondition::{Precondition, StateVersion, TenantVersion},
};
