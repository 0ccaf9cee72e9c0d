//! Trust policies: their effects on users, and the algorithms in use.

use doorward_shared::{
    TenantId,
    admin::{CryptoRadar, MetadataStatus, TrustPreview},
    config::TrustPolicies,
};
use reqwest::Method;

use super::{client::Api, error::ApiError};

impl Api {
    /// `POST /tenants/{id}/trust/preview`: a page of the users who would lose credentials under these policies. Changes
    /// nothing. Only the first page (without `after`) contains the counts.
    pub async fn preview_trust(
        &self,
        tenant: TenantId,
        policies: &TrustPolicies,
        after: Option<String>,
        limit: u32,
    ) -> Result<TrustPreview, ApiError> {
        self.request(Method::POST, &["tenants", &tenant.to_string(), "trust", "preview"])
            .optional_param("after", after)
            .param("limit", limit)
            .body(policies)?
            .json()
            .await
    }

    /// `GET /mds`: the imported FIDO metadata.
    pub async fn metadata_status(&self) -> Result<MetadataStatus, ApiError> {
        self.get(&["mds"]).json().await
    }

    /// `GET /tenants/{id}/radar`: algorithms in use, and the users who are ready for stricter requirements.
    pub async fn crypto_radar(&self, tenant: TenantId) -> Result<CryptoRadar, ApiError> {
        self.get(&["tenants", &tenant.to_string(), "radar"]).json().await
    }
}
