//! What handlers take as arguments. A handler that needs a key takes a [`KeyHolder`]: one without does not compile.

mod admin;
mod body;
pub mod client_ip;
mod query;
mod tenant;

pub use admin::{Administrator, Auditor, path_tenant};
pub use body::Body;
pub use query::Query;
pub use tenant::{API_KEY_HEADER, KeyHolder, Visitor};
