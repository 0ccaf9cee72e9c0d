//! An explanation as data, for output as text or JSON.

use doorward_shared::{AuditId, TenantId, Timestamp};
use serde::Serialize;

/// The explanation of one refusal, or of an accepted login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    pub entry_id: AuditId,
    pub request_id: String,
    pub created_at: Timestamp,
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Says that a trust policy in the mode `monitor` accepted the operation; `None` for all other entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<&'static str>,
    pub tenant_id: TenantId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    pub code: Option<String>,
    /// The reason for the refusal, as the entry states it.
    pub message: Option<String>,
    /// The condition that does not hold; `None` if it is unknown.
    pub check: Option<&'static str>,
    pub expected: Vec<String>,
    pub received: Option<String>,
    /// Further values of the request, each with a name.
    pub values: Vec<(&'static str, String)>,
    pub causes: Vec<String>,
    pub fix: Option<&'static str>,
    /// Section of the specification that requires the check; `None` if only Doorward requires it, or if the check is
    /// unknown.
    pub specification: Option<String>,
}
