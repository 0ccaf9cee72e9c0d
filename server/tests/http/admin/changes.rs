//! Every change leaves its entries in the log, and no others: who, what, from where, before and after.

use std::collections::BTreeSet;

use doorward_shared::TenantId;
use doorward_testkit::Response;
use serde_json::{Value, json};

use super::setting::{Setting, changes};

/// A change, what is answered, and the types of the entries it leaves. The order is one in which all can be done.
const CHANGES: &[(&str, &str, u16, &[&str])] = &[
    ("PUT", "/tenants/{tenant_id}", 204, &["tenant_updated"]),
    ("PUT", "/tenants/{tenant_id}/config", 204, &["tenant_config_updated"]),
    ("POST", "/tenants/{tenant_id}/secrets/api", 201, &["api_key_created"]),
    ("DELETE", "/tenants/{tenant_id}/secrets/api/{secret_id}", 204, &["api_key_revoked"]),
    ("POST", "/tenants/{tenant_id}/secrets/jwk", 201, &["signing_key_created"]),
    ("DELETE", "/tenants/{tenant_id}/secrets/jwk/{secret_id}", 204, &["signing_key_retired"]),
    (
        "DELETE",
        "/tenants/{tenant_id}/users/{user_id}/credentials/{credential_id}",
        204,
        &["webauthn_credential_deleted"],
    ),
    ("DELETE", "/tenants/{tenant_id}/users/{user_id}", 204, &["user_deleted"]),
    ("POST", "/tenants", 201, &["tenant_created", "signing_key_created", "api_key_created"]),
    ("POST", "/admin_tokens", 201, &["admin_token_created"]),
    ("DELETE", "/admin_tokens/{secret_id}", 204, &["admin_token_revoked"]),
    ("DELETE", "/tenants/{tenant_id}", 204, &["tenant_deleted"]),
];

#[tokio::test]
async fn every_change_leaves_its_entries() {
    let setting = Setting::new().await;
    let (one, installation) = (setting.one.tenant.id.to_string(), TenantId::INSTALLATION.to_string());
    let mut done = BTreeSet::new();
    for (method, path, status, kinds) in CHANGES {
        let endpoint = changes().find(|endpoint| (endpoint.method, endpoint.path) == (*method, *path)).unwrap();
        let total = setting.admin.get("/audit_logs?per_page=1").await.expect(200);
        let answer = setting.call(&setting.admin, endpoint).await.expect(*status);
        let entries = setting.entries(&answer).await;
        let found: BTreeSet<&str> = entries.iter().map(|entry| entry["type"].as_str().unwrap()).collect();
        assert_eq!((entries.len(), &found), (kinds.len(), &kinds.iter().copied().collect()), "{method} {path}");
        if *kinds != ["tenant_deleted"] {
            // Nothing else was written either.
            let after = setting.admin.get("/audit_logs?per_page=1").await.expect(200);
            let number = |text: Option<&str>| text.and_then(|text| text.parse::<usize>().ok()).unwrap();
            let (before, after) = (number(total.header("x-total-count")), number(after.header("x-total-count")));
            assert_eq!(after - before, kinds.len(), "{method} {path}");
        }
        for entry in &entries {
            assert_eq!(entry["actor_user_id"], "ops", "{entry}");
            assert_eq!(entry["meta_source_ip"], "127.0.0.1", "{entry}");
            assert_eq!(entry.get("error"), None);
            let of_installation = path.starts_with("/admin_tokens") || *kinds == ["tenant_deleted"];
            let log = match *path {
                _ if of_installation => installation.clone(),
                "/tenants" => answer.field("id"),
                _ => one.clone(),
            };
            assert_eq!(entry["tenant_id"], log, "{entry}");
            assert!(entry["detail"].is_object(), "{entry}");
            // No secret is written down.
            let text = entry.to_string();
            for word in ["argon2", "secret_hash", "private"] {
                assert!(!text.contains(word), "{text}");
            }
            assert!(secrets(&answer).iter().all(|secret| !text.contains(secret.as_str())), "{text}");
        }
        done.insert((*method, *path));
    }
    let all: BTreeSet<_> = changes().map(|endpoint| (endpoint.method, endpoint.path)).collect();
    assert_eq!(done, all);
}

/// The secrets in an answer, which may have no body.
fn secrets(answer: &Response) -> Vec<String> {
    let answer: Value = serde_json::from_str(&answer.text).unwrap_or_default();
    let places = [&answer["secret"], &answer["api_key"]["secret"]];
    places.into_iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[tokio::test]
async fn entries_tell_before_and_after() {
    let setting = Setting::new().await;
    let path = format!("/tenants/{}", setting.one.tenant.id);
    let before = setting.admin.get(&path).await.expect(200).json()["config"].clone();
    let renamed = setting.admin.put(&path, &json!({ "display_name": "Shop" })).await.expect(204);
    let detail = setting.entries(&renamed).await[0]["detail"].clone();
    assert_eq!(detail, json!({ "display_name": { "before": "Example", "after": "Shop" } }));
    let mut config = before.clone();
    config["webauthn"]["timeout"] = json!(45_000);
    config["cors"]["allowed_origins"] = json!([]);
    let changed = setting.admin.put(&format!("{path}/config"), &config).await.expect(204);
    let detail = setting.entries(&changed).await[0]["detail"].clone();
    assert_eq!(detail, json!({ "before": before, "after": config }));
    let deleted = setting.admin.delete(&path).await.expect(204);
    let entry = setting.entries(&deleted).await[0].clone();
    assert_eq!(entry["detail"], json!({ "id": setting.one.tenant.id, "display_name": "Shop" }));
    assert_eq!(entry.get("tenant_name"), None);
}

#[tokio::test]
async fn what_is_refused_changes_nothing_and_leaves_no_entry() {
    let setting = Setting::new().await;
    let before = setting.state().await;
    let path = format!("/tenants/{}", setting.one.tenant.id);
    let long = "x".repeat(129);
    for (method, path, body, code) in [
        ("PUT", path.clone(), json!({ "display_name": " " }), "validation_failed"),
        ("PUT", path.clone(), json!({ "display_name": long }), "validation_failed"),
        ("PUT", format!("{path}/config"), json!({ "webauthn": 5 }), "body_malformed"),
        ("POST", format!("{path}/secrets/api"), json!({}), "validation_failed"),
        (
            "POST",
            format!("{path}/secrets/api"),
            json!({ "name": "x", "expires_at": "2001-01-01T00:00:00Z" }),
            "validation_failed",
        ),
        ("POST", format!("{path}/secrets/jwk"), json!({ "algorithm": "none" }), "body_malformed"),
        ("POST", "/admin_tokens".to_owned(), json!({ "name": "ops" }), "conflict"),
        ("POST", "/tenants".to_owned(), json!({}), "validation_failed"),
        ("DELETE", format!("{path}/users/nobody"), json!({}), "user_not_found"),
        ("DELETE", "/admin_tokens/nonsense".to_owned(), json!({}), "secret_not_found"),
    ] {
        let answer = setting.admin.send(method.parse().unwrap(), &path, Some(body.to_string().into_bytes())).await;
        assert_eq!(answer.field("code"), code, "{method} {path} {body}");
        assert_eq!(setting.entries(&answer).await.len(), 0, "{method} {path} {body}");
    }
    assert_eq!(setting.state().await, before);
}
