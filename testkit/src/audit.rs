//! Reads a tenant's audit log in tests.

use serde_json::Value;

use crate::{http::Answer, server::TestTenant};

/// An audit entry, as returned by the public API.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(pub Value);

impl Row {
    /// Event type.
    #[must_use]
    pub fn kind(&self) -> String {
        self.text("type").unwrap_or_default()
    }

    /// Error code of a refusal.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        self.text("error_code")
    }

    /// A string member.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.0[name].as_str().map(str::to_owned)
    }
}

impl TestTenant {
    /// Returns up to 100 matching entries, newest first. `query` is like `type=…&q=…`.
    pub async fn rows(&self, query: &str) -> Vec<Row> {
        let answer = self.http.get(&format!("/audit_logs?per_page=100&{query}")).await.expect(200);
        let rows = answer.json();
        rows.as_array().expect("an array").iter().cloned().map(Row).collect()
    }

    /// Number of entries that match a query.
    pub async fn count(&self, query: &str) -> u64 {
        let answer = self.http.get(&format!("/audit_logs?per_page=1&{query}")).await.expect(200);
        answer.header("x-total-count").and_then(|text| text.parse().ok()).expect("a total count")
    }

    /// Returns the only entry of a request. Panics unless there is exactly one.
    pub async fn row_of(&self, answer: &Answer) -> Row {
        let id = answer.request_id();
        let mut rows = self.rows("").await;
        rows.retain(|row| row.text("meta_http_request_id").as_deref() == Some(id));
        assert_eq!(rows.len(), 1, "entries of request {id}: {rows:?}");
        rows.remove(0)
    }

    /// Checks status and code of a refusal, and that it wrote exactly one entry, with this type and code.
    pub async fn expect_refused(&self, answer: &Answer, status: u16, code: &str, kind: &str) -> Row {
        answer.expect_refusal(status, code);
        let row = self.row_of(answer).await;
        assert_eq!((row.kind().as_str(), row.code().as_deref()), (kind, Some(code)), "{row:?}");
        row
    }
}

/// Returns type and error code of the newest `count` entries, newest first.
pub async fn audit(tenant: &TestTenant, count: usize) -> Vec<(String, Option<String>)> {
    let rows = tenant.rows("").await;
    rows.iter().take(count).map(|row| (row.kind(), row.code())).collect()
}
