//! Reads a tenant's audit log in tests.

use doorward_shared::{
    AuditType, ErrorCode,
    refusal::{MAX_DETAIL_BYTES, RefusalDetail},
};
use serde_json::Value;

use crate::{http::Response, server::TestTenant};

/// An audit entry, as returned by the public API.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry(pub Value);

impl AuditEntry {
    pub fn kind(&self) -> String {
        self.text("type").unwrap_or_default()
    }

    pub fn code(&self) -> Option<String> {
        self.text("error_code")
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.0[name].as_str().map(str::to_owned)
    }

    /// Returns the detail of a refusal.
    ///
    /// # Panics
    /// If the detail is missing, is too large, has control characters, or names a check that cannot fail with the
    /// entry's code.
    pub fn detail(&self) -> RefusalDetail {
        let detail = RefusalDetail::of(Some(&self.0["detail"])).unwrap_or_else(|| panic!("no detail: {self:?}"));
        let code: ErrorCode = self.code().and_then(|code| code.parse().ok()).expect("a known code");
        assert!(detail.check.is_some_and(|check| code.checks().contains(&check)), "another check: {self:?}");
        let json = self.0["detail"].to_string();
        assert!(json.len() <= MAX_DETAIL_BYTES && !json.contains("\\u00"), "{json}");
        detail
    }
}

impl TestTenant {
    /// Returns up to 100 matching entries, newest first. `query` has the form `type=…&q=…`.
    pub async fn entries(&self, query: &str) -> Vec<AuditEntry> {
        let response = self.http.get(&format!("/audit_logs?per_page=100&{query}")).await.expect(200);
        let entries = response.json();
        entries.as_array().expect("an array").iter().cloned().map(AuditEntry).collect()
    }

    /// Returns the number of entries that match a query.
    pub async fn count(&self, query: &str) -> u64 {
        let response = self.http.get(&format!("/audit_logs?per_page=1&{query}")).await.expect(200);
        response.header("x-total-count").and_then(|text| text.parse().ok()).expect("a total count")
    }

    /// Returns the only entry of the request that got `response`. Panics if the request has no entry or several.
    pub async fn entry_of(&self, response: &Response) -> AuditEntry {
        let id = response.request_id();
        let mut entries = self.entries("").await;
        entries.retain(|entry| entry.text("meta_http_request_id").as_deref() == Some(id));
        assert_eq!(entries.len(), 1, "entries of request {id}: {entries:?}");
        let entry = entries.remove(0);
        if AuditType::known(&entry.kind()).is_failure() {
            let _ = entry.detail();
        }
        entry
    }

    /// Checks the status and the code of a refusal. Also checks that the request has exactly one audit entry, with the
    /// type `kind` and the same code. Returns this entry.
    pub async fn expect_audited_refusal(&self, response: &Response, status: u16, code: &str, kind: &str) -> AuditEntry {
        response.expect_refusal(status, code);
        let entry = self.entry_of(response).await;
        assert_eq!((entry.kind().as_str(), entry.code().as_deref()), (kind, Some(code)), "{entry:?}");
        entry
    }
}

/// Returns type and error code of the newest `count` entries, newest first.
pub async fn newest_events(tenant: &TestTenant, count: usize) -> Vec<(String, Option<String>)> {
    let entries = tenant.entries("").await;
    entries.iter().take(count).map(|entry| (entry.kind(), entry.code())).collect()
}
