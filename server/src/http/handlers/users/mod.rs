//! `/{tenant_id}/users`.

mod delete;
mod signals;

pub use self::{delete::*, signals::*};
