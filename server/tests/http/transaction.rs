//! `/{tenant_id}/transaction`.

use doorward_server::{domain::list::PageQuery, service::admin::users};
use doorward_shared::{
    Base64Url,
    config::TenantConfig,
    page::{Order, PageRequest},
    refusal::Check,
};
use doorward_testkit::{Person, TestServer, claims};
use serde_json::json;

use crate::support::server_with_tenant;

#[tokio::test]
async fn transaction_is_confirmed_only_once() {
    let (_server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let data = json!({ "to": "Müller & Söhne", "amount": 12.5 });
    let confirmed = alice.transaction(&tenant, "order-1", &data).await.expect(200);
    assert_eq!(
        (&claims(&confirmed)["trans"], &claims(&confirmed)["ceremony"]),
        (&json!("order-1"), &json!("transaction"))
    );
    let entry = tenant.entry_of(&confirmed).await;
    assert_eq!(entry.kind(), "webauthn_transaction_final_succeeded");
    assert_eq!(entry.text("transaction_id").as_deref(), Some("order-1"));
    let again = json!({ "user_id": "alice", "transaction_id": "order-1", "transaction_data": data });
    let again = tenant.http.post("/transaction/initialize", &again).await;
    let kind = "webauthn_transaction_init_failed";
    let detail = tenant.expect_audited_refusal(&again, 409, "transaction_exists", kind).await.detail();
    assert_eq!((detail.check, detail.received.as_deref()), (Some(Check::TransactionNew), Some("order-1")));
    assert_eq!(again.field("title"), "transaction already exists");
}

#[tokio::test]
async fn challenge_contains_the_hash_of_the_transaction() {
    let (_server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let request = json!({ "user_id": "alice", "transaction_id": "order-2", "transaction_data": { "b": 1, "a": [2] } });
    let options = tenant.http.post("/transaction/initialize", &request).await.expect(200).json();
    let listed = tenant.http.get("/transaction/alice").await.expect(200).json();
    let data = listed[0]["data"].as_str().unwrap();
    let challenge = Base64Url::decode(options["publicKey"]["challenge"].as_str().unwrap()).unwrap();
    assert_eq!(challenge.0.len(), 64);
    let hash = doorward_authenticator::sha256(format!("order-2{data}").as_bytes());
    assert_eq!(challenge.0[32..], hash[..]);
    assert!(options["publicKey"]["allowCredentials"][0].get("transports").is_none());
}

#[tokio::test]
async fn transaction_that_cannot_start_returns_the_reason() {
    let (_server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let start = |user: &str, data: serde_json::Value| json!({ "user_id": user, "transaction_id": "t", "transaction_data": data });
    let unknown = tenant.http.post("/transaction/initialize", &start("nobody", json!(1))).await;
    unknown.expect_refusal(404, "user_not_found");
    assert_eq!(unknown.field("title"), "unable to find user");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    let unsuited = tenant.http.post("/transaction/initialize", &start("alice", json!(1))).await;
    unsuited.expect_refusal(400, "no_suitable_credential");
    let empty = tenant.http.post("/transaction/initialize", &start("alice", json!(null))).await;
    empty.expect_refusal(400, "validation_failed");
    assert_eq!(empty.field("details"), "transaction_data is a required field");
    tenant.http.get("/transaction/nobody").await.expect_refusal(404, "user_not_found");
}

#[tokio::test]
async fn validation_errors_name_the_field() {
    let (_server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let good = json!({ "user_id": "alice", "transaction_id": "t", "transaction_data": 1 });
    let with = |name: &str, value: serde_json::Value| {
        let mut request = good.clone();
        request[name] = value;
        request
    };
    for (request, details) in [
        (with("user_id", json!(null)), "user_id is a required field"),
        (with("user_id", json!(" ")), "user_id is a required field"),
        (with("user_id", json!("x".repeat(65))), "user_id must be a maximum of 64 bytes in length"),
        (with("transaction_id", json!(null)), "transaction_id is a required field"),
        (with("transaction_id", json!("")), "transaction_id is a required field"),
        (
            with("transaction_id", json!("ä".repeat(129))),
            "transaction_id must be a maximum of 128 characters in length",
        ),
        (with("transaction_data", json!(null)), "transaction_data is a required field"),
    ] {
        let response = tenant.http.post("/transaction/initialize", &request).await;
        response.expect_error(400, "validation_failed", "unable to validate request", details);
        tenant.expect_audited_refusal(&response, 400, "validation_failed", "webauthn_transaction_init_failed").await;
    }
    // Any JSON value except null can be confirmed.
    for (number, data) in [json!(false), json!(0), json!(""), json!([]), json!({})].into_iter().enumerate() {
        let id = format!("{number}{}", "ä".repeat(127));
        let confirmed = alice.transaction(&tenant, &id, &data).await.expect(200);
        assert_eq!(claims(&confirmed)["trans"], json!(id));
        let listed = tenant.http.get("/transaction/alice").await.expect(200).json();
        let item = listed.as_array().unwrap().iter().find(|item| item["identifier"] == json!(id)).unwrap();
        assert_eq!(item["data"], json!(data.to_string()));
    }
}

#[tokio::test]
async fn listed_data_is_exactly_the_hashed_text() {
    let (_server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    // The stored text must keep unusual numbers, escapes and member order.
    let body = r#"{"transaction_data": {"z": 1.50, "a": "\u00e9\n", "big": 123456789012345678901234567890, "e": 1e400},
        "transaction_id": "t-1", "user_id": "alice", "unknown": [1]}"#;
    let response = tenant.http.post_bytes("/transaction/initialize", body.as_bytes().to_vec()).await.expect(200);
    let challenge = Base64Url::decode(response.json()["publicKey"]["challenge"].as_str().unwrap()).unwrap();
    let listed = tenant.http.get("/transaction/alice").await.expect(200).json();
    let data = listed[0]["data"].as_str().unwrap();
    assert_eq!(challenge.0[32..], doorward_authenticator::sha256(format!("t-1{data}").as_bytes())[..]);
    assert_eq!(data, r#"{"z":1.50,"a":"\u00e9\n","big":123456789012345678901234567890,"e":1e400}"#);
}

#[tokio::test]
async fn transactions_are_listed_by_external_and_internal_user_id() {
    let server = TestServer::start().await;
    let (tenant, other) = (server.tenant().await, server.tenant().await);
    let mut alice = Person::new("alice/ä");
    let _ = alice.register(&tenant).await.expect(200);
    for id in ["first", "second"] {
        server.clock.advance_ms(5);
        let _ = alice.transaction(&tenant, id, &json!({})).await.expect(200);
    }
    let by_name = tenant.http.get("/transaction/alice%2F%C3%A4").await.expect(200).json();
    let identifiers: Vec<&str> =
        by_name.as_array().unwrap().iter().map(|item| item["identifier"].as_str().unwrap()).collect();
    assert_eq!(identifiers, ["second", "first"]);
    let call = server.administrator();
    let listed =
        users::list(&call, tenant.id, None, PageQuery::numbered(Order::Ascending, PageRequest::default())).await;
    let internal = listed.unwrap().items[0].id;
    assert_eq!(tenant.http.get(&format!("/transaction/{internal}")).await.expect(200).json(), by_name);
    other.http.get(&format!("/transaction/{internal}")).await.expect_refusal(404, "user_not_found");
    // If another user has this UUID as user id, that user takes precedence.
    let mut impostor = Person::new(&internal.to_string());
    let _ = impostor.register(&tenant).await.expect(200);
    assert_eq!(tenant.http.get(&format!("/transaction/{internal}")).await.expect(200).text, "[]");
    // Another tenant may use the same transaction id.
    let mut bob = Person::new("bob");
    let _ = bob.register(&other).await.expect(200);
    let _ = bob.transaction(&other, "first", &json!({})).await.expect(200);
}

#[tokio::test]
async fn only_one_of_concurrent_transactions_with_the_same_id_starts() {
    let (_server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let request = json!({ "user_id": "alice", "transaction_id": "once", "transaction_data": 1 });
    let starts = (0..10).map(|_| tenant.http.post("/transaction/initialize", &request));
    let mut statuses: Vec<u16> =
        futures_util::future::join_all(starts).await.iter().map(|response| response.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(tenant.count("type=webauthn_transaction_init_failed").await, 9);
}

#[tokio::test]
async fn data_with_repeated_members_is_refused() {
    let (_server, tenant) = server_with_tenant().await;
    let _ = Person::new("alice").register(&tenant).await.expect(200);
    let body = r#"{"user_id":"alice","transaction_id":"t","transaction_data":{"to":{"amount":1,"amount":1000}}}"#;
    let response = tenant.http.post_bytes("/transaction/initialize", body.as_bytes().to_vec()).await;
    let details = "transaction_data must not repeat the member \"amount\"";
    response.expect_error(400, "validation_failed", "unable to validate request", details);
    tenant.expect_audited_refusal(&response, 400, "validation_failed", "webauthn_transaction_init_failed").await;
}

#[tokio::test]
async fn data_beyond_the_limit_is_refused() {
    let server = TestServer::start().await;
    let small = |config: &mut TenantConfig| config.limits.transaction_data_bytes = 100;
    for (tenant, limit) in [(server.tenant().await, 8_192), (server.tenant_with(small).await, 100)] {
        let mut alice = Person::new("alice");
        let _ = alice.register(&tenant).await.expect(200);
        let longest = json!("x".repeat(limit - 2));
        let _ = alice.transaction(&tenant, "longest", &longest).await.expect(200);
        let request = json!({
            "user_id": "alice", "transaction_id": "too long", "transaction_data": "x".repeat(limit - 1),
        });
        let response = tenant.http.post("/transaction/initialize", &request).await;
        let details = format!("transaction_data must be a maximum of {limit} bytes in length");
        response.expect_error(400, "validation_failed", "unable to validate request", &details);
    }
}

#[tokio::test]
async fn large_list_continues_on_the_next_page() {
    let server = TestServer::start().await;
    let largest = |config: &mut TenantConfig| config.limits.transaction_data_bytes = 32 * 1024;
    let tenant = server.tenant_with(largest).await;
    let _ = Person::new("alice").register(&tenant).await.expect(200);
    for number in 0..40 {
        server.clock.advance_ms(1);
        let data = "x".repeat(32 * 1024 - 2);
        let request = json!({ "user_id": "alice", "transaction_id": format!("t{number}"), "transaction_data": data });
        let _ = tenant.http.post("/transaction/initialize", &request).await.expect(200);
    }
    let first = tenant.http.get("/transaction/alice").await.expect(200);
    let link = first.header("link").expect("a link to the next page").to_owned();
    assert!(link.ends_with("; rel=\"next\""), "{link}");
    let path = link.split(['<', '>']).nth(1).unwrap();
    let path = path.strip_prefix(&format!("/{}", tenant.id)).unwrap();
    let second = tenant.http.get(path).await.expect(200);
    assert_eq!(second.header("link"), None);
    let (first, second) = (first.json(), second.json());
    let identifiers = first.as_array().unwrap().iter().chain(second.as_array().unwrap());
    let identifiers: Vec<String> = identifiers.map(|item| item["identifier"].as_str().unwrap().to_owned()).collect();
    assert_eq!(identifiers, (0..40).rev().map(|number| format!("t{number}")).collect::<Vec<_>>());
    tenant.http.get("/transaction/alice?after=x").await.expect_refusal(400, "query_invalid");
}
