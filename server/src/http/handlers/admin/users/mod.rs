//! `/tenants/{tenant_id}/users` and `/tenants/{tenant_id}/user_summaries`.

mod delete;
mod delete_credential;
mod get;
mod list;
mod list_summaries;

use doorward_shared::ErrorBody;
use utoipa::IntoResponses;

use crate::{
    domain::UserSelector,
    http::{ApiError, Query, pages},
};

pub use delete::*;
pub use delete_credential::*;
pub use get::*;
pub use list::*;
pub use list_summaries::*;

/// Returns the user of a path, with the parameter `by` of the query.
pub fn selector(id: String, query: &Query) -> Result<UserSelector, ApiError> {
    Ok(UserSelector { id, by: pages::word(query, "by")? })
}

/// user is ambiguous: the id fits two users, and `by` is missing
#[derive(IntoResponses)]
#[response(status = 409)]
pub struct UserAmbiguous(pub ErrorBody);
