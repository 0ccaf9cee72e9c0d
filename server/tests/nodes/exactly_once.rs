//! Operations that succeed only once, even if several nodes attempt them.

use doorward_server::clock::Clock as _;
use doorward_shared::admin::Role;
use doorward_testkit::{Person, TestServer, claims, database};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{Nodes, nodes};

#[tokio::test]
async fn ceremony_that_one_node_started_can_be_finalized_on_the_other() {
    let Nodes { tenant, tenant_on_second, first: _first, second: _second } = nodes().await;
    for (number, (initializing, finalizing)) in
        [(&tenant, &tenant_on_second), (&tenant_on_second, &tenant)].into_iter().enumerate()
    {
        let mut person = Person::new(&format!("user-{number}"));
        let options =
            initializing.http.post("/registration/initialize", &person.registration_request()).await.expect(200);
        let body = person.create(&options.json());
        let _ = finalizing.http.post("/registration/finalize", &body).await.expect(200);
        let body = person.mfa_assertion(initializing).await;
        let token = finalizing.http.post("/mfa/login/finalize", &body).await.expect(200);
        assert_eq!(claims(&token)["sub"], person.user_id);
        initializing.http.post("/mfa/login/finalize", &body).await.expect_refusal(401, "challenge_unknown");
        let body = person.login_assertion(initializing, true).await;
        let _ = finalizing.http.post("/login/finalize", &body).await.expect(200);
        let body =
            person.transaction_assertion(initializing, &format!("payment-{number}"), &json!({ "amount": 12 })).await;
        let _ = finalizing.http.post("/transaction/finalize", &body).await.expect(200);
    }
}

#[tokio::test]
async fn concurrent_finalizes_on_two_nodes_issue_one_token() {
    let Nodes { tenant, tenant_on_second, first, second: _second } = nodes().await;
    let mut person = Person::new("alice");
    let _ = person.register_mfa(&tenant).await.expect(200);
    for _ in 0..4 {
        let body = person.mfa_assertion(&tenant).await;
        let finalizes = (0..50).map(|number| {
            let node = if number % 2 == 0 { tenant.clone() } else { tenant_on_second.clone() };
            let body = body.clone();
            tokio::spawn(async move { node.http.post("/mfa/login/finalize", &body).await })
        });
        let responses: Vec<_> = join_all(finalizes).await.into_iter().map(Result::unwrap).collect();
        let (accepted, refused): (Vec<_>, Vec<_>) = responses.iter().partition(|response| response.status == 200);
        assert_eq!((accepted.len(), refused.len()), (1, 49));
        refused.iter().for_each(|response| response.expect_refusal(401, "challenge_unknown"));
    }
    assert_eq!(tenant.count("type=mfa_authentication_final_succeeded").await, 4);
    assert_eq!(database::faults(first.database_url()).await, [""; 0]);
}

#[tokio::test]
async fn concurrent_finalizes_that_share_a_transaction_issue_one_token() {
    // The node has only one connection, so requests wait in the same queue and share transactions.
    let node = TestServer::builder().database_options(|options| options.connections = 1).start().await;
    let tenant = node.tenant().await;
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let _ = alice.register_mfa(&tenant).await.expect(200);
    let _ = bob.register_mfa(&tenant).await.expect(200);
    for number in 1..=4 {
        let (contested, other) = (alice.mfa_assertion(&tenant).await, bob.mfa_assertion(&tenant).await);
        let bodies = std::iter::repeat_n(contested, 30).chain([other]);
        let finalizes = bodies.map(|body| {
            let tenant = tenant.clone();
            tokio::spawn(async move { tenant.http.post("/mfa/login/finalize", &body).await })
        });
        let mut responses: Vec<_> = join_all(finalizes).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(claims(&responses.pop().unwrap().expect(200))["sub"], "bob");
        let (accepted, refused): (Vec<_>, Vec<_>) = responses.iter().partition(|response| response.status == 200);
        assert_eq!((accepted.len(), refused.len()), (1, 29));
        refused.iter().for_each(|response| response.expect_refusal(401, "challenge_unknown"));
        assert_eq!(tenant.count("type=mfa_authentication_final_succeeded").await, 2 * number);
    }
}

#[tokio::test]
async fn concurrent_redemptions_on_two_nodes_accept_a_token_once() {
    let Nodes { tenant, tenant_on_second, first, second: _second } = nodes().await;
    let mut person = Person::new("alice");
    let _ = person.register_mfa(&tenant).await.expect(200);
    for _ in 0..4 {
        let token = person.mfa_login(&tenant).await.expect(200).field("token");
        let redemptions = (0..30).map(|number| {
            let node = if number % 2 == 0 { tenant.clone() } else { tenant_on_second.clone() };
            let body = json!({ "token": token });
            tokio::spawn(async move { node.http.post("/token/redeem", &body).await })
        });
        let responses: Vec<_> = join_all(redemptions).await.into_iter().map(Result::unwrap).collect();
        let (accepted, refused): (Vec<_>, Vec<_>) = responses.iter().partition(|response| response.status == 200);
        assert_eq!((accepted.len(), refused.len()), (1, 29));
        refused.iter().for_each(|response| response.expect_refusal(409, "token_already_redeemed"));
    }
    assert_eq!(tenant.count("type=token_redeemed").await, 4);
    assert_eq!(database::faults(first.database_url()).await, [""; 0]);
}

#[tokio::test]
async fn new_tenant_has_the_same_signing_key_on_all_nodes() {
    let Nodes { first, second, tenant: _tenant, tenant_on_second: _tenant_on_second } = nodes().await;
    let (first_admin, second_admin) =
        (first.admin("first", Role::Admin).await, second.admin("second", Role::Admin).await);
    let create = (0..12).map(|number| {
        let admin = if number % 2 == 0 { first_admin.clone() } else { second_admin.clone() };
        let request = json!({ "display_name": format!("Tenant {number}") });
        tokio::spawn(async move { admin.post("/tenants", &request).await.expect(201).field("id") })
    });
    for id in join_all(create).await.into_iter().map(Result::unwrap) {
        let jwks = async |url: &str| {
            let response = doorward_testkit::Http::new(format!("{url}/{id}")).get("/.well-known/jwks.json").await;
            response.expect(200).json()["keys"].clone()
        };
        let keys = jwks(&first.public_url).await;
        assert_eq!(keys.as_array().unwrap().len(), 1);
        assert_eq!(keys, jwks(&second.public_url).await);
    }
}

#[tokio::test]
async fn concurrent_retirements_on_two_nodes_keep_one_signing_key() {
    let Nodes { first, second, tenant, tenant_on_second: _tenant_on_second } = nodes().await;
    let (first_admin, second_admin) =
        (first.admin("first", Role::Admin).await, second.admin("second", Role::Admin).await);
    let path = format!("/tenants/{}/secrets/jwk", tenant.id);
    for _ in 0..10 {
        let _ = first_admin.post(&path, &json!({})).await.expect(201);
        let keys = first_admin.get(&path).await.expect(200).json();
        let now = first.clock.now().to_string();
        let usable = |key: &&Value| key["retired_at"].as_str().is_none_or(|retired| retired > now.as_str());
        let ids: Vec<String> = keys.as_array().unwrap().iter().filter(usable).map(|key| text(&key["id"])).collect();
        assert_eq!(ids.len(), 2, "{keys}");
        let (first_key, second_key) = (format!("{path}/{}", ids[0]), format!("{path}/{}", ids[1]));
        let (one, other) = tokio::join!(first_admin.delete(&first_key), second_admin.delete(&second_key));
        // Creating the new key has already scheduled the retirement of the old key. If the request to retire the old
        // key is processed first, it changes nothing.
        let statuses = [one.status, other.status];
        assert!(matches!(statuses, [204, 204 | 409] | [409, 204]), "{statuses:?} {} {}", one.text, other.text);
        let mut person = Person::new("alice");
        let _ = person.register_mfa(&tenant).await.expect(200);
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
