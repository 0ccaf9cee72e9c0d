//! `/{tenant_id}/token`.

mod redeem;

pub use self::redeem::*;
