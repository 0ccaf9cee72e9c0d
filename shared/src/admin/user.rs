//! A tenant's users.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp, UserId,
    public::{CredentialItem, TransactionItem},
};

/// A user in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserItem {
    /// Doorward's id of the user.
    pub id: UserId,
    /// The tenant's own id (`user_id` of the public API).
    pub user_id: String,
    /// The name the user signs in with.
    pub name: String,
    /// URL of the user's picture.
    pub icon: String,
    /// The user's name for people.
    pub display_name: String,
    /// When the user was first seen.
    pub created_at: Timestamp,
}

/// A user with credentials and transactions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserDetail {
    /// The user.
    #[serde(flatten)]
    pub user: UserItem,
    /// All credentials, newest first.
    pub credentials: Vec<CredentialItem>,
    /// The latest transactions, newest first.
    pub transactions: Vec<TransactionItem>,
}
