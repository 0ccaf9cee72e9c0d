//! Second factors: `/{tenant_id}/mfa`.

mod login_finalize;
mod login_initialize;
mod registration_finalize;
mod registration_initialize;

pub use login_finalize::*;
pub use login_initialize::*;
pub use registration_finalize::*;
pub use registration_initialize::*;
