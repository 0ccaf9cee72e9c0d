//! Wire types of the public API.

pub mod ceremony;
pub mod credential;
pub mod jwks;
pub mod related_origins;
pub mod signals;
pub mod token;
pub mod transaction;

pub use ceremony::*;
pub use credential::*;
pub use jwks::*;
pub use related_origins::*;
pub use signals::*;
pub use token::*;
pub use transaction::*;
