//! `/{tenant_id}/transaction`.

mod finalize;
mod initialize;
mod list;

pub use finalize::*;
pub use initialize::*;
pub use list::*;
