//! Wire types of the public API.

pub mod ceremony;
pub mod credential;
pub mod transaction;

pub use ceremony::*;
pub use credential::*;
pub use transaction::*;
