//! Tenants.

use serde::{Deserialize, Serialize};

use crate::{TenantId, Timestamp, admin::secret::CreatedSecret, config::TenantConfig};

/// Creates a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateTenantRequest {
    /// Id of the tenant. Default: a new id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<TenantId>,
    /// Display name, 1 to 128 characters. Required.
    #[cfg_attr(
        feature = "openapi",
        schema(required = true, nullable = false, min_length = 1, max_length = 128, example = "Shop")
    )]
    pub display_name: Option<String>,
    /// Configuration. Default: a configuration for `localhost`, which is meant for trials.
    pub config: Option<TenantConfig>,
    /// Whether to create an API key as well.
    #[serde(default)]
    pub create_api_key: bool,
}

/// Response to the creation of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedTenant {
    /// Id of the tenant: the first segment of the tenant's paths in the public API.
    pub id: TenantId,
    /// First API key, if requested. Only this response contains its secret.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub api_key: Option<CreatedSecret>,
}

/// Renames a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateTenantRequest {
    /// Display name, 1 to 128 characters. Required.
    #[cfg_attr(
        feature = "openapi",
        schema(required = true, nullable = false, min_length = 1, max_length = 128, example = "Shop")
    )]
    pub display_name: Option<String>,
}

/// A tenant in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TenantItem {
    /// Id of the tenant.
    pub id: TenantId,
    /// Display name.
    pub display_name: String,
    /// Time at which an administrator disabled the tenant. Absent while it is enabled.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub disabled_at: Option<Timestamp>,
}

/// A tenant with its configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TenantDetail {
    /// Id of the tenant.
    pub id: TenantId,
    /// Display name.
    pub display_name: String,
    /// Time at which an administrator disabled the tenant. Absent while it is enabled.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub disabled_at: Option<Timestamp>,
    /// Configuration of the tenant.
    pub config: TenantConfig,
}

/// Result of validating a configuration. The configuration is valid if `problems` is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfigCheck {
    /// All problems found.
    pub problems: Vec<ConfigProblem>,
}

/// A problem in a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfigProblem {
    /// Path of the field, such as `webauthn.relying_party.origins[1]`.
    pub field: String,
    /// What is wrong, and how to fix it.
    pub message: String,
}
