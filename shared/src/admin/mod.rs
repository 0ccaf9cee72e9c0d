//! Wire types of the admin API.

pub mod metadata;
pub mod overview;
pub mod secret;
pub mod tenant;
pub mod trust;
pub mod user;
pub mod vitals;

pub use metadata::*;
pub use overview::*;
pub use secret::*;
pub use tenant::*;
pub use trust::*;
pub use user::*;
pub use vitals::*;
