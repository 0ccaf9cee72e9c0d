//! What a screen shows at a glance, without a request per row.

use serde::{Deserialize, Serialize};

use super::TenantItem;
use crate::{Timestamp, audit::AdminAuditLogItem};

/// The installation at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Overview {
    /// The server's version.
    pub version: String,
    /// The database engine: `sqlite` or `postgres`.
    pub engine: String,
    /// Bytes the database takes.
    pub database_bytes: u64,
    /// Seconds since the server started.
    pub uptime_seconds: u64,
    /// The server's time.
    pub now: Timestamp,
    /// How many tenants there are.
    pub tenants: u64,
    /// How many users all tenants have.
    pub users: u64,
    /// How many credentials all users have.
    pub credentials: u64,
    /// Finished ceremonies and refusals over time, oldest first, without gaps.
    pub activity: Vec<ActivityPoint>,
    /// The tenants with most entries in the same time, the busiest first; at most ten.
    pub busiest: Vec<TenantSummary>,
    /// The latest refusals of all tenants, newest first; at most twenty.
    pub latest_refusals: Vec<AdminAuditLogItem>,
}

/// What happened in one span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActivityPoint {
    /// When the span begins.
    pub at: Timestamp,
    /// Ceremonies that ended well.
    pub succeeded: u64,
    /// Everything that was refused.
    pub refused: u64,
}

/// A tenant in a list, with what a list shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TenantSummary {
    /// Id and name.
    #[serde(flatten)]
    pub tenant: TenantItem,
    /// RP ID.
    pub rp_id: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// How many users it has.
    pub users: u64,
    /// How many credentials they have.
    pub credentials: u64,
    /// How many API keys are not revoked.
    pub api_keys: u64,
    /// Ceremonies that ended well in the last seven days.
    pub succeeded: u64,
    /// Refusals in the last seven days.
    pub refused: u64,
    /// When its log got its latest entry.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_activity: Option<Timestamp>,
}

/// A page of tenant summaries; `next` leads to the following one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TenantSummaryPage {
    /// The tenants.
    pub items: Vec<TenantSummary>,
    /// How many tenants match the search.
    pub total: u64,
    /// What to send as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}

text_enum! {
    /// By what a list of tenant summaries is sorted.
    pub enum TenantSort {
        /// By name.
        Name => "name",
        /// By creation.
        Created => "created",
        /// By latest entry in the log.
        Activity => "activity",
        /// By number of users.
        Users => "users",
    }
}

/// A tenant at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TenantOverview {
    /// What the list shows of it.
    #[serde(flatten)]
    pub summary: TenantSummary,
    /// Finished ceremonies and refusals day by day, oldest first, without gaps.
    pub activity: Vec<ActivityPoint>,
}

/// Who the bearer of a token is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// The token's name.
    pub name: String,
    /// What it may do.
    pub role: super::Role,
}
