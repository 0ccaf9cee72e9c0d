//! Secrets of the clients of a fixture, and responses that the clients got.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `clients.json` of a fixture. Later fixtures may contain more members.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Clients {
    /// Id and API key of each tenant, by the name of the tenant.
    pub tenants: BTreeMap<String, TenantKey>,
    /// A revoked API key of the tenant Shop.
    pub revoked_api_key: String,
    /// Id of a deleted tenant whose audit log is kept.
    pub deleted_tenant: String,
    /// Admin tokens by name: `all`, `limited` (to the tenant Shop), `metrics` (with this role) and `revoked`.
    pub admin_tokens: BTreeMap<String, String>,
    /// Authenticators of users of the tenant Shop, by user id: alice has a passkey, bob a second factor. The user carol
    /// and the credential of dave are disabled.
    pub authenticators: BTreeMap<String, Value>,
    /// Token of the tenant Shop.
    pub token: String,
    /// Token of the tenant Shop that was redeemed.
    pub redeemed_token: String,
    /// Configuration of the tenant Shop.
    pub config: Value,
    /// Pages of the admin API that a client requested with a cursor.
    pub pages: Vec<PageAtCursor>,
    /// Number of audit entries of the tenant Shop.
    pub audit_entries: u64,
    /// Id of the last audit entry that was forwarded.
    pub forwarded_until: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TenantKey {
    pub id: String,
    pub api_key: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PageAtCursor {
    /// Path with the query string.
    pub path: String,
    /// Ids of the rows on the page.
    pub ids: Vec<String>,
}

/// Returns the rows of a page: a list, or the member `items`.
pub(crate) fn rows(page: &Value) -> Vec<Value> {
    page.as_array().or_else(|| page["items"].as_array()).cloned().unwrap_or_default()
}

/// Returns the ids of the rows of a page.
pub(crate) fn ids(page: &Value) -> Vec<String> {
    rows(page).iter().filter_map(|row| row["id"].as_str().map(str::to_owned)).collect()
}
