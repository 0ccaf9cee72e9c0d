//! Initialize requests of logins: with the API key for one user, or without a key for a discoverable login.

use doorward_authenticator::{base64url, from_base64url};
use doorward_testkit::{Person, member_names};
use serde_json::{Value, json};

use crate::support::server_with_tenant;

const PATH: &str = "/login/initialize";

#[tokio::test]
async fn discoverable_login_needs_neither_key_nor_body() {
    let (_server, tenant) = server_with_tenant().await;
    for (http, body) in [
        (&tenant.anonymous, &b""[..]),
        (&tenant.anonymous, b"{}"),
        (&tenant.anonymous, b" \n"),
        (&tenant.anonymous, br#"{"user_id":null}"#),
        (&tenant.http, b"{}"),
    ] {
        let response = http.post_bytes(PATH, body.to_vec()).await.expect(200);
        let options = response.json()["publicKey"].clone();
        assert_eq!(member_names(&options), ["challenge", "rpId", "timeout", "userVerification"]);
        assert_eq!(options["rpId"], "example.com");
        assert_eq!((&options["timeout"], &options["userVerification"]), (&json!(60_000), &json!("required")));
        assert_eq!(from_base64url(options["challenge"].as_str().unwrap()).unwrap().len(), 32);
        let entry = tenant.entry_of(&response).await;
        assert_eq!(
            (entry.kind().as_str(), entry.text("actor_user_id")),
            ("webauthn_authentication_init_succeeded", None)
        );
    }
}

#[tokio::test]
async fn passkeys_of_the_user_are_listed_without_transports() {
    let (_server, tenant) = server_with_tenant().await;
    let (mut alice, mut key) = (Person::new("alice"), Person::new("alice"));
    let _ = alice.register(&tenant).await.expect(200);
    let _ = key.register_mfa(&tenant).await.expect(200);
    let response = tenant.http.post(PATH, &json!({ "user_id": "alice" })).await.expect(200);
    let options = response.json()["publicKey"].clone();
    assert_eq!(member_names(&options), ["allowCredentials", "challenge", "rpId", "timeout", "userVerification"]);
    let id = base64url(&alice.authenticator.credentials()[0].id);
    assert_eq!(options["allowCredentials"], json!([{ "type": "public-key", "id": id }]));
    let entry = tenant.entry_of(&response).await;
    assert_eq!(entry.text("actor_user_id").as_deref(), Some("alice"));
}

#[tokio::test]
async fn login_of_a_named_user_requires_the_api_key() {
    let (_server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    for user in ["alice", "nobody", ""] {
        let body = json!({ "user_id": user });
        let without = tenant.anonymous.post(PATH, &body).await;
        without.expect_error(401, "api_key_missing", "api key is missing", "");
        let _ = tenant.expect_audited_refusal(&without, 401, "api_key_missing", "api_key_rejected").await;
        let wrong = tenant.with_key("dw_nonsense").post(PATH, &body).await;
        wrong.expect_error(401, "api_key_invalid", "The api key is invalid", "");
        let _ = tenant.expect_audited_refusal(&wrong, 401, "api_key_invalid", "api_key_rejected").await;
    }
}

#[tokio::test]
async fn users_without_a_passkey_are_rejected() {
    let (_server, tenant) = server_with_tenant().await;
    let mut carol = Person::new("carol");
    let _ = carol.register_mfa(&tenant).await.expect(200);
    let _ = tenant.http.post("/registration/initialize", &Person::new("bob").registration_request()).await.expect(200);
    let none = "user has no suitable credentials for this operation";
    for (user, status, code, title) in [
        ("nobody", 404, "user_not_found", "user not found"),
        ("bob", 400, "no_suitable_credential", none),
        ("carol", 400, "no_suitable_credential", none),
    ] {
        let response = tenant.http.post(PATH, &json!({ "user_id": user })).await;
        response.expect_refusal(status, code);
        assert_eq!(response.field("title"), title);
        assert!(!["", title].contains(&response.field("details").as_str()), "{}", response.text);
        let kind = "webauthn_authentication_init_failed";
        let entry = tenant.expect_audited_refusal(&response, status, code, kind).await;
        assert_eq!(entry.text("actor_user_id").as_deref(), Some(user));
    }
}

#[tokio::test]
async fn malformed_bodies_and_invalid_fields_are_rejected() {
    let (_server, tenant) = server_with_tenant().await;
    let kind = "webauthn_authentication_init_failed";
    for body in ["[]", "null", "{", "{\"user_id\":1}", "{\"user_id\":\"a\",\"user_id\":\"b\"}", "{} x"] {
        let response = tenant.http.post_bytes(PATH, body.into()).await;
        assert_eq!(response.field("title"), "unable to process request", "{body}");
        let _ = tenant.expect_audited_refusal(&response, 400, "body_malformed", kind).await;
    }
    for (user, details) in [
        (Value::from(""), "user_id is a required field"),
        (Value::from("x".repeat(65)), "user_id must be a maximum of 64 bytes in length"),
        (Value::from("a\u{0}"), "user_id must not contain control characters, such as line breaks or U+202E"),
    ] {
        let response = tenant.http.post(PATH, &json!({ "user_id": user })).await;
        response.expect_error(400, "validation_failed", "unable to validate request", details);
        let _ = tenant.expect_audited_refusal(&response, 400, "validation_failed", kind).await;
    }
}
