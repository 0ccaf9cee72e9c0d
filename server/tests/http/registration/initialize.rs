//! Initialize requests of registrations: options, validation and malformed bodies.

use doorward_authenticator::{base64url, from_base64url};
use doorward_testkit::{Person, member_names};
use serde_json::{Value, json};

use crate::support::{Ceremony, server_with_tenant};

#[tokio::test]
async fn passkey_options_have_the_documented_shape() {
    let (_server, tenant) = server_with_tenant().await;
    let request = json!({ "user_id": "alice", "username": "alice@example.com", "unknown": [1] });
    let options = tenant.http.post("/registration/initialize", &request).await.expect(200).json();
    assert_eq!(member_names(&options), ["publicKey"]);
    let options = &options["publicKey"];
    let expected = [
        "attestation",
        "authenticatorSelection",
        "challenge",
        "excludeCredentials",
        "pubKeyCredParams",
        "rp",
        "timeout",
        "user",
    ];
    assert_eq!(member_names(options), expected);
    assert_eq!(options["rp"], json!({ "name": "Example", "id": "example.com" }));
    let user = json!({ "id": base64url(b"alice"), "name": "alice@example.com", "displayName": "alice@example.com" });
    assert_eq!(options["user"], user);
    let algorithms = [-8, -7, -257, -35, -36].map(|alg| json!({ "type": "public-key", "alg": alg }));
    assert_eq!(options["pubKeyCredParams"], Value::from(algorithms.to_vec()));
    let selection = json!({ "requireResidentKey": true, "residentKey": "required", "userVerification": "required" });
    assert_eq!(options["authenticatorSelection"], selection);
    assert_eq!(
        (&options["attestation"], &options["timeout"], &options["excludeCredentials"]),
        (&json!("direct"), &json!(60_000), &json!([]))
    );
    assert_eq!(from_base64url(options["challenge"].as_str().unwrap()).unwrap().len(), 32);
}

#[tokio::test]
async fn second_factor_options_follow_their_own_policy() {
    let (server, tenant) = server_with_tenant().await;
    let request = Person::new("alice").registration_request();
    let options = tenant.http.post("/mfa/registration/initialize", &request).await.expect(200).json();
    let selection = json!({
        "authenticatorAttachment": "cross-platform",
        "requireResidentKey": false,
        "residentKey": "discouraged",
        "userVerification": "preferred",
    });
    assert_eq!(options["publicKey"]["authenticatorSelection"], selection);
    assert_eq!(options["publicKey"]["timeout"], 60_000, "the timeout of passkeys");

    let own = server.tenant_with(|config| config.mfa.timeout = Some(5_000)).await;
    let options = own.http.post("/mfa/registration/initialize", &request).await.expect(200).json();
    assert_eq!(options["publicKey"]["timeout"], 5_000);
}

#[tokio::test]
async fn names_and_icons_are_returned_in_the_options() {
    let (_server, tenant) = server_with_tenant().await;
    let named = |display_name: Value, icon: Value| json!({ "user_id": "alice", "username": "al", "display_name": display_name, "icon": icon });
    for (request, shown, icon) in [
        (named(json!("Alice"), json!("https://example.com/a.png")), "Alice", json!("https://example.com/a.png")),
        (named(json!("  "), json!("")), "al", Value::Null),
        (named(Value::Null, Value::Null), "al", Value::Null),
        (named(json!("é".repeat(128)), Value::Null), &*"é".repeat(128), Value::Null),
    ] {
        let options = tenant.http.post("/registration/initialize", &request).await.expect(200).json();
        let user = &options["publicKey"]["user"];
        assert_eq!((&user["name"], &user["displayName"], &user["icon"]), (&json!("al"), &json!(shown), &icon));
    }
}

#[tokio::test]
async fn validation_errors_name_the_field() {
    let (_server, tenant) = server_with_tenant().await;
    let good = json!({ "user_id": "alice", "username": "al" });
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    let long = |count| Value::from("x".repeat(count));
    for ceremony in Ceremony::REGISTRATIONS {
        let path = format!("{}/initialize", ceremony.path());
        for (body, details) in [
            (json!({}), "user_id is a required field"),
            (with("user_id", Value::Null), "user_id is a required field"),
            (with("user_id", json!("")), "user_id is a required field"),
            (with("user_id", json!(" \t")), "user_id is a required field"),
            (with("user_id", long(65)), "user_id must be a maximum of 64 bytes in length"),
            (with("user_id", json!("é".repeat(33))), "user_id must be a maximum of 64 bytes in length"),
            (json!({ "user_id": "alice" }), "username is a required field"),
            (with("username", long(129)), "username must be a maximum of 128 characters in length"),
            (with("display_name", long(129)), "display_name must be a maximum of 128 characters in length"),
            (with("icon", json!("no url")), "icon must be a valid URL of at most 2048 bytes"),
            (with("icon", json!("javascript:alert(1)")), "icon must be a valid URL of at most 2048 bytes"),
        ] {
            let response = tenant.http.post(&path, &body).await;
            response.expect_error(400, "validation_failed", "unable to validate request", details);
            let entry = tenant
                .expect_audited_refusal(&response, 400, "validation_failed", &ceremony.event("init_failed"))
                .await;
            assert_eq!(entry.text("error").as_deref(), Some(details));
        }
    }
    let _ = tenant.http.post("/registration/initialize", &with("user_id", long(64))).await.expect(200);
    let _ = tenant.http.post("/registration/initialize", &with("username", json!("é".repeat(128)))).await.expect(200);
}

/// PostgreSQL cannot store U+0000 in text.
#[tokio::test]
async fn nul_characters_are_rejected_on_both_engines() {
    let (_server, tenant) = server_with_tenant().await;
    for field in ["user_id", "username", "display_name"] {
        let mut body = json!({ "user_id": "alice", "username": "al" });
        body[field] = json!("a\u{0}b");
        let response = tenant.http.post("/registration/initialize", &body).await;
        let kind = Ceremony::Registration.event("init_failed");
        let _ = tenant.expect_audited_refusal(&response, 400, "validation_failed", &kind).await;
    }
}

#[tokio::test]
async fn bodies_that_are_not_an_object_are_rejected() {
    let (_server, tenant) = server_with_tenant().await;
    let bodies: [&[u8]; 9] = [
        b"[\"alice\",\"al\"]",
        b"null",
        b"\"alice\"",
        b"{",
        b"{\"user_id\":5,\"username\":\"al\"}",
        b"{\"user_id\":\"alice\",\"username\":\"al\"} x",
        b"{\"user_id\":\"alice\",\"user_id\":\"bob\",\"username\":\"al\"}",
        b"{\"user_id\":\"\xff\",\"username\":\"al\"}",
        b"user_id=alice&username=al",
    ];
    for ceremony in Ceremony::REGISTRATIONS {
        for body in bodies {
            let response = tenant.http.post_bytes(&format!("{}/initialize", ceremony.path()), body.to_vec()).await;
            assert_eq!(response.field("title"), "unable to process request");
            let _ =
                tenant.expect_audited_refusal(&response, 400, "body_malformed", &ceremony.event("init_failed")).await;
        }
    }
    let empty = tenant.http.post_bytes("/registration/initialize", Vec::new()).await;
    empty.expect_error(400, "validation_failed", "unable to validate request", "user_id is a required field");
}

#[tokio::test]
async fn existing_credentials_are_excluded() {
    let (_server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let mut key = Person::new("alice");
    let _ = key.register_mfa(&tenant).await.expect(200);
    let id = |person: &Person| base64url(&person.authenticator.credentials()[0].id);
    let excluded = async |path: &str| {
        let options = tenant.http.post(path, &alice.registration_request()).await.expect(200).json();
        let list = options["publicKey"]["excludeCredentials"].as_array().unwrap().clone();
        assert!(list.iter().all(|one| member_names(one) == ["id", "type"] && one["type"] == "public-key"), "{list:?}");
        let mut ids: Vec<String> = list.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    let mut both = vec![id(&alice), id(&key)];
    both.sort();
    assert_eq!(
        excluded("/registration/initialize").await,
        [id(&alice)],
        "an authenticator with a second factor may also hold a passkey"
    );
    assert_eq!(excluded("/mfa/registration/initialize").await, both);
}
