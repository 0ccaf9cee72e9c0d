//! API keys, signing keys and admin tokens.

use doorward_shared::{
    AdminTokenId, ApiKeyId, SigningKeyId, TenantId,
    admin::{
        AdminTokenItem, CreateAdminTokenRequest, CreateSecretRequest, CreateSigningKeyRequest, CreatedSecret,
        SecretItem, SigningAlgorithm, SigningKeyItem,
    },
};
use reqwest::Method;

use super::{Api, ApiError};

impl Api {
    /// `GET /tenants/{id}/secrets/api`.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn api_keys(&self, tenant: TenantId) -> Result<Vec<SecretItem>, ApiError> {
        self.read(&["tenants", &tenant.to_string(), "secrets", "api"]).answer().await
    }

    /// `POST /tenants/{id}/secrets/api`. The answer is the only one that carries the secret.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn create_api_key(
        &self,
        tenant: TenantId,
        request: &CreateSecretRequest,
    ) -> Result<CreatedSecret, ApiError> {
        self.call(Method::POST, &["tenants", &tenant.to_string(), "secrets", "api"]).json(request)?.answer().await
    }

    /// `DELETE /tenants/{id}/secrets/api/{key}`: the key is refused from the next request on.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn revoke_api_key(&self, tenant: TenantId, key: ApiKeyId) -> Result<(), ApiError> {
        self.delete(&["tenants", &tenant.to_string(), "secrets", "api", &key.to_string()]).done().await
    }

    /// `GET /tenants/{id}/secrets/jwk`.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn signing_keys(&self, tenant: TenantId) -> Result<Vec<SigningKeyItem>, ApiError> {
        self.read(&["tenants", &tenant.to_string(), "secrets", "jwk"]).answer().await
    }

    /// `POST /tenants/{id}/secrets/jwk`: a new key, of the present one's algorithm when none is given.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn rotate_signing_key(
        &self,
        tenant: TenantId,
        algorithm: Option<SigningAlgorithm>,
    ) -> Result<SigningKeyItem, ApiError> {
        let request = CreateSigningKeyRequest { algorithm };
        self.call(Method::POST, &["tenants", &tenant.to_string(), "secrets", "jwk"]).json(&request)?.answer().await
    }

    /// `DELETE /tenants/{id}/secrets/jwk/{key}`: the key signs no more.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn retire_signing_key(&self, tenant: TenantId, key: SigningKeyId) -> Result<(), ApiError> {
        self.delete(&["tenants", &tenant.to_string(), "secrets", "jwk", &key.to_string()]).done().await
    }

    /// `GET /admin_tokens`.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn admin_tokens(&self) -> Result<Vec<AdminTokenItem>, ApiError> {
        self.read(&["admin_tokens"]).answer().await
    }

    /// `POST /admin_tokens`. The answer is the only one that carries the secret.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn create_admin_token(&self, request: &CreateAdminTokenRequest) -> Result<CreatedSecret, ApiError> {
        self.call(Method::POST, &["admin_tokens"]).json(request)?.answer().await
    }

    /// `DELETE /admin_tokens/{token}`: the token is refused from the next request on.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn revoke_admin_token(&self, token: AdminTokenId) -> Result<(), ApiError> {
        self.delete(&["admin_tokens", &token.to_string()]).done().await
    }
}
