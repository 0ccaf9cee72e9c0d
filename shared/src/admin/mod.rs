//! Wire types of the admin API.

pub mod secret;
pub mod tenant;
pub mod user;

pub use secret::*;
pub use tenant::*;
pub use user::*;
