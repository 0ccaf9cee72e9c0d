//! Behaviour that must work on an installation of an earlier version.

use doorward_authenticator::{Authenticator, from_base64url};
use doorward_testkit::{Http, Person, Process, RP_ID, Response, TestTenant, claims, database, until};
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::{Value, json};

use crate::{
    clients::{ids, rows},
    contains,
    fixture::Installation,
    writer::{DENIED_AAGUID, ISSUER, TRANSACTION},
};

pub(crate) async fn works(server: &Process, installation: &Installation) {
    api_keys(server, installation).await;
    ceremonies(server, installation).await;
    tokens(server, installation).await;
    trust_policy(server, installation).await;
    admin_tokens(server, installation).await;
    configuration(server, installation).await;
    lists(server, installation).await;
    scheduled_probe(server, installation).await;
    forwarding(installation).await;
}

/// Checks that the first entry that this version forwards follows the last entry that the earlier version forwarded.
async fn forwarding(installation: &Installation) {
    // If the fixture was just written, the lease of the node that wrote it has not expired yet.
    until("audit entries are forwarded", async || !installation.forwarded().is_empty()).await;
    let last = installation.clients.forwarded_until.as_str();
    let forwarded = installation.forwarded();
    assert!(forwarded.iter().all(|entry| entry["id"].as_str().unwrap() > last), "{forwarded:?}");
}

async fn api_keys(server: &Process, installation: &Installation) {
    let shop = installation.tenant(server, "Shop");
    let credentials = shop.http.get("/credentials").await.expect(200).json();
    assert_eq!(rows(&credentials).len(), installation.clients.authenticators.len());
    shop.with_key(&installation.clients.revoked_api_key)
        .get("/credentials")
        .await
        .expect_refusal(401, "api_key_invalid");
    let _ = installation.tenant(server, "Imported").http.get("/credentials").await.expect(200);
    installation.tenant(server, "Closed").http.get("/credentials").await.expect_refusal(403, "tenant_disabled");
}

async fn ceremonies(server: &Process, installation: &Installation) {
    let shop = installation.tenant(server, "Shop");
    let mut alice = installation.person("alice");
    let login = claims(&started_login(&shop, installation, &mut alice).await);
    assert_eq!(login["sub"], "alice");
    let login = claims(&alice.login(&shop).await.expect(200));
    assert_eq!((&login["sub"], &login["iss"]), (&json!("alice"), &json!(ISSUER)));
    let _ = alice.transaction(&shop, "new order", &json!({ "amount": 1 })).await.expect(200);
    let mut bob = installation.person("bob");
    let login = claims(&bob.mfa_login(&shop).await.expect(200));
    assert_eq!((&login["sub"], &login["attested"]), (&json!("bob"), &json!(true)));
    installation.person("carol").login(&shop).await.expect_refusal(403, "user_disabled");
    installation.person("dave").login(&shop).await.expect_refusal(401, "credential_disabled");
    let confirmed = shop.http.get("/transaction/alice").await.expect(200).json();
    let old = rows(&confirmed).into_iter().find(|row| row["identifier"] == "order-1").expect("the old transaction");
    assert_eq!(old["data"], TRANSACTION);

    let mut erin = Person::new("erin");
    let _ = erin.register(&shop).await.expect(200);
    let _ = erin.login(&shop).await.expect(200);
    // This tenant's signing keys were rotated when the fixture was written. All keys except the newest one have retired
    // since then.
    let forum = installation.tenant(server, "Forum");
    let _ = erin.register_mfa(&forum).await.expect(200);
    let token = erin.mfa_login(&forum).await.expect(200).field("token");
    let _ = verify(&forum, &token).await;
}

/// Completes a login that the user started while the earlier version was running.
async fn started_login(shop: &TestTenant, installation: &Installation, person: &mut Person) -> Response {
    let query = format!("SELECT value FROM challenges WHERE ceremony = 'login' AND tenant_id = '{}'", shop.id);
    let challenges = database::texts(&installation.database_url(), &query).await;
    let [challenge] = &challenges[..] else { panic!("one challenge: {challenges:?}") };
    let options = json!({ "publicKey": { "challenge": challenge, "rpId": RP_ID, "userVerification": "required" } });
    let body = person.get(&options);
    shop.http.post("/login/finalize", &body).await.expect(200)
}

/// Verifies a token with the published keys and returns the claims. The expiry is not checked.
async fn verify(tenant: &TestTenant, token: &str) -> Value {
    let text = tenant.anonymous.get("/.well-known/jwks.json").await.expect(200).text;
    let keys: JwkSet = serde_json::from_str(&text).unwrap();
    let header = decode_header(token).unwrap();
    let key = keys.find(&header.kid.expect("a key id")).expect("a published key");
    let mut validation = Validation::new(header.alg);
    (validation.validate_exp, validation.validate_aud) = (false, false);
    decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &validation).unwrap().claims
}

async fn tokens(server: &Process, installation: &Installation) {
    let shop = installation.tenant(server, "Shop");
    let old = verify(&shop, &installation.clients.token).await;
    assert_eq!((&old["sub"], &old["iss"]), (&json!("alice"), &json!(ISSUER)));
    let redeem = |token: &str| {
        let (shop, body) = (shop.clone(), json!({ "token": token }));
        async move { shop.http.post("/token/redeem", &body).await }
    };
    let again = redeem(&installation.clients.redeemed_token).await;
    let code = again.field("code");
    // If the fixture has just been written, the redeemed token has not expired yet.
    assert!(["token_expired", "token_already_redeemed"].contains(&code.as_str()), "{}", again.text);
    let token = installation.person("bob").mfa_login(&shop).await;
    // Bob's authenticator in the fixture still has the signature counter from before the login in `ceremonies`.
    token.expect_refusal(401, "counter_regression");
    let mut frank = Person::new("frank");
    let token = frank.register(&shop).await.expect(200).field("token");
    let _ = redeem(&token).await.expect(200);
    redeem(&token).await.expect_refusal(409, "token_already_redeemed");
    // The fixture's redeemed token may have expired. Therefore, the test replaces its stored id with the id of a new
    // token.
    let token = frank.login(&shop).await.expect(200);
    let rename = format!(
        "UPDATE redeemed_tokens SET jti = '{}' WHERE tenant_id = '{}' AND jti = '{}'",
        claims(&token)["jti"].as_str().unwrap(),
        shop.id,
        jti(&installation.clients.redeemed_token),
    );
    database::execute(&installation.database_url(), &rename).await;
    redeem(&token.field("token")).await.expect_refusal(409, "token_already_redeemed");
}

/// Returns the id of a token without verifying the token.
fn jti(token: &str) -> String {
    let payload = token.split('.').nth(1).and_then(from_base64url).expect("a payload");
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    claims["jti"].as_str().unwrap().to_owned()
}

async fn trust_policy(server: &Process, installation: &Installation) {
    let shop = installation.tenant(server, "Shop");
    let mut denied = Person::with("mallory", Authenticator::new().aaguid(DENIED_AAGUID));
    let refused = denied.register(&shop).await;
    assert_eq!(refused.field("code"), "trust_policy", "{}", refused.text);
    let entry = shop.entry_of(&refused).await;
    assert_eq!(entry.kind(), "webauthn_registration_final_failed");
}

async fn admin_tokens(server: &Process, installation: &Installation) {
    let (all, limited) = (installation.admin(server, "all"), installation.admin(server, "limited"));
    let names = |list: Value| -> Vec<String> {
        let mut names: Vec<_> =
            rows(&list).iter().map(|row| row["display_name"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    let tenants = names(all.get("/tenants").await.expect(200).json());
    assert_eq!(tenants, installation.clients.tenants.keys().cloned().collect::<Vec<_>>());
    assert_eq!(names(limited.get("/tenants").await.expect(200).json()), ["Shop"]);
    let forum = &installation.clients.tenants["Forum"].id;
    limited.get(&format!("/tenants/{forum}")).await.expect_refusal(404, "tenant_not_found");
    limited.post("/tenants", &json!({ "display_name": "New" })).await.expect_refusal(403, "forbidden");
    let shop = &installation.clients.tenants["Shop"].id;
    let _ = limited.put(&format!("/tenants/{shop}"), &json!({ "display_name": "Shop" })).await.expect(204);
    let metrics = installation.admin(server, "metrics");
    let _ = metrics.get("/metrics").await.expect(200);
    metrics.get("/tenants").await.expect_refusal(403, "forbidden");
    installation.admin(server, "revoked").get("/me").await.expect_refusal(401, "admin_token_invalid");
}

async fn configuration(server: &Process, installation: &Installation) {
    let (all, shop) = (installation.admin(server, "all"), &installation.clients.tenants["Shop"].id);
    let found = all.get(&format!("/tenants/{shop}")).await.expect(200).json();
    assert!(contains(&found["config"], &installation.clients.config), "{found}");
    let metadata = all.get("/mds").await.expect(200).json();
    assert_eq!(metadata["number"], 1, "{metadata}");
    let again =
        json!({ "id": installation.clients.deleted_tenant, "display_name": "Again", "config": found["config"] });
    all.post("/tenants", &again).await.expect_refusal(409, "tenant_exists");
}

async fn lists(server: &Process, installation: &Installation) {
    let all: Http = installation.admin(server, "all");
    for page in &installation.clients.pages {
        let found = all.get(&page.path).await.expect(200).json();
        assert_eq!(ids(&found), page.ids, "{}", page.path);
    }
    let shop = installation.tenant(server, "Shop");
    assert!(shop.count("").await > installation.clients.audit_entries);
    let deleted = format!("/tenants/{}/audit_logs", installation.clients.deleted_tenant);
    assert!(!rows(&all.get(&deleted).await.expect(200).json()).is_empty(), "the log of a deleted tenant is kept");
}

async fn scheduled_probe(server: &Process, installation: &Installation) {
    let metrics = installation.admin(server, "metrics");
    let expected = format!("doorward_probe_success{{tenant=\"{}\"}} 1", installation.clients.tenants["Probed"].id);
    let succeeded = async || metrics.get("/metrics").await.expect(200).text.contains(&expected);
    until("the scheduled probe succeeds", succeeded).await;
}
