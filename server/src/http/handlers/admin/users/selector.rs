//! The user that a path or a parameter names.

use crate::{
    domain::UserSelector,
    http::{ApiError, Query, pages},
};

/// Returns a selector for the user with this id. The parameter `by` states which kind of id this is.
pub fn user(id: String, query: &Query) -> Result<UserSelector, ApiError> {
    query.check()?;
    Ok(UserSelector { id, by: pages::word(query, "by")? })
}
