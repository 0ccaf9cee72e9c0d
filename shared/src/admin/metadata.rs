//! Metadata of authenticator models.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// State of the imported FIDO metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MetadataStatus {
    /// Serial number of the imported BLOB. Absent if no BLOB was imported.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "openapi", schema(example = 291))]
    pub number: Option<u64>,
    /// Day by which the next BLOB must be published.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "openapi", schema(example = "2026-12-01"))]
    pub next_update: Option<String>,
    /// `true` if the publication of the next BLOB is overdue, so the metadata may be out of date.
    pub outdated: bool,
    /// Time of the import.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub imported_at: Option<Timestamp>,
    /// Days since the import.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub age_days: Option<i64>,
    /// Number of authenticator models in the imported metadata.
    pub entries: u64,
}
