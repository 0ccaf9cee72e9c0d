//! `/tenants/{tenant_id}/trust/preview` and `/tenants/{tenant_id}/radar`.

use doorward_authenticator::{Algorithm, Authenticator};
use doorward_shared::{CoseAlgorithm, admin::Role};
use doorward_testkit::{Http, Person, TestServer, TestTenant};
use serde_json::{Value, json};

/// Creates users: `both` has a synced and a device-bound credential, `synced-0` to `synced-2` each have only a synced
/// one, and `bound` has only a device-bound one.
async fn fill(tenant: &TestTenant) {
    let synced = || Authenticator::new().backup(true, true);
    let _ = Person::with("both", synced()).register(tenant).await.expect(200);
    let _ = Person::new("both").register_mfa(tenant).await.expect(200);
    for number in 0..3 {
        let _ = Person::with(&format!("synced-{number}"), synced()).register(tenant).await.expect(200);
    }
    let mut bound = Person::with("bound", Authenticator::new().algorithm(Algorithm::Rs256));
    let _ = bound.register(tenant).await.expect(200);
}

async fn preview(client: &Http, tenant: &TestTenant, query: &str, mode: &str) -> Value {
    let policy = json!({ "registration": mode, "login": mode, "device_bound_only": true });
    let body = json!({ "passkeys": policy, "second_factors": policy });
    client.post(&format!("/tenants/{}/trust/preview{query}", tenant.id), &body).await.expect(200).json()
}

#[tokio::test]
async fn preview_counts_and_lists_the_users_who_lose_credentials() {
    let server = TestServer::start().await;
    let (tenant, other) = (server.tenant().await, server.tenant().await);
    fill(&tenant).await;
    fill(&other).await;
    let auditor = server.admin("audit", Role::Auditor).await;
    let (mut names, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page = preview(&auditor, &tenant, &query, "enforce").await;
        if names.is_empty() {
            let impact = json!({ "users_losing_all": 3, "users_losing_some": 1, "credentials_lost": 4 });
            assert_eq!(page["impact"], impact);
        } else {
            assert_eq!(page.get("impact"), None);
        }
        for user in page["items"].as_array().unwrap() {
            let name = user["user_id"].as_str().unwrap().to_owned();
            assert_eq!(
                (&user["credentials_lost"], &user["credentials_kept"]),
                (&json!(1), &json!(u8::from(name == "both")))
            );
            names.push(name);
        }
        match page["next"].as_str() {
            Some(next) => query = format!("?limit=2&after={next}"),
            None => break,
        }
    }
    assert_eq!(names.pop().as_deref(), Some("both"));
    names.sort();
    assert_eq!(names, ["synced-0", "synced-1", "synced-2"]);
    let none = json!({ "users_losing_all": 0, "users_losing_some": 0, "credentials_lost": 0 });
    assert_eq!(preview(&auditor, &tenant, "", "monitor").await, json!({ "impact": none, "items": [] }));
}

#[tokio::test]
async fn preview_compares_with_the_current_policies() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    fill(&tenant).await;
    let admin = server.admin("ops", Role::Admin).await;
    let mut config = json!(doorward_testkit::config());
    config["trust"]["passkeys"] = json!({ "registration": "enforce", "login": "enforce", "device_bound_only": true });
    let _ = admin.put(&format!("/tenants/{}/config", tenant.id), &config).await.expect(204);
    let page = preview(&admin, &tenant, "", "enforce").await;
    assert_eq!(page["impact"]["credentials_lost"], 0, "{page}");
}

#[tokio::test]
async fn invalid_previews_are_refused() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let auditor = server.admin("audit", Role::Auditor).await;
    let path = format!("/tenants/{}/trust/preview", tenant.id);
    for (query, body, code) in [
        ("", json!({ "passkeys": { "login": "enforce" } }), "config_invalid"),
        ("", json!({ "passkeys": { "logins": "enforce" } }), "member_unknown"),
        ("", json!({ "passkeys": { "login": "sometimes" } }), "body_malformed"),
        ("?after=x", json!({}), "query_invalid"),
        ("?limit=201", json!({}), "query_invalid"),
    ] {
        auditor.post(&format!("{path}{query}"), &body).await.expect_refusal(400, code);
    }
    let unknown = "/tenants/0198c0de-0000-7000-8000-000000000001/trust/preview";
    auditor.post(unknown, &json!({})).await.expect_refusal(404, "tenant_not_found");
}

#[tokio::test]
async fn radar_counts_algorithms_and_ready_users() {
    let server = TestServer::start().await;
    let tenant = server
        .tenant_with(|config| config.webauthn.algorithms = [CoseAlgorithm::Es256, CoseAlgorithm::Rs256].to_vec())
        .await;
    fill(&tenant).await;
    let auditor = server.admin("audit", Role::Auditor).await;
    let radar = auditor.get(&format!("/tenants/{}/radar", tenant.id)).await.expect(200).json();
    let expected = json!({
        "passkeys": [
            { "algorithm": "ES256", "credentials": 4 },
            { "algorithm": "RS256", "credentials": 1 },
        ],
        "second_factors": [{ "algorithm": "ES256", "credentials": 1 }],
        "users": 5,
        "ready": [
            { "requirement": "device_bound", "users": 2 },
            { "requirement": "attested", "users": 0 },
            { "requirement": "without_rs256", "users": 4 },
            { "requirement": "post_quantum", "users": 0 },
        ],
    });
    assert_eq!(radar, expected);
}
