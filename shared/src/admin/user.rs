//! Users of a tenant, and their transactions, in the admin API.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp, UserId,
    public::{CredentialItem, TransactionItem},
};

text_enum! {
    /// Which of a user's ids a request contains.
    pub enum UserIdKind ("kind of user id") {
        /// The internal id: Doorward's UUID of the user.
        Id => "id",
        /// The user id (`user_id` of the public API): the application's own id for the user.
        UserId => "user_id",
    }
}

/// A user in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserItem {
    /// Internal id: Doorward's UUID of the user.
    pub id: UserId,
    /// The user id (`user_id` of the public API): the application's own id for the user.
    pub user_id: String,
    /// Name with which the user signs in.
    pub name: String,
    /// URL of the user's picture.
    pub icon: String,
    /// Display name of the user.
    pub display_name: String,
    /// Time of the first registration.
    pub created_at: Timestamp,
    /// Time at which an administrator disabled the user. Absent while the user is enabled.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub disabled_at: Option<Timestamp>,
}

/// A user with its credentials and transactions.
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

/// A user in a list, with the number of credentials and the time of the last use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserSummary {
    /// The user.
    #[serde(flatten)]
    pub user: UserItem,
    /// Number of credentials.
    pub credentials: u64,
    /// Time at which one of the credentials was last used in a completed ceremony.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_used_at: Option<Timestamp>,
}

/// A page of user summaries, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserSummaryPage {
    /// The users.
    pub items: Vec<UserSummary>,
    /// Number of users that match the search. While `next` is present, only the matches found so far are counted.
    pub total: u64,
    /// Cursor of the next page, to be sent as `after`. Absent on the last page.
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
    /// User id: the application's own id for the user.
    pub user_id: String,
    /// Whether the user confirmed the transaction.
    pub confirmed: bool,
}

/// A page of transactions, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TransactionPage {
    /// The transactions.
    pub items: Vec<TransactionSummary>,
    /// Cursor of the next page, to be sent as `after`. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}
