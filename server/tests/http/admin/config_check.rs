//! `POST /config/check`, which lists the problems of a configuration and stores nothing. Requests that store a
//! configuration check it by the same rules.

use doorward_shared::admin::Role;
use doorward_testkit::{TestServer, config};
use serde_json::{Value, json};

use crate::support::server_with_tenant;

fn fields(response: &Value) -> Vec<&str> {
    response["problems"].as_array().unwrap().iter().map(|problem| problem["field"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn all_problems_are_reported_at_once() {
    let (server, tenant) = server_with_tenant().await;
    let (auditor, admin) = (server.admin("audit", Role::Auditor).await, server.admin("ops", Role::Admin).await);
    let good = json!(config());
    assert_eq!(auditor.post("/config/check", &good).await.expect(200).json(), json!({ "problems": [] }));
    let mut wrong = good.clone();
    wrong["webauthn"]["relying_party"]["origins"] = json!(["https://app.example.com/", "https://elsewhere.test"]);
    wrong["webauthn"]["timeout"] = json!(1);
    wrong["cors"]["allowed_origins"] = json!(["*"]);
    let response = auditor.post("/config/check", &wrong).await.expect(200).json();
    let origins = "webauthn.relying_party.origins";
    let expected = [&format!("{origins}[0]"), &format!("{origins}[1]"), "webauthn.timeout", "cors.allowed_origins[0]"];
    assert_eq!(fields(&response), expected);
    assert!(response["problems"][0]["message"].as_str().unwrap().contains("write `https://app.example.com`"));
    // A request to store this configuration is refused with the same messages.
    let path = format!("/tenants/{}/config", tenant.id);
    let refused = admin.put(&path, &wrong).await;
    refused.expect_refusal(400, "config_invalid");
    for problem in response["problems"].as_array().unwrap() {
        let expected = format!("{}: {}", problem["field"].as_str().unwrap(), problem["message"].as_str().unwrap());
        assert!(refused.field("details").contains(&expected), "{expected}\n{}", refused.text);
    }
    let new = json!({ "display_name": "New", "config": wrong });
    admin.post("/tenants", &new).await.expect_refusal(400, "config_invalid");
    let stored = admin.get(&format!("/tenants/{}", tenant.id)).await.expect(200).json();
    assert_eq!(stored["config"], good);
}

#[tokio::test]
async fn missing_fields_and_wrong_types_are_reported() {
    let server = TestServer::start().await;
    let auditor = server.admin("audit", Role::Auditor).await;
    let check = |body: &'static str| {
        let auditor = auditor.clone();
        async move { auditor.post_bytes("/config/check", body.as_bytes().to_vec()).await }
    };
    for (body, expected) in [
        ("", ["webauthn"].as_slice()),
        ("{}", &["webauthn"]),
        ("[]", &[""]),
        ("null", &[""]),
        (
            r#"{"webauthn":{"relying_party":{"id":"example.com"}},"mfa":7}"#,
            &["webauthn.relying_party.display_name", "webauthn.relying_party.origins", "mfa"],
        ),
        (r#"{"webauthn":{"relying_party":{"id":"a","id":"a","display_name":"A","origins":[]}}}"#, &[""]),
    ] {
        assert_eq!(fields(&check(body).await.expect(200).json()), expected, "{body}");
    }
    for body in ["{", "x", "{} {}"] {
        check(body).await.expect_refusal(400, "body_malformed");
    }
}

#[tokio::test]
async fn check_and_put_report_the_same_problems() {
    let (server, tenant) = server_with_tenant().await;
    let admin = server.admin("ops", Role::Admin).await;
    let mut wrong = json!(config());
    wrong["webauthn"]["user_verificaton"] = json!("preferred");
    wrong["webauthn"]["attachment"] = json!(5);
    wrong["webauthn"]["timeout"] = json!(1);
    wrong["cors"]["allowed_origins"] = json!(["https://*.com"]);
    let found = admin.post("/config/check", &wrong).await.expect(200).json();
    // Structural problems are listed first. They do not hide invalid values of other settings.
    let expected = ["webauthn.user_verificaton", "webauthn.attachment", "webauthn.timeout", "cors.allowed_origins[0]"];
    assert_eq!(fields(&found), expected);
    let refused = admin.put(&format!("/tenants/{}/config", tenant.id), &wrong).await;
    refused.expect_refusal(400, "config_invalid");
    for problem in found["problems"].as_array().unwrap() {
        let part = format!("{}: {}", problem["field"].as_str().unwrap(), problem["message"].as_str().unwrap());
        assert!(refused.field("details").contains(&part), "{part}\n{}", refused.text);
    }
}
