//! `explain`

use doorward_shared::admin::Role;
use doorward_testkit::{Person, Response, TestTenant};

use crate::support::{run_to_end, setup};

/// Performs a second-factor login with `origin` in the client data. Returns the response to the finalize request.
async fn login(tenant: &TestTenant, person: &mut Person, origin: &str) -> Response {
    let request = serde_json::json!({ "user_id": person.user_id });
    let options = tenant.http.post("/mfa/login/initialize", &request).await.expect(200).json();
    let mut parts = person.browser.get_parts(&mut person.authenticator, &options).unwrap();
    parts.client_data.set("origin", origin);
    tenant.http.post("/mfa/login/finalize", &parts.sign().unwrap().into_json()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_login_is_explained() {
    let (_server, tenant, operator) = setup(Role::Auditor).await;
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    let refused = login(&tenant, &mut alice, "http://app.example.com").await;
    let text = operator.out(&["explain", refused.request_id()]).await;
    for expected in [
        "event       mfa_authentication_final_failed",
        "code        origin_mismatch",
        "actor       alice",
        "expected    https://app.example.com",
        "received    http://app.example.com",
        "challenge   of mfa_login, 0 ms after initialize, valid for 60 s",
        "flags       UP = 1  UV = 1  BE = 0  BS = 0",
        "only by its scheme: the page was loaded over http.",
        "section     WebAuthn Level 3 §7.2 step 12",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in\n{text}");
    }
    let json = operator.json(&["explain", refused.request_id(), "--tenant", "Example"]).await;
    assert_eq!((&json[0]["code"], &json[0]["received"]), (&"origin_mismatch".into(), &"http://app.example.com".into()));
    assert_eq!(json.as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn key_of_another_tenant_is_named() {
    let (server, tenant, operator) = setup(Role::Auditor).await;
    let other = server.tenant().await;
    let refused = tenant.with_key(&other.api_key).get("/credentials").await;
    let text = operator.out(&["explain", refused.request_id()]).await;
    assert!(text.contains("It is a key of another tenant: Example."), "{text}");
    assert!(!text.contains(&other.api_key[36..]), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn limited_token_can_explain_a_key_of_another_tenant() {
    let (server, tenant, operator) = setup(Role::Admin).await;
    let limited = ["admin-token", "create", "--name", "bob", "--role", "auditor", "--tenant", "Example", "--quiet"];
    let token = operator.out(&limited).await;
    let other = server.tenant().await;
    let refused = tenant.with_key(&other.api_key).get("/credentials").await;
    let mut command = operator.command(&["explain", refused.request_id(), "--tenant", &tenant.id.to_string()]);
    command.env("DOORWARD_ADMIN_TOKEN", token.trim_end());
    let ran = run_to_end(command).await;
    assert_eq!(ran.code, 0, "{}", ran.err);
    let names_owner = ran.out.contains("key of another tenant:");
    assert!(ran.out.contains("event       api_key_rejected") && !names_owner, "{}", ran.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_and_successful_requests_are_not_explained() {
    let (_server, tenant, operator) = setup(Role::Auditor).await;
    operator.fails(&["explain", "no-such-id"], 1, &["no audit entry has the request id"]).await;
    let registered = Person::new("alice").register_mfa(&tenant).await.expect(200);
    let id = registered.request_id();
    operator.fails(&["explain", id], 1, &["was not refused", "mfa_registration_final_succeeded"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_values_are_escaped() {
    let (_server, tenant, operator) = setup(Role::Auditor).await;
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    let refused = login(&tenant, &mut alice, "\u{1b}]0;x\u{7}\u{202e}").await;
    let text = operator.out(&["explain", refused.request_id()]).await;
    assert!(text.contains("received    \\u{1b}]0;x\\u{7}\\u{202e}"), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text}");
}
