//! The lines of the neutral format.

use doorward_shared::{Base64Url, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// Value of `format` in the first line.
pub const FORMAT: &str = "doorward-tenant";
/// Version of the format. Every new member of a line needs a new version, because readers refuse unknown members.
pub const VERSION: u32 = 1;

/// One line; its member `type` selects the variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    /// The first line.
    Header(HeaderLine),
    Tenant(TenantLine),
    User(UserLine),
    /// A credential. The line of its user comes earlier in the file.
    Credential(CredentialLine),
    /// A transaction. The line of its user comes earlier in the file.
    Transaction(TransactionLine),
}

/// The members that every version of the format has. Other members are ignored and the version may be any JSON value,
/// so that an error can state an unsupported version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderLine {
    pub format: String,
    pub version: Value,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantLine {
    pub id: TenantId,
    pub display_name: String,
    /// Configuration in the form of the admin API.
    pub config: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserLine {
    /// User id, which the application has chosen.
    pub user_id: String,
    /// Internal id of the user; generated if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    pub name: String,
    /// Display name of the user; `name` is used if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub icon: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialLine {
    pub id: Base64Url,
    pub user_id: String,
    /// COSE key.
    pub public_key: Base64Url,
    #[serde(default)]
    pub sign_count: u32,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub transports: Vec<String>,
    #[serde(default)]
    pub aaguid: Uuid,
    #[serde(default)]
    pub backup_eligible: bool,
    #[serde(default)]
    pub backup_state: bool,
    /// Whether the credential is accepted only as a second factor.
    #[serde(default)]
    pub is_mfa: bool,
    #[serde(default)]
    pub user_verified: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discoverable: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransactionLine {
    pub transaction_id: String,
    pub user_id: String,
    /// JSON text that describes the transaction. It is copied byte for byte.
    pub data: String,
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Timestamp>,
}
