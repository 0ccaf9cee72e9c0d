//! A tenant's audit log, as tests look at it.

use serde_json::Value;

use crate::{http::Answer, server::TestTenant};

/// An entry, as the public API answers it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(pub Value);

impl Row {
    /// What happened.
    #[must_use]
    pub fn kind(&self) -> String {
        self.text("type").unwrap_or_default()
    }

    /// Why it was refused, for a program.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        self.text("error_code")
    }

    /// A member that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.0[name].as_str().map(str::to_owned)
    }
}

impl TestTenant {
    /// The newest entries that match a query (`type=…&q=…`), newest first, at most 100.
    pub async fn rows(&self, query: &str) -> Vec<Row> {
        let answer = self.http.get(&format!("/audit_logs?per_page=100&{query}")).await.expect(200);
        let rows = answer.json();
        rows.as_array().expect("an array").iter().cloned().map(Row).collect()
    }

    /// How many entries match a query.
    pub async fn count(&self, query: &str) -> u64 {
        let answer = self.http.get(&format!("/audit_logs?per_page=1&{query}")).await.expect(200);
        answer.header("x-total-count").and_then(|text| text.parse().ok()).expect("a total")
    }

    /// The one entry that a request left: fails when it left none, or more.
    pub async fn row_of(&self, answer: &Answer) -> Row {
        let id = answer.request_id();
        let mut rows = self.rows("").await;
        rows.retain(|row| row.text("meta_http_request_id").as_deref() == Some(id));
        assert_eq!(rows.len(), 1, "rows of request {id}: {rows:?}");
        rows.remove(0)
    }

    /// Checks a refusal's status and code, and that it left exactly one entry, of this type and with the same code.
    pub async fn expect_refused(&self, answer: &Answer, status: u16, code: &str, kind: &str) -> Row {
        answer.expect_refusal(status, code);
        let row = self.row_of(answer).await;
        assert_eq!((row.kind().as_str(), row.code().as_deref()), (kind, Some(code)), "{row:?}");
        row
    }
}

/// The newest rows of the tenant's audit log, newest first: type and machine-readable error.
pub async fn audit(tenant: &TestTenant, count: usize) -> Vec<(String, Option<String>)> {
    let rows = tenant.rows("").await;
    rows.iter().take(count).map(|row| (row.kind(), row.code())).collect()
}
