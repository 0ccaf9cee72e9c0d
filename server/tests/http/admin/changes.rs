//! Every change writes exactly the expected audit entries, with actor, source address, old values and new values.

use std::collections::BTreeSet;

use doorward_shared::TenantId;
use doorward_testkit::Response;
use serde_json::{Value, json};

use super::fixture::{Fixture, body, changes, guarded, method};

/// Method, path, expected status and expected audit entry types of every change. In this order, all changes succeed.
const CHANGES: &[(&str, &str, u16, &[&str])] = &[
    ("PUT", "/tenants/{tenant_id}", 204, &["tenant_updated"]),
    ("PUT", "/tenants/{tenant_id}/config", 204, &["tenant_config_updated"]),
    ("PUT", "/tenants/{tenant_id}/disabled", 204, &["tenant_disabled"]),
    ("DELETE", "/tenants/{tenant_id}/disabled", 204, &["tenant_enabled"]),
    ("POST", "/tenants/{tenant_id}/secrets/api", 201, &["api_key_created"]),
    ("PUT", "/tenants/{tenant_id}/secrets/api/{secret_id}/disabled", 204, &["api_key_disabled"]),
    ("DELETE", "/tenants/{tenant_id}/secrets/api/{secret_id}/disabled", 204, &["api_key_enabled"]),
    ("DELETE", "/tenants/{tenant_id}/secrets/api/{secret_id}", 204, &["api_key_revoked"]),
    ("POST", "/tenants/{tenant_id}/secrets/jwk", 201, &["signing_key_created"]),
    ("DELETE", "/tenants/{tenant_id}/secrets/jwk/{secret_id}", 204, &["signing_key_retired"]),
    ("PUT", "/tenants/{tenant_id}/users/{user_id}/disabled", 204, &["user_disabled"]),
    ("DELETE", "/tenants/{tenant_id}/users/{user_id}/disabled", 204, &["user_enabled"]),
    ("PUT", "/tenants/{tenant_id}/users/{user_id}/credentials/{credential_id}/disabled", 204, &["credential_disabled"]),
    (
        "DELETE",
        "/tenants/{tenant_id}/users/{user_id}/credentials/{credential_id}/disabled",
        204,
        &["credential_enabled"],
    ),
    (
        "DELETE",
        "/tenants/{tenant_id}/users/{user_id}/credentials/{credential_id}",
        204,
        &["credential_deleted_by_admin"],
    ),
    ("DELETE", "/tenants/{tenant_id}/users/{user_id}", 204, &["user_deleted"]),
    ("POST", "/tenants", 201, &["tenant_created", "signing_key_created", "api_key_created"]),
    ("POST", "/admin_tokens", 201, &["admin_token_created"]),
    ("DELETE", "/admin_tokens/{secret_id}", 204, &["admin_token_revoked"]),
    ("DELETE", "/tenants/{tenant_id}", 204, &["tenant_deleted"]),
];

#[tokio::test]
async fn every_change_writes_its_audit_entries() {
    let fixture = Fixture::new().await;
    let (one, installation) = (fixture.one.tenant.id.to_string(), TenantId::INSTALLATION.to_string());
    let mut done = BTreeSet::new();
    for (method, path, status, kinds) in CHANGES {
        let endpoint = changes().find(|endpoint| (endpoint.method, endpoint.path) == (*method, *path)).unwrap();
        let total = fixture.admin.get("/audit_logs?per_page=1").await.expect(200);
        let response = fixture.call(&fixture.admin, endpoint).await.expect(*status);
        let entries = fixture.entries(&response).await;
        let found: BTreeSet<&str> = entries.iter().map(|entry| entry["type"].as_str().unwrap()).collect();
        assert_eq!((entries.len(), &found), (kinds.len(), &kinds.iter().copied().collect()), "{method} {path}");
        if *kinds != ["tenant_deleted"] {
            // No other entries were written.
            let after = fixture.admin.get("/audit_logs?per_page=1").await.expect(200);
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
                "/tenants" => response.field("id"),
                _ => one.clone(),
            };
            assert_eq!(entry["tenant_id"], log, "{entry}");
            assert!(entry["detail"].is_object(), "{entry}");
            // No audit entry contains a secret.
            let text = entry.to_string();
            for word in ["argon2", "secret_hash", "private"] {
                assert!(!text.contains(word), "{text}");
            }
            assert!(secrets(&response).iter().all(|secret| !text.contains(secret.as_str())), "{text}");
        }
        done.insert((*method, *path));
    }
    let all: BTreeSet<_> = changes().map(|endpoint| (endpoint.method, endpoint.path)).collect();
    assert_eq!(done, all);
}

/// Returns the secrets in a response, which may have no body.
fn secrets(response: &Response) -> Vec<String> {
    let response: Value = serde_json::from_str(&response.text).unwrap_or_default();
    let secrets = [&response["secret"], &response["api_key"]["secret"]];
    secrets.into_iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[tokio::test]
async fn entries_contain_values_before_and_after_the_change() {
    let fixture = Fixture::new().await;
    let path = format!("/tenants/{}", fixture.one.tenant.id);
    let before = fixture.admin.get(&path).await.expect(200).json()["config"].clone();
    let renamed = fixture.admin.put(&path, &json!({ "display_name": "Shop" })).await.expect(204);
    let detail = fixture.entries(&renamed).await[0]["detail"].clone();
    assert_eq!(detail, json!({ "display_name": { "before": "Example", "after": "Shop" } }));
    let mut config = before.clone();
    config["webauthn"]["timeout"] = json!(45_000);
    config["cors"]["allowed_origins"] = json!([]);
    let changed = fixture.admin.put(&format!("{path}/config"), &config).await.expect(204);
    let detail = fixture.entries(&changed).await[0]["detail"].clone();
    assert_eq!(detail, json!({ "before": before, "after": config }));
    let deleted = fixture.admin.delete(&path).await.expect(204);
    let entry = fixture.entries(&deleted).await[0].clone();
    let detail = &entry["detail"];
    assert_eq!((&detail["id"], &detail["display_name"]), (&json!(fixture.one.tenant.id), &json!("Shop")));
    assert!(detail["audit_log_kept_until"].is_string(), "{detail}");
    assert_eq!(entry.get("tenant_name"), None);
}

#[tokio::test]
async fn refused_changes_change_nothing_and_write_one_entry() {
    let fixture = Fixture::new().await;
    let before = fixture.state().await;
    let path = format!("/tenants/{}", fixture.one.tenant.id);
    let long = "x".repeat(129);
    for (method, path, body, code) in [
        ("PUT", path.clone(), json!({ "display_name": " " }), "validation_failed"),
        ("PUT", path.clone(), json!({ "display_name": long }), "validation_failed"),
        ("PUT", format!("{path}/config"), json!({ "webauthn": 5 }), "config_invalid"),
        ("POST", format!("{path}/secrets/api"), json!({}), "validation_failed"),
        (
            "POST",
            format!("{path}/secrets/api"),
            json!({ "name": "x", "expires_at": "2001-01-01T00:00:00Z" }),
            "validation_failed",
        ),
        ("POST", format!("{path}/secrets/jwk"), json!({ "algorithm": "none" }), "body_malformed"),
        ("POST", "/admin_tokens".to_owned(), json!({ "name": "ops", "role": "admin" }), "conflict"),
        ("POST", "/admin_tokens".to_owned(), json!({ "name": "ro" }), "validation_failed"),
        ("POST", "/admin_tokens".to_owned(), json!({ "name": "ro", "Role": "auditor" }), "member_unknown"),
        ("POST", "/tenants".to_owned(), json!({}), "validation_failed"),
        ("DELETE", format!("{path}/users/nobody"), json!({}), "user_not_found"),
        ("DELETE", "/admin_tokens/nonsense".to_owned(), json!({}), "secret_not_found"),
    ] {
        let response = fixture.admin.send(method.parse().unwrap(), &path, Some(body.to_string().into_bytes())).await;
        assert_eq!(response.field("code"), code, "{method} {path} {body}");
        let entries = fixture.entries(&response).await;
        assert_eq!(entries.len(), 1, "{method} {path} {body}");
        assert_eq!((&entries[0]["type"], &entries[0]["error_code"]), (&"admin_request_rejected".into(), &code.into()));
        assert_eq!(
            (&entries[0]["actor_user_id"], &entries[0]["detail"]["path"]),
            (&"ops".into(), &path.clone().into())
        );
        let log = if path.starts_with("/tenants/") { fixture.one.tenant.id } else { TenantId::INSTALLATION };
        assert_eq!(entries[0]["tenant_id"], log.to_string());
    }
    assert_eq!(fixture.state().await, before);
}

#[tokio::test]
async fn unknown_members_of_every_body_are_refused() {
    let fixture = Fixture::new().await;
    let before = fixture.state().await;
    let mut bodies = 0;
    for endpoint in guarded().filter(|endpoint| endpoint.path != "/config/check") {
        let Some(mut body) = body(endpoint) else { continue };
        body["mispelt"] = json!(1);
        let path = fixture.path(endpoint, &fixture.one, &fixture.one);
        let response = fixture.admin.send(method(endpoint), &path, Some(body.to_string().into_bytes())).await;
        assert_eq!(response.status, 400, "{} {path}: {}", endpoint.method, response.text);
        let code = if path.ends_with("/config") { "config_invalid" } else { "member_unknown" };
        assert_eq!(response.field("code"), code, "{} {path}", endpoint.method);
        assert!(response.field("details").contains("mispelt"), "{}", response.text);
        bodies += 1;
    }
    assert!(bodies >= 6, "{bodies}");
    assert_eq!(fixture.state().await, before);
    let token = json!({ "name": "ro", "Role": "auditor", "role": "auditor" });
    let details = fixture.admin.post("/admin_tokens", &token).await.field("details");
    assert_eq!(details, "Role is unknown; did you mean `role`?");
    let tenant = json!({ "display_name": "New", "config": { "webauthn": { "timeout": "x", "time_out": 1 } } });
    let details = fixture.admin.post("/tenants", &tenant).await.field("details");
    for part in
        ["config.webauthn.timeout: must be", "config.webauthn.time_out: is unknown", "config.webauthn.relying_party"]
    {
        assert!(details.contains(part), "{details}");
    }
}

#[tokio::test]
async fn stale_versions_are_refused() {
    let fixture = Fixture::new().await;
    let path = format!("/tenants/{}", fixture.one.tenant.id);
    let read = fixture.admin.get(&path).await.expect(200);
    let version = read.header("etag").unwrap().to_owned();
    assert!(version.starts_with('"') && version.ends_with('"'), "{version}");
    let with = |version: &str| fixture.admin.clone().header("if-match", version);
    let mut config = read.json()["config"].clone();
    config["webauthn"]["timeout"] = json!(45_000);
    let changed = with(&version).put(&format!("{path}/config"), &config).await.expect(204);
    let newer = changed.header("etag").unwrap().to_owned();
    assert_ne!(newer, version);
    // Another administrator sends requests with the first version, which is outdated by now.
    let name = json!({ "display_name": "Lost" });
    for (caller, path, body) in [
        (with(&version), format!("{path}/config"), &read.json()["config"]),
        (with(&version), path.clone(), &name),
        (with(&format!("W/{newer}")), path.clone(), &name),
    ] {
        let refused = caller.put(&path, body).await;
        refused.expect_refusal(412, "tenant_changed");
        assert_eq!(fixture.entries(&refused).await.len(), 1);
    }
    with(&version).delete(&path).await.expect_refusal(412, "tenant_changed");
    for wrong in ["nonsense", ""] {
        with(wrong).put(&path, &name).await.expect_refusal(400, "validation_failed");
    }
    let current = fixture.admin.get(&path).await.expect(200);
    assert_eq!((current.header("etag"), &current.json()["config"]), (Some(newer.as_str()), &config));
    for accepted in ["*", &format!("\"other\", {newer}")] {
        let _ = with(accepted).put(&path, &json!({ "display_name": "Example" })).await.expect(204);
    }
    let renamed = with(&newer).put(&path, &json!({ "display_name": "Shop" })).await.expect(204);
    assert_ne!(renamed.header("etag"), Some(newer.as_str()));
    let current = fixture.admin.get(&path).await.expect(200);
    assert_eq!(current.header("etag"), renamed.header("etag"));
    let _ = fixture.admin.delete(&path).await.expect(204);
}

#[tokio::test]
async fn change_that_changes_nothing_writes_no_entry() {
    let fixture = Fixture::new().await;
    let path = format!("/tenants/{}", fixture.one.tenant.id);
    let read = fixture.admin.get(&path).await.expect(200);
    let name = json!({ "display_name": read.json()["display_name"] });
    let mut config = read.json()["config"].clone();
    config.as_object_mut().unwrap().remove("mfa");
    for (path, body) in [(path.clone(), &name), (format!("{path}/config"), &config)] {
        let response = fixture.admin.put(&path, body).await.expect(204);
        assert_eq!(response.header("etag"), read.header("etag"));
        assert_eq!(fixture.entries(&response).await.len(), 0);
    }
}
