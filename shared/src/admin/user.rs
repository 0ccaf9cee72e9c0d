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

/// A user in a list, with what a list shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserSummary {
    /// The user.
    #[serde(flatten)]
    pub user: UserItem,
    /// How many credentials the user has.
    pub credentials: u64,
    /// When one of them last ended a ceremony.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_used_at: Option<Timestamp>,
}

/// A page of user summaries, newest first; `next` leads to the following one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserSummaryPage {
    /// The users.
    pub items: Vec<UserSummary>,
    /// How many users match the search.
    pub total: u64,
    /// What to send as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}

/// A transaction in a tenant's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TransactionSummary {
    /// The transaction.
    #[serde(flatten)]
    pub transaction: TransactionItem,
    /// The tenant's own id of the user.
    pub user_id: String,
    /// Whether the user confirmed it.
    pub confirmed: bool,
}

/// A page of transactions, newest first; `next` leads to the following one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TransactionPage {
    /// The transactions.
    pub items: Vec<TransactionSummary>,
    /// What to send as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}
