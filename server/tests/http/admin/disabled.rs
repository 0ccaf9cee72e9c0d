//! `…/disabled` of tenants, API keys, users and credentials.

use doorward_server::routes::Endpoint;
use doorward_testkit::Person;
use reqwest::Method;
use serde_json::{Value, json};

use super::fixture::{Fixture, changes};

/// Returns the endpoints whose path disables an object with PUT and enables it with DELETE.
fn paths() -> impl Iterator<Item = &'static Endpoint> {
    changes().filter(|endpoint| endpoint.path.ends_with("/disabled") && endpoint.method == "PUT")
}

/// Returns each disabled object of the first tenant with the value of its member `disabled_at`.
async fn disabled(fixture: &Fixture) -> Vec<(String, Value)> {
    let (tenant, admin) = (fixture.one.tenant.id, &fixture.admin);
    let mut found = Vec::new();
    for path in ["/tenants", "/tenant_summaries?"] {
        let list = admin.get(path).await.expect(200).json();
        let items = list.get("items").unwrap_or(&list).as_array().unwrap().clone();
        let own = items.into_iter().find(|item| item["id"] == json!(tenant)).unwrap();
        found.push((path.to_owned(), own["disabled_at"].clone()));
    }
    for path in ["", "/users/alice", "/summary"] {
        let object = admin.get(&format!("/tenants/{tenant}{path}")).await.expect(200).json();
        found.push((path.to_owned(), object["disabled_at"].clone()));
        for credential in object["credentials"].as_array().into_iter().flatten() {
            found.push(("credential".to_owned(), credential["disabled_at"].clone()));
        }
    }
    for path in ["/secrets/api", "/users", "/user_summaries"] {
        let list = admin.get(&format!("/tenants/{tenant}{path}")).await.expect(200).json();
        for item in list.get("items").unwrap_or(&list).as_array().unwrap() {
            found.push((path.to_owned(), item["disabled_at"].clone()));
        }
    }
    found.retain(|(_, at)| !at.is_null());
    found
}

#[tokio::test]
async fn disabled_state_is_shown_in_every_list_and_is_reversible() {
    let fixture = Fixture::new().await;
    let now = json!(fixture.server.app.clock.now());
    let before = fixture.state().await;
    for endpoint in paths() {
        let shown: &[&str] = match endpoint.path {
            "/tenants/{tenant_id}/disabled" => &["/tenants", "/tenant_summaries?", "", "/summary"],
            path if path.contains("/secrets/api/") => &["/secrets/api"],
            path if path.contains("/credentials/") => &["credential"],
            _ => &["/users/alice", "/users", "/user_summaries"],
        };
        let path = fixture.path(endpoint, &fixture.one, &fixture.one);
        assert_eq!(disabled(&fixture).await, []);
        let _ = fixture.admin.send(Method::PUT, &path, None).await.expect(204);
        let expected: Vec<(String, Value)> = shown.iter().map(|place| ((*place).to_owned(), now.clone())).collect();
        assert_eq!(disabled(&fixture).await, expected, "{path}");
        let _ = fixture.admin.delete(&path).await.expect(204);
        assert_eq!(fixture.state().await, before, "{path}");
    }
}

#[tokio::test]
async fn repeated_request_changes_nothing_and_writes_no_entry() {
    let fixture = Fixture::new().await;
    for endpoint in paths() {
        let path = fixture.path(endpoint, &fixture.one, &fixture.one);
        for (method, first) in [(Method::DELETE, 0), (Method::PUT, 1), (Method::PUT, 0), (Method::DELETE, 1)] {
            let response = fixture.admin.send(method.clone(), &path, None).await.expect(204);
            assert_eq!(fixture.entries(&response).await.len(), first, "{method} {path}");
        }
        let _ = fixture.admin.send(Method::PUT, &path, None).await.expect(204);
        let since = disabled(&fixture).await;
        fixture.server.clock.advance_ms(1_000);
        let _ = fixture.admin.send(Method::PUT, &path, None).await.expect(204);
        assert_eq!(disabled(&fixture).await, since, "{path}");
        let _ = fixture.admin.delete(&path).await.expect(204);
    }
}

#[tokio::test]
async fn only_the_latest_change_can_be_reverted() {
    let fixture = Fixture::new().await;
    for endpoint in paths() {
        let path = fixture.path(endpoint, &fixture.one, &fixture.one);
        let send = async |method: Method, version: Option<&str>| {
            let admin = fixture.admin.clone();
            let admin = version.map_or(admin.clone(), |version| admin.header("if-match", version));
            admin.send(method, &path, None).await
        };
        // The response contains a version only if the request changed the state.
        let change = async |method: Method| {
            let response = send(method, None).await.expect(204);
            response.header("etag").map(str::to_owned)
        };
        assert_eq!(change(Method::DELETE).await, None, "{path}");
        let disabled_here = change(Method::PUT).await.unwrap();
        assert_eq!(change(Method::PUT).await, None, "{path}");
        // Another administrator enables the object and disables it again, while the test clock stands still.
        let enabled_there = change(Method::DELETE).await.unwrap();
        let disabled_there = change(Method::PUT).await.unwrap();
        let refused = send(Method::DELETE, Some(&disabled_here)).await;
        refused.expect_refusal(412, "state_changed");
        assert_eq!(fixture.entries(&refused).await.len(), 1);
        assert!(!disabled(&fixture).await.is_empty(), "{path}");
        let enabled = send(Method::DELETE, Some(&disabled_there)).await.expect(204);
        let version = enabled.header("etag").unwrap();
        assert_eq!(disabled(&fixture).await, [], "{path}");
        for stale in [enabled_there.as_str(), "\"other\"", &format!("W/{version}")] {
            send(Method::PUT, Some(stale)).await.expect_refusal(412, "state_changed");
        }
        send(Method::PUT, Some("nonsense")).await.expect_refusal(400, "validation_failed");
        assert_eq!(disabled(&fixture).await, [], "{path}");
        let _ = send(Method::PUT, Some(version)).await.expect(204);
        let _ = send(Method::DELETE, Some("*")).await.expect(204);
    }
}

#[tokio::test]
async fn version_of_a_deleted_user_does_not_match_a_new_one() {
    let fixture = Fixture::new().await;
    let (tenant, admin) = (&fixture.one.tenant, &fixture.admin);
    let user = format!("/tenants/{}/users/alice", tenant.id);
    let disable = async || admin.send(Method::PUT, &format!("{user}/disabled"), None).await.expect(204);
    let before = disable().await;
    let _ = admin.delete(&user).await.expect(204);
    let _ = Person::new("alice").register(tenant).await.expect(200);
    let after = disable().await;
    // The deleted user and the new user have the same user id. Each was disabled once, so both versions end with 1.
    let [before, after] = [&before, &after].map(|response| response.header("etag").unwrap());
    assert!(before.ends_with("-1\"") && after.ends_with("-1\""), "{before} {after}");
    let undo =
        async |version: &str| admin.clone().header("if-match", version).delete(&format!("{user}/disabled")).await;
    undo(before).await.expect_refusal(412, "state_changed");
    assert!(!disabled(&fixture).await.is_empty());
    let _ = undo(after).await.expect(204);
}

#[tokio::test]
async fn only_one_of_several_concurrent_undos_applies() {
    let fixture = Fixture::new().await;
    for endpoint in paths() {
        let path = fixture.path(endpoint, &fixture.one, &fixture.one);
        let disabled = fixture.admin.send(Method::PUT, &path, None).await.expect(204);
        let undo = fixture.admin.clone().header("if-match", disabled.header("etag").unwrap());
        let requests = (0..4).map(|_| undo.send(Method::DELETE, &path, None));
        let responses = futures_util::future::join_all(requests).await;
        let mut statuses: Vec<u16> = responses.iter().map(|response| response.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 412, 412, 412], "{path}");
    }
}

#[tokio::test]
async fn concurrent_requests_write_one_entry() {
    let fixture = Fixture::new().await;
    for endpoint in paths() {
        let path = fixture.path(endpoint, &fixture.one, &fixture.one);
        let requests = (0..10).map(|_| fixture.admin.send(Method::PUT, &path, None));
        for response in futures_util::future::join_all(requests).await {
            let _ = response.expect(204);
        }
        let log = fixture.admin.get(&format!("/tenants/{}/audit_logs", fixture.one.tenant.id)).await.expect(200).json();
        let newest = log[0]["type"].clone();
        assert!(newest.as_str().unwrap().ends_with("_disabled"), "{newest}");
        let entries = log.as_array().unwrap().iter().filter(|entry| entry["type"] == newest).count();
        assert_eq!(entries, 1, "{path}");
        let _ = fixture.admin.delete(&path).await.expect(204);
    }
}

#[tokio::test]
async fn disabling_one_tenant_does_not_affect_another() {
    let fixture = Fixture::new().await;
    // Both tenants have a user with the same id.
    for endpoint in paths() {
        let path = fixture.path(endpoint, &fixture.one, &fixture.one);
        let _ = fixture.admin.send(Method::PUT, &path, None).await.expect(204);
    }
    let other = &fixture.other.tenant;
    let login = json!({ "user_id": "alice" });
    let _ = other.http.post("/login/initialize", &login).await.expect(200);
    let user = fixture.admin.get(&format!("/tenants/{}/users/alice", other.id)).await.expect(200).json();
    assert_eq!((user.get("disabled_at"), user["credentials"][0].get("disabled_at")), (None, None));
}
