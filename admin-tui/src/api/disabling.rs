//! `PUT` and `DELETE …/disabled` of tenants, API keys, users and credentials.

use doorward_shared::{ApiKeyId, TenantId, UserId, admin::UserIdKind};
use reqwest::Method;

use super::{client::Api, error::ApiError};

/// An object that can be disabled. The first field of each variant is the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DisableTarget {
    Tenant(TenantId),
    ApiKey(TenantId, ApiKeyId),
    User(TenantId, UserId),
    /// A credential of the user. The third field is the credential's id as base64url.
    Credential(TenantId, UserId, String),
}

impl Api {
    /// Disables the target, or enables it if `disabled` is false. Returns the new version of the target's state; `None`
    /// if nothing changed. Fails with `state_changed` if `version` is not the current version.
    pub async fn set_disabled(
        &self,
        target: &DisableTarget,
        disabled: bool,
        version: Option<String>,
    ) -> Result<Option<String>, ApiError> {
        let by_id = Some(UserIdKind::Id);
        let (path, by) = match target {
            DisableTarget::Tenant(tenant) => (vec![tenant.to_string()], None),
            DisableTarget::ApiKey(tenant, key) => {
                (vec![tenant.to_string(), "secrets".to_owned(), "api".to_owned(), key.to_string()], None)
            }
            DisableTarget::User(tenant, user) => {
                (vec![tenant.to_string(), "users".to_owned(), user.to_string()], by_id)
            }
            DisableTarget::Credential(tenant, user, credential) => {
                let of_user = [tenant.to_string(), "users".to_owned(), user.to_string()];
                (of_user.into_iter().chain(["credentials".to_owned(), credential.clone()]).collect(), by_id)
            }
        };
        let inner = path.iter().map(String::as_str);
        let segments: Vec<&str> = std::iter::once("tenants").chain(inner).chain(["disabled"]).collect();
        let method = if disabled { Method::PUT } else { Method::DELETE };
        self.request(method, &segments).optional_param("by", by).if_match(version).new_version().await
    }
}
