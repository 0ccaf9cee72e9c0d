//! A tenant's users, credentials and transactions.

use doorward_shared::{
    TenantId,
    admin::{TransactionPage, UserDetail, UserSummaryPage},
};

use super::{client::Api, error::ApiError};

/// Query of a list of users or transactions, which are sorted newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserQuery {
    /// Substring of a user's id or name, or of a transaction's identifier.
    pub text: Option<String>,
    /// Transactions only: the `user_id` of their user.
    pub user_id: Option<String>,
    /// Cursor: `next` of the previous page.
    pub after: Option<String>,
    /// Page size, 1 to 200.
    pub limit: Option<u32>,
}

impl Api {
    pub async fn user_summaries(&self, tenant: TenantId, query: &UserQuery) -> Result<UserSummaryPage, ApiError> {
        self.get(&["tenants", &tenant.to_string(), "user_summaries"])
            .optional_param("q", query.text.as_deref())
            .optional_param("after", query.after.as_deref())
            .optional_param("limit", query.limit)
            .json()
            .await
    }

    /// `GET /tenants/{id}/users/{user}`: a user with credentials and latest transactions. `user` is Doorward's id or the
    /// application's `user_id`.
    ///
    /// # Errors
    /// [`ApiError`]; [`ApiError::InvalidPathSegment`] for the ids `.` and `..`.
    pub async fn user(&self, tenant: TenantId, user: &str) -> Result<UserDetail, ApiError> {
        self.get(&["tenants", &tenant.to_string(), "users", user]).json().await
    }

    /// `DELETE /tenants/{id}/users/{user}`: deletes the user and all credentials. `user` as for [`Self::user`].
    pub async fn delete_user(&self, tenant: TenantId, user: &str) -> Result<(), ApiError> {
        self.delete(&["tenants", &tenant.to_string(), "users", user]).no_content().await
    }

    pub async fn delete_credential(&self, tenant: TenantId, user: &str, credential: &str) -> Result<(), ApiError> {
        self.delete(&["tenants", &tenant.to_string(), "users", user, "credentials", credential]).no_content().await
    }

    pub async fn transactions(&self, tenant: TenantId, query: &UserQuery) -> Result<TransactionPage, ApiError> {
        self.get(&["tenants", &tenant.to_string(), "transactions"])
            .optional_param("q", query.text.as_deref())
            .optional_param("user_id", query.user_id.as_deref())
            .optional_param("after", query.after.as_deref())
            .optional_param("limit", query.limit)
            .json()
            .await
    }
}
