//! Tenants.

use serde::{Deserialize, Serialize};

use crate::{TenantId, admin::secret::CreatedSecret, config::TenantConfig};

/// Creates a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateTenantRequest {
    /// Its name for people, 1 to 128 characters. Required.
    #[cfg_attr(feature = "openapi", schema(required = true, nullable = false))]
    pub display_name: Option<String>,
    /// Its configuration; `localhost` for trying things out when absent.
    pub config: Option<TenantConfig>,
    /// Also create an API key.
    #[serde(default)]
    pub create_api_key: bool,
}

/// A tenant was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedTenant {
    /// Its id: the first segment of every public path.
    pub id: TenantId,
    /// Its first API key, if one was asked for. The secret is answered only here.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub api_key: Option<CreatedSecret>,
}

/// Renames a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateTenantRequest {
    /// Its name for people, 1 to 128 characters. Required.
    #[cfg_attr(feature = "openapi", schema(required = true, nullable = false))]
    pub display_name: Option<String>,
}

/// A tenant in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TenantItem {
    /// Its id.
    pub id: TenantId,
    /// Its name for people.
    pub display_name: String,
}

/// A tenant with its configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TenantDetail {
    /// Its id.
    pub id: TenantId,
    /// Its name for people.
    pub display_name: String,
    /// What it decides about its ceremonies.
    pub config: TenantConfig,
}

/// What is wrong with a configuration: nothing when `problems` is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfigCheck {
    /// Everything that would be refused.
    pub problems: Vec<ConfigProblem>,
}

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfigProblem {
    /// Where: `webauthn.relying_party.origins[1]`.
    pub field: String,
    /// What, and how to mend it.
    pub message: String,
}
