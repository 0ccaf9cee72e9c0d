//! The audit entry of a refused change contains the failed check, with the expected and the received value.

use doorward_shared::{TenantId, refusal::Check};
use doorward_testkit::{AuditEntry, Http, Response};
use serde_json::json;

use super::fixture::Fixture;

async fn detail(fixture: &Fixture, response: &Response) -> doorward_shared::refusal::RefusalDetail {
    let entries = fixture.entries(response).await;
    assert_eq!(entries.len(), 1, "{}", response.text);
    AuditEntry(entries[0].clone()).detail()
}

#[tokio::test]
async fn refused_changes_record_check_values_and_request() {
    let fixture = Fixture::new().await;
    let path = format!("/tenants/{}", fixture.one.tenant.id);
    let stale = fixture.admin.clone().header("If-Match", "\"stale\"");
    let typed = fixture.admin.clone().header("Content-Type", "text/plain");
    let name = json!({ "display_name": "Shop" });
    for (response, check, expected, received) in [
        (stale.put(&path, &name).await, Check::TenantVersion, None, Some("stale")),
        (
            fixture.admin.put(&path, &json!({ "display_name": " " })).await,
            Check::Fields,
            Some("display_name is a required field"),
            None,
        ),
        (fixture.admin.put(&path, &json!({ "Name": "x" })).await, Check::Members, None, Some("Name is unknown")),
        (typed.put(&path, &name).await, Check::MediaType, Some("application/json"), Some("text/plain")),
    ] {
        let detail = detail(&fixture, &response).await;
        assert_eq!((detail.check, detail.method.as_deref()), (Some(check), Some("PUT")), "{}", response.text);
        assert_eq!(detail.path.as_deref(), Some(path.as_str()));
        if let Some(expected) = expected {
            assert_eq!(detail.expected, [expected]);
        }
        if let Some(received) = received {
            assert!(detail.received.as_deref().is_some_and(|found| found.contains(received)), "{detail:?}");
        }
    }
}

#[tokio::test]
async fn next_entry_counts_the_refused_changes_without_an_entry_also_if_a_role_is_refused() {
    let fixture = Fixture::new().await;
    for _ in 0..62 {
        fixture.admin.delete("/admin_tokens/nonsense").await.expect_refusal(404, "secret_not_found");
    }
    fixture.server.clock.advance_ms(60_000);
    let refused = fixture.auditor.post("/tenants", &json!({ "display_name": "New" })).await;
    refused.expect_refusal(403, "forbidden");
    assert_eq!(detail(&fixture, &refused).await.left_out_before, Some(2));
    let refused = fixture.admin.delete("/admin_tokens/nonsense").await;
    assert_eq!(detail(&fixture, &refused).await.left_out_before, None);
}

#[tokio::test]
async fn rejected_tokens_record_their_id_and_role() {
    let fixture = Fixture::new().await;
    let refused = fixture.auditor.post("/tenants", &json!({ "display_name": "New" })).await;
    refused.expect_refusal(403, "forbidden");
    let forbidden = detail(&fixture, &refused).await;
    assert_eq!((forbidden.check, forbidden.expected), (Some(Check::Role), vec!["role admin".to_owned()]));
    assert_eq!((forbidden.received.as_deref(), forbidden.path.as_deref()), (Some("role auditor"), Some("/tenants")));
    assert!(forbidden.key_id.is_some());
    let key = fixture.one.tenant.api_key.clone();
    let with_key = Http::new(fixture.server.admin_url.clone()).header("Authorization", &format!("Bearer {key}"));
    let refused = with_key.get("/tenants").await;
    refused.expect_refusal(401, "admin_token_invalid");
    let entries = fixture.entries(&refused).await;
    assert_eq!(entries[0]["tenant_id"], TenantId::INSTALLATION.to_string());
    let rejected = AuditEntry(entries[0].clone()).detail();
    assert_eq!((rejected.check, rejected.received.as_deref()), (Some(Check::KeyForm), Some("an API key")));
    assert_eq!(rejected.expected, ["dwa_<token id>_<secret>"]);
    assert!(!entries[0].to_string().contains(&key[36..]));
}
