//! `/{tenant_id}/token`.

mod claims;
mod redeem;
