//! The audit entry of a refused change contains the failed check, with the expected and the received value.

use doorward_server::service::admin::admin_tokens;
use doorward_shared::{
    TenantId,
    admin::{CreateAdminTokenRequest, Role},
    refusal::Check,
};
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
async fn undo_of_an_old_change_records_its_version() {
    let fixture = Fixture::new().await;
    let stale = fixture.admin.clone().header("If-Match", "\"7\"");
    let path = format!("/tenants/{}/disabled", fixture.one.tenant.id);
    let refused = stale.delete(&path).await;
    refused.expect_refusal(412, "state_changed");
    let detail = detail(&fixture, &refused).await;
    assert_eq!((detail.check, detail.received.as_deref()), (Some(Check::StateVersion), Some("7")));
}

#[tokio::test]
async fn next_entry_of_any_kind_counts_refusals_without_an_entry() {
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

/// By mistake, a caller may send a key where an id is expected.
#[tokio::test]
async fn keys_in_the_place_of_ids_are_not_stored() {
    let fixture = Fixture::new().await;
    let (tenant, admin) = (&fixture.one.tenant, &fixture.admin);
    let request = CreateAdminTokenRequest {
        name: Some("mistaken".to_owned()),
        role: Some(Role::Admin),
        tenants: None,
        expires_at: None,
    };
    let token = admin_tokens::create(&fixture.server.administrator(), request).await.unwrap().secret;
    let key = &tenant.api_key;
    let path = format!("/tenants/{}", tenant.id);
    for key in [&token, key] {
        let put = admin.put(&format!("{path}/secrets/api/{key}/disabled"), &json!({})).await;
        let deleted = admin.delete(&format!("/admin_tokens/{key}")).await;
        let retired = admin.delete(&format!("{path}/secrets/jwk/{key}")).await;
        let renamed = admin.put(&path, &json!({ (key.as_str()): 1 })).await;
        let user = tenant.http.delete(&format!("/users/{key}")).await;
        let credential = tenant.http.patch(&format!("/credentials/{key}"), &json!({ "name": "x" })).await;
        let login = tenant.http.post("/mfa/login/initialize", &json!({ "user_id": key })).await;
        for response in [put, deleted, retired, renamed, user, credential, login] {
            assert!(response.status >= 400, "{}", response.text);
        }
    }
    let log = admin.get("/audit_logs?per_page=1000").await.expect(200).text;
    for key in [&token, key] {
        let (_, secret) = key.split_at(key.len() - 32);
        assert!(!log.contains(&secret[..8]), "a part of a secret is in the log");
        let hint = key.split_at(key.find('_').unwrap() + 5).0;
        assert!(log.contains(&format!("{hint}…")), "{hint}");
    }
}
