//! A tenant's users, credentials and transactions.

use doorward_shared::{
    TenantId,
    admin::{TransactionPage, UserDetail, UserSummaryPage},
};

use super::{Api, ApiError};

/// Which users or transactions a list shows, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserQuery {
    /// Part of an id or a name; of the identifier for transactions.
    pub text: Option<String>,
    /// Only this user's, for transactions: the tenant's own id of the user.
    pub user_id: Option<String>,
    /// `next` of the page before.
    pub after: Option<String>,
    /// Rows on the page, 1 to 200.
    pub limit: Option<u32>,
}

impl Api {
    /// `GET /tenants/{id}/user_summaries`.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn user_summaries(&self, tenant: TenantId, query: &UserQuery) -> Result<UserSummaryPage, ApiError> {
        self.read(&["tenants", &tenant.to_string(), "user_summaries"])
            .maybe("q", query.text.as_deref())
            .maybe("after", query.after.as_deref())
            .maybe("limit", query.limit)
            .answer()
            .await
    }

    /// `GET /tenants/{id}/users/{user}`: a user with credentials and latest transactions, by Doorward's id or the
    /// tenant's own.
    ///
    /// # Errors
    /// [`ApiError`]; [`ApiError::Unaddressable`] for an own id of dots alone.
    pub async fn user(&self, tenant: TenantId, user: &str) -> Result<UserDetail, ApiError> {
        self.read(&["tenants", &tenant.to_string(), "users", user]).answer().await
    }

    /// `DELETE /tenants/{id}/users/{user}`: with all credentials, by Doorward's id or the tenant's own.
    ///
    /// # Errors
    /// As [`Self::user`].
    pub async fn delete_user(&self, tenant: TenantId, user: &str) -> Result<(), ApiError> {
        self.delete(&["tenants", &tenant.to_string(), "users", user]).done().await
    }

    /// `DELETE /tenants/{id}/users/{user}/credentials/{credential}`.
    ///
    /// # Errors
    /// As [`Self::user`].
    pub async fn delete_credential(&self, tenant: TenantId, user: &str, credential: &str) -> Result<(), ApiError> {
        self.delete(&["tenants", &tenant.to_string(), "users", user, "credentials", credential]).done().await
    }

    /// `GET /tenants/{id}/transactions`.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn transactions(&self, tenant: TenantId, query: &UserQuery) -> Result<TransactionPage, ApiError> {
        self.read(&["tenants", &tenant.to_string(), "transactions"])
            .maybe("q", query.text.as_deref())
            .maybe("user_id", query.user_id.as_deref())
            .maybe("after", query.after.as_deref())
            .maybe("limit", query.limit)
            .answer()
            .await
    }
}
