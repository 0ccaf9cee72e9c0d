//! One method per endpoint, except for the audit logs. See `docs/admin-api.md`.

use doorward_shared::{
    AdminTokenId, ApiKeyId, SigningKeyId, TenantId, UserId,
    admin::{
        AdminTokenItem, ConfigCheck, CreateAdminTokenRequest, CreateSecretRequest, CreateSigningKeyRequest,
        CreateTenantRequest, CreatedSecret, CreatedTenant, Me, Overview, SecretItem, SigningAlgorithm, SigningKeyItem,
        TenantActivity, TenantDetail, TenantOverview, TenantSort, TenantSummaryPage, TransactionPage,
        UpdateTenantRequest, UserDetail, UserIdKind, UserSummaryPage, Vitals, WithdrawnSigningKey,
    },
    config::{TenantConfig, as_complete_change},
    page::Order,
};
use reqwest::Method;
use serde::Serialize;

use super::{client::Api, error::ApiError};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TenantSummaryQuery {
    /// Substring of the name, RP ID or id.
    pub text: Option<String>,
    pub sort: Option<TenantSort>,
    pub order: Option<Order>,
    /// Cursor: `next` of the previous page.
    pub after: Option<String>,
    /// Page size, 1 to 200.
    pub limit: Option<u32>,
}

/// Query of a list of users or of transactions. Both lists are sorted newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserQuery {
    /// For users: substring of the user id, name or display name. For transactions: substring of the transaction id.
    pub text: Option<String>,
    /// Only for transactions: the `user_id` of the user whose transactions are returned.
    pub user_id: Option<String>,
    /// Cursor: `next` of the previous page.
    pub after: Option<String>,
    /// Page size, 1 to 200.
    pub limit: Option<u32>,
}

/// A user, identified by the user id or by the internal id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRef {
    pub id: String,
    pub by: UserIdKind,
}

impl UserRef {
    /// Identifies a user by Doorward's internal id.
    pub fn by_id(id: UserId) -> Self {
        Self { id: id.to_string(), by: UserIdKind::Id }
    }

    /// Identifies a user by the application's `user_id`.
    pub const fn by_user_id(id: String) -> Self {
        Self { id, by: UserIdKind::UserId }
    }
}

/// A tenant and its version, which is the `ETag` of the response. The version is `None` if the response has no `ETag`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionedTenant {
    pub tenant: TenantDetail,
    pub version: Option<String>,
}

impl Api {
    /// `GET /health/ready`: succeeds if the server and its database are available. Needs no token.
    pub async fn ready(&self) -> Result<(), ApiError> {
        self.get(&["health", "ready"]).no_content().await
    }

    pub async fn me(&self) -> Result<Me, ApiError> {
        self.get(&["me"]).json().await
    }

    /// `GET /overview`: summary of the installation, with the activity of the last `days` (1 to 90).
    pub async fn overview(&self, days: u32) -> Result<Overview, ApiError> {
        self.get(&["overview"]).param("days", days).json().await
    }

    /// `GET /vitals`: counters of the server process that responds.
    pub async fn vitals(&self) -> Result<Vitals, ApiError> {
        self.get(&["vitals"]).json().await
    }

    /// `GET /metrics`: metrics in the Prometheus text format.
    pub async fn metrics(&self) -> Result<String, ApiError> {
        self.get(&["metrics"]).text().await
    }

    pub async fn tenant_summaries(&self, query: &TenantSummaryQuery) -> Result<TenantSummaryPage, ApiError> {
        self.get(&["tenant_summaries"])
            .optional_param("q", query.text.as_deref())
            .optional_param("sort", query.sort)
            .optional_param("order", query.order)
            .optional_param("after", query.after.as_deref())
            .optional_param("limit", query.limit)
            .json()
            .await
    }

    /// `GET /tenants/{id}/summary`: summary of a tenant, with the activity of the last `days` (1 to 90).
    pub async fn tenant_overview(&self, id: TenantId, days: u32) -> Result<TenantOverview, ApiError> {
        self.get(&["tenants", &id.to_string(), "summary"]).param("days", days).json().await
    }

    /// `GET /tenants/{id}/activity`: recent ceremonies, active users, refusals and authenticator models of a tenant.
    pub async fn tenant_activity(&self, id: TenantId) -> Result<TenantActivity, ApiError> {
        self.get(&["tenants", &id.to_string(), "activity"]).json().await
    }

    pub async fn tenant(&self, id: TenantId) -> Result<VersionedTenant, ApiError> {
        let (tenant, version) = self.get(&["tenants", &id.to_string()]).json_with_version().await?;
        Ok(VersionedTenant { tenant, version })
    }

    pub async fn create_tenant(&self, request: &CreateTenantRequest) -> Result<CreatedTenant, ApiError> {
        self.request(Method::POST, &["tenants"]).body(request)?.json().await
    }

    /// `PUT /tenants/{id}`: renames a tenant. Fails with `tenant_changed` if the tenant no longer has the name `from`.
    pub async fn rename_tenant(&self, id: TenantId, from: &str, to: &str) -> Result<(), ApiError> {
        let version = self.version_of(id, from).await?;
        let request = UpdateTenantRequest { display_name: Some(to.to_owned()) };
        self.update_tenant(id, &request, version).await.map(drop)
    }

    /// `PUT /tenants/{id}`: renames a tenant and returns its new version. Fails with `tenant_changed` if `version` is
    /// not the current version of the tenant.
    pub async fn update_tenant(
        &self,
        id: TenantId,
        request: &UpdateTenantRequest,
        version: Option<String>,
    ) -> Result<Option<String>, ApiError> {
        let put = self.request(Method::PUT, &["tenants", &id.to_string()]).if_match(version);
        put.body(request)?.new_version().await
    }

    /// Returns the version of a tenant. Fails with `tenant_changed` if its name is not `name`.
    async fn version_of(&self, id: TenantId, name: &str) -> Result<Option<String>, ApiError> {
        let VersionedTenant { tenant, version } = self.tenant(id).await?;
        if tenant.display_name == name { Ok(version) } else { Err(ApiError::renamed(&tenant.display_name)) }
    }

    /// `DELETE /tenants/{id}`: deletes the tenant. With `erase_audit`, also deletes its audit log, which is otherwise
    /// kept for the retention time. Fails with `tenant_changed` if the tenant no longer has this name.
    pub async fn delete_tenant(&self, id: TenantId, name: &str, erase_audit: bool) -> Result<(), ApiError> {
        let version = self.version_of(id, name).await?;
        let request = self.delete(&["tenants", &id.to_string()]).if_match(version);
        request.optional_param("erase_audit", erase_audit.then_some(true)).no_content().await
    }

    /// `PUT /tenants/{id}/config`: replaces the whole configuration; settings without a value get their default.
    /// Fails with `tenant_changed` if `version` is not the current version of the tenant.
    pub async fn configure_tenant(
        &self,
        id: TenantId,
        config: &TenantConfig,
        version: Option<String>,
    ) -> Result<(), ApiError> {
        let put = self.request(Method::PUT, &["tenants", &id.to_string(), "config"]).if_match(version);
        let failed = |error: serde_json::Error| ApiError::unexpected(&self.0.url, None, error.to_string());
        put.body(&as_complete_change(config).map_err(failed)?)?.no_content().await
    }

    /// `POST /config/check`: returns all validation errors of a configuration, which may be any JSON value.
    pub async fn check_config(&self, config: &impl Serialize) -> Result<ConfigCheck, ApiError> {
        self.request(Method::POST, &["config", "check"]).body(config)?.json().await
    }

    pub async fn user_summaries(&self, tenant: TenantId, query: &UserQuery) -> Result<UserSummaryPage, ApiError> {
        self.get(&["tenants", &tenant.to_string(), "user_summaries"])
            .optional_param("q", query.text.as_deref())
            .optional_param("after", query.after.as_deref())
            .optional_param("limit", query.limit)
            .json()
            .await
    }

    /// `GET /tenants/{id}/users/{user}`: a user, with the user's credentials and latest transactions. Fails for the ids
    /// `.` and `..`, which cannot be segments of a URL path.
    pub async fn user(&self, tenant: TenantId, user: &UserRef) -> Result<UserDetail, ApiError> {
        self.get(&["tenants", &tenant.to_string(), "users", &user.id]).param("by", user.by).json().await
    }

    /// `DELETE /tenants/{id}/users/{user}`: deletes the user and the user's credentials.
    pub async fn delete_user(&self, tenant: TenantId, user: UserId) -> Result<(), ApiError> {
        let path = ["tenants", &tenant.to_string(), "users", &user.to_string()];
        self.delete(&path).param("by", UserIdKind::Id).no_content().await
    }

    pub async fn delete_credential(&self, tenant: TenantId, user: UserId, credential: &str) -> Result<(), ApiError> {
        let path = ["tenants", &tenant.to_string(), "users", &user.to_string(), "credentials", credential];
        self.delete(&path).param("by", UserIdKind::Id).no_content().await
    }

    pub async fn transactions(&self, tenant: TenantId, query: &UserQuery) -> Result<TransactionPage, ApiError> {
        self.get(&["tenants", &tenant.to_string(), "transactions"])
            .optional_param("q", query.text.as_deref())
            .optional_param("user_id", query.user_id.as_deref())
            .optional_param("by", query.user_id.as_ref().map(|_| UserIdKind::UserId))
            .optional_param("after", query.after.as_deref())
            .optional_param("limit", query.limit)
            .json()
            .await
    }

    pub async fn api_keys(&self, tenant: TenantId) -> Result<Vec<SecretItem>, ApiError> {
        self.get(&["tenants", &tenant.to_string(), "secrets", "api"]).json().await
    }

    /// `POST /tenants/{id}/secrets/api`: creates an API key. Only this response contains the secret.
    pub async fn create_api_key(
        &self,
        tenant: TenantId,
        request: &CreateSecretRequest,
    ) -> Result<CreatedSecret, ApiError> {
        self.request(Method::POST, &["tenants", &tenant.to_string(), "secrets", "api"]).body(request)?.json().await
    }

    /// `DELETE /tenants/{id}/secrets/api/{key}`: revokes the key with immediate effect.
    pub async fn revoke_api_key(&self, tenant: TenantId, key: ApiKeyId) -> Result<(), ApiError> {
        self.delete(&["tenants", &tenant.to_string(), "secrets", "api", &key.to_string()]).no_content().await
    }

    pub async fn signing_keys(&self, tenant: TenantId) -> Result<Vec<SigningKeyItem>, ApiError> {
        self.get(&["tenants", &tenant.to_string(), "secrets", "jwk"]).json().await
    }

    /// `POST /tenants/{id}/secrets/jwk`: creates a signing key. The key begins to sign tokens 15 minutes later, or at
    /// once with `force`. If `algorithm` is `None`, the new key has the algorithm of the current key.
    pub async fn rotate_signing_key(
        &self,
        tenant: TenantId,
        algorithm: Option<SigningAlgorithm>,
        force: bool,
    ) -> Result<SigningKeyItem, ApiError> {
        let request = CreateSigningKeyRequest { algorithm };
        self.request(Method::POST, &["tenants", &tenant.to_string(), "secrets", "jwk"])
            .optional_param("force", force.then_some("true"))
            .body(&request)?
            .json()
            .await
    }

    /// `DELETE /tenants/{id}/secrets/jwk/{key}?withdraw=true`: removes the key from the JWKS at once.
    pub async fn withdraw_signing_key(
        &self,
        tenant: TenantId,
        key: SigningKeyId,
    ) -> Result<WithdrawnSigningKey, ApiError> {
        self.delete(&["tenants", &tenant.to_string(), "secrets", "jwk", &key.to_string()])
            .param("withdraw", "true")
            .json()
            .await
    }

    /// `DELETE /tenants/{id}/secrets/jwk/{key}`: retires the key. It stops signing tokens as soon as another key can
    /// sign them.
    pub async fn retire_signing_key(&self, tenant: TenantId, key: SigningKeyId) -> Result<(), ApiError> {
        self.delete(&["tenants", &tenant.to_string(), "secrets", "jwk", &key.to_string()]).no_content().await
    }

    pub async fn admin_tokens(&self) -> Result<Vec<AdminTokenItem>, ApiError> {
        self.get(&["admin_tokens"]).json().await
    }

    /// `POST /admin_tokens`: creates an admin token. Only this response contains the secret.
    pub async fn create_admin_token(&self, request: &CreateAdminTokenRequest) -> Result<CreatedSecret, ApiError> {
        self.request(Method::POST, &["admin_tokens"]).body(request)?.json().await
    }

    /// `DELETE /admin_tokens/{token}`: revokes the token with immediate effect. With `force`, revokes the token even if
    /// it is the last one with the role admin.
    pub async fn revoke_admin_token(&self, token: AdminTokenId, force: bool) -> Result<(), ApiError> {
        let request = self.delete(&["admin_tokens", &token.to_string()]);
        request.optional_param("force", force.then_some(true)).no_content().await
    }
}
