//! Arguments of handlers. A handler that needs an API key takes a [`KeyHolder`], which requires a valid key.

mod admin;
mod body;
mod caller;
pub mod client_ip;
mod if_match;
mod query;
mod query_names;
mod tenant;

pub use admin::{Administrator, Auditor, MetricsReader};
pub use body::Body;
pub use if_match::IfMatch;

pub use query::Query;
pub use query_names::{Parameter, PathParameters};
pub use tenant::{
    API_KEY_HEADER, DocumentReader, KeyHolder, UnknownTenant, Visitor, find_tenant, path_tenant, unknown_tenant,
};
