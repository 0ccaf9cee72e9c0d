//! `/{tenant_id}/users`.

mod delete;

pub use self::delete::*;
