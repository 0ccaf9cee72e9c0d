//! Overviews of the installation and of tenants. One request returns a whole overview.

use serde::{Deserialize, Serialize};

use super::TenantItem;
use crate::{AdminTokenId, TenantId, Timestamp, audit::AdminAuditLogItem};

/// Overview of the installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Overview {
    /// The server's version.
    pub version: String,
    /// The database engine: `sqlite` or `postgres`.
    pub engine: String,
    /// Size of the database in bytes.
    pub database_bytes: u64,
    /// Seconds since the server started.
    pub uptime_seconds: u64,
    /// The server's time.
    pub now: Timestamp,
    /// Number of tenants.
    pub tenants: u64,
    /// Number of users of all tenants.
    pub users: u64,
    /// Number of credentials of all users.
    pub credentials: u64,
    /// Successful ceremonies and refusals by day (UTC), oldest first, without gaps. Each server process counts each
    /// past day only once, so entries that are deleted after this count remain included.
    pub activity: Vec<ActivityPoint>,
    /// Time at which the activity of today was counted, at most a minute ago.
    pub counted_at: Timestamp,
    /// The tenants with the most entries among the newest 10 000 entries of all audit logs, busiest first; at most ten.
    pub busiest: Vec<TenantSummary>,
    /// The latest refusals of all tenants, newest first; at most twenty.
    pub latest_refusals: Vec<AdminAuditLogItem>,
}

/// Activity in one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActivityPoint {
    /// Start of the period.
    pub at: Timestamp,
    /// Successful ceremonies.
    pub succeeded: u64,
    /// Refused requests.
    pub refused: u64,
}

/// A tenant in the list of tenants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TenantSummary {
    /// Id and name.
    #[serde(flatten)]
    pub tenant: TenantItem,
    /// RP ID.
    pub rp_id: String,
    /// Creation time.
    pub created_at: Timestamp,
    /// Number of users.
    pub users: u64,
    /// Number of credentials of all users.
    pub credentials: u64,
    /// Number of API keys that are not revoked.
    pub api_keys: u64,
    /// Successful ceremonies in the last seven days.
    pub succeeded: u64,
    /// Refusals in the last seven days.
    pub refused: u64,
    /// Time of the latest audit entry that a server wrote to the tenant's log. It is updated with a delay of up to a
    /// minute.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_activity: Option<Timestamp>,
}

/// A page of the list of tenants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TenantSummaryPage {
    /// The tenants.
    pub items: Vec<TenantSummary>,
    /// Number of tenants that match the search.
    pub total: u64,
    /// Value of `after` for the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}

text_enum! {
    /// Sort column of the list of tenants.
    pub enum TenantSort ("sort column") {
        /// By name.
        Name => "name",
        /// By RP ID.
        RpId => "rp_id",
        /// By creation time.
        Created => "created",
        /// By last activity.
        Activity => "activity",
        /// By number of users.
        Users => "users",
        /// By number of API keys.
        ApiKeys => "api_keys",
        /// By successful ceremonies in the last seven days; lists only the 1 000 most recently active tenants.
        Succeeded => "succeeded",
        /// By refusals in the last seven days; lists only the 1 000 most recently active tenants.
        Refused => "refused",
    }
}

/// Maximum number of tenants in a list that is sorted by successful ceremonies or refusals. Such a list contains the
/// most recently active tenants. No index can contain counts of a moving period. For each request, the server
/// therefore adds up the daily counts of at most this number of tenants.
pub const SORTED_BY_ACTIVITY: u32 = 1_000;

impl TenantSort {
    /// Returns whether this order lists only the [`SORTED_BY_ACTIVITY`] most recently active of `total` tenants.
    #[must_use]
    pub const fn leaves_out_tenants(self, total: u64) -> bool {
        matches!(self, Self::Succeeded | Self::Refused) && total > SORTED_BY_ACTIVITY as u64
    }

    /// Returns whether the column contains text, which is sorted in ascending order by default.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Name | Self::RpId)
    }
}

/// Overview of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TenantOverview {
    /// The tenant's row in the list of tenants.
    #[serde(flatten)]
    pub summary: TenantSummary,
    /// Successful ceremonies and refusals by day (UTC), oldest first, without gaps.
    pub activity: Vec<ActivityPoint>,
}

/// The admin token that the request contains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// The token's id.
    pub id: AdminTokenId,
    /// The token's name.
    pub name: String,
    /// The token's role.
    pub role: super::Role,
    /// The tenants that the token may use. Absent if the token may use all tenants and the installation itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tenants: Option<Vec<TenantId>>,
}

/// Recent activity of a tenant: ceremonies, active users, causes of refusals, and authenticator models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TenantActivity {
    /// Successful and refused ceremonies of the last seven days (UTC, including today), by kind of ceremony.
    pub ceremonies: Vec<super::CeremonyCount>,
    /// Number of audit entries that were examined for `active_users` and `refusals`: the newest ones, at most 10 000.
    pub examined_entries: u64,
    /// Time of the oldest examined entry; absent without entries.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub examined_since: Option<Timestamp>,
    /// Number of different users who completed a ceremony in the examined entries.
    pub active_users: u64,
    /// The most frequent error codes in the examined entries, most frequent first; at most ten.
    pub refusals: Vec<RefusalCount>,
    /// Number of credentials that were examined for `models`: the newest credentials, at most 2 000.
    pub examined_credentials: u64,
    /// The most frequent authenticator models of the examined credentials, most frequent first; at most ten.
    pub models: Vec<ModelCount>,
}

/// Number of refusals with one error code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefusalCount {
    /// The error code.
    pub code: String,
    /// Number of audit entries with this error code.
    pub count: u64,
    /// Time of the latest of these entries.
    pub latest: Timestamp,
}

/// Number of credentials of one authenticator model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelCount {
    /// AAGUID of the model.
    pub aaguid: uuid::Uuid,
    /// Name of the model; absent if the AAGUID is unknown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub model: Option<String>,
    /// Number of credentials.
    pub credentials: u64,
}
