//! API keys, signing keys and admin tokens.

use doorward_shared::{
    AdminTokenId, ApiKeyId, SigningKeyId, TenantId,
    admin::{
        AdminTokenItem, CreateAdminTokenRequest, CreateSecretRequest, CreateSigningKeyRequest, CreatedSecret,
        SecretItem, SigningAlgorithm, SigningKeyItem,
    },
};
use reqwest::Method;

use super::{client::Api, error::ApiError};

impl Api {
    pub async fn api_keys(&self, tenant: TenantId) -> Result<Vec<SecretItem>, ApiError> {
        self.get(&["tenants", &tenant.to_string(), "secrets", "api"]).json().await
    }

    /// `POST /tenants/{id}/secrets/api`. Only this response contains the secret.
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

    /// `POST /tenants/{id}/secrets/jwk`: creates a signing key; without `algorithm`, with that of the current key.
    pub async fn rotate_signing_key(
        &self,
        tenant: TenantId,
        algorithm: Option<SigningAlgorithm>,
    ) -> Result<SigningKeyItem, ApiError> {
        let request = CreateSigningKeyRequest { algorithm };
        self.request(Method::POST, &["tenants", &tenant.to_string(), "secrets", "jwk"]).body(&request)?.json().await
    }

    /// `DELETE /tenants/{id}/secrets/jwk/{key}`: stops signing with the key.
    pub async fn retire_signing_key(&self, tenant: TenantId, key: SigningKeyId) -> Result<(), ApiError> {
        self.delete(&["tenants", &tenant.to_string(), "secrets", "jwk", &key.to_string()]).no_content().await
    }

    pub async fn admin_tokens(&self) -> Result<Vec<AdminTokenItem>, ApiError> {
        self.get(&["admin_tokens"]).json().await
    }

    /// `POST /admin_tokens`. Only this response contains the secret.
    pub async fn create_admin_token(&self, request: &CreateAdminTokenRequest) -> Result<CreatedSecret, ApiError> {
        self.request(Method::POST, &["admin_tokens"]).body(request)?.json().await
    }

    /// `DELETE /admin_tokens/{token}`: revokes the token with immediate effect.
    pub async fn revoke_admin_token(&self, token: AdminTokenId) -> Result<(), ApiError> {
        self.delete(&["admin_tokens", &token.to_string()]).no_content().await
    }
}
