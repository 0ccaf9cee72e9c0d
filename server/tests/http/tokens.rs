//! Verifies tokens with the published keys, as an application does, before, during and after a key rotation.

use doorward_server::service::admin::signing_keys;
use doorward_shared::{
    SigningKeyId,
    admin::{CreateSigningKeyRequest, Role, SigningAlgorithm, SigningKeyItem},
    config::{TenantConfig, TokenAudience},
    public::TokenClaims,
};
use doorward_testkit::{Person, RP_ID, TestServer, TestTenant, claims};
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::{Value, json};

use crate::support::{Ceremony, server_with_tenant};

const MINUTE: i64 = 60_000;

async fn published(tenant: &TestTenant) -> JwkSet {
    let response = tenant.anonymous.get("/.well-known/jwks.json").await.expect(200);
    assert_eq!(response.header("cache-control"), Some("max-age=600"));
    assert!(!response.text.contains("\"d\""), "no private part");
    serde_json::from_str(&response.text).unwrap()
}

fn kid(token: &str) -> String {
    decode_header(token).unwrap().kid.unwrap()
}

/// Returns the claims if one of the keys verifies the token. The expiry is not checked, because the test clock differs
/// from the system clock.
fn verify(token: &str, keys: &JwkSet) -> Option<TokenClaims> {
    let key = keys.find(&kid(token))?;
    let mut validation = Validation::new(decode_header(token).unwrap().alg);
    validation.set_audience(&[RP_ID]);
    validation.set_issuer(&["doorward-test"]);
    validation.validate_exp = false;
    decode(token, &DecodingKey::from_jwk(key).unwrap(), &validation).ok().map(|token| token.claims)
}

async fn rotate(server: &TestServer, tenant: &TestTenant, algorithm: Option<SigningAlgorithm>) -> SigningKeyId {
    let request = CreateSigningKeyRequest { algorithm };
    let made = signing_keys::create(&server.administrator(), tenant.id, request, false).await.unwrap();
    SigningKeyId::new(made.id)
}

#[tokio::test]
async fn every_token_verifies_during_a_key_rotation() {
    let (server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let first = alice.register(&tenant).await.expect(200).field("token");
    let old = kid(&first);
    let cached = published(&tenant).await;
    assert_eq!(cached.keys.len(), 1);

    // The new key is published at once. It signs tokens only after all cached copies of the key list have expired.
    let new = rotate(&server, &tenant, None).await.to_string();
    let keys = published(&tenant).await;
    assert!(keys.find(&old).is_some() && keys.find(&new).is_some());
    server.clock.advance_ms(15 * MINUTE - 1);
    let last_of_old = alice.login(&tenant).await.expect(200).field("token");
    assert_eq!(kid(&last_of_old), old);
    assert!(verify(&last_of_old, &cached).is_some());
    assert!(verify(&last_of_old, &published(&tenant).await).is_some());

    server.clock.advance_ms(1);
    let of_new = alice.login(&tenant).await.expect(200).field("token");
    assert_eq!(kid(&of_new), new);
    assert!(verify(&of_new, &keys).is_some(), "with the document from fifteen minutes ago");
    assert!(verify(&of_new, &cached).is_none(), "the old key no longer signs");

    // The last token that the old key signed is valid for five minutes. The key stays published for six minutes.
    let expiry = verify(&last_of_old, &keys).unwrap().exp;
    server.clock.advance_ms(5 * MINUTE);
    assert!(expiry <= server.app.clock.now().seconds());
    assert!(verify(&last_of_old, &published(&tenant).await).is_some());
    server.clock.advance_ms(MINUTE - 1);
    assert!(published(&tenant).await.find(&old).is_some());
    server.clock.advance_ms(1);
    let keys = published(&tenant).await;
    assert_eq!(keys.keys.len(), 1);
    assert!(keys.find(&new).is_some());
}

#[tokio::test]
async fn retired_key_stops_signing_and_stays_published() {
    let (server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let token = alice.register(&tenant).await.expect(200).field("token");
    let old = kid(&token);
    let id: SigningKeyId = old.parse().unwrap();
    let only = signing_keys::retire(&server.administrator(), tenant.id, id).await;
    assert!(only.is_err(), "the last key of a tenant cannot be retired");
    let new = rotate(&server, &tenant, None).await.to_string();
    // Verifiers may not have fetched the new key yet. Therefore, the old key continues to sign until the new key has
    // been published for 15 minutes.
    signing_keys::retire(&server.administrator(), tenant.id, id).await.unwrap();
    server.clock.advance_ms(15 * MINUTE - 1);
    assert_eq!(kid(&alice.login(&tenant).await.expect(200).field("token")), old);
    let listed = list(&server, &tenant).await;
    let signing: Vec<_> = listed.iter().filter(|key| key.signing).map(|key| key.id.to_string()).collect();
    assert_eq!(signing, [old]);
    server.clock.advance_ms(1);
    let next = alice.login(&tenant).await.expect(200).field("token");
    assert_eq!(kid(&next), new);
    let keys = published(&tenant).await;
    assert!(verify(&token, &keys).is_some() && verify(&next, &keys).is_some());
}

async fn list(server: &TestServer, tenant: &TestTenant) -> Vec<SigningKeyItem> {
    signing_keys::list(&server.administrator(), tenant.id).await.unwrap()
}

#[tokio::test]
async fn retiring_a_successor_keeps_the_current_key_in_use() {
    let (server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let old = kid(&alice.register(&tenant).await.expect(200).field("token"));
    let new = rotate(&server, &tenant, None).await;
    signing_keys::retire(&server.administrator(), tenant.id, new).await.unwrap();
    server.clock.advance_ms(60 * MINUTE);
    assert_eq!(kid(&alice.login(&tenant).await.expect(200).field("token")), old);
    // A key that is already retired cannot be retired again, because this would prolong its publication.
    signing_keys::retire(&server.administrator(), tenant.id, new).await.unwrap();
    assert!(published(&tenant).await.find(&new.to_string()).is_none());
}

#[tokio::test]
async fn key_created_with_force_signs_at_once() {
    let (server, tenant) = server_with_tenant().await;
    let admin = server.admin("ops", Role::Admin).await;
    let mut alice = Person::new("alice");
    let token = alice.register(&tenant).await.expect(200).field("token");
    let waiting = rotate(&server, &tenant, None).await.to_string();
    let path = format!("/tenants/{}/secrets/jwk", tenant.id);
    admin.post(&format!("{path}?force=yes"), &json!({})).await.expect_refusal(400, "query_invalid");
    let new = admin.post(&format!("{path}?force=true"), &json!({})).await.expect(201).json();
    assert_eq!((&new["signing"], &new["signs_from"]), (&json!(true), &new["created_at"]));
    let next = alice.login(&tenant).await.expect(200).field("token");
    assert_eq!(kid(&next), new["id"]);
    let keys = published(&tenant).await;
    assert!(verify(&token, &keys).is_some() && verify(&next, &keys).is_some());
    server.clock.advance_ms(60 * MINUTE);
    assert_eq!(kid(&alice.login(&tenant).await.expect(200).field("token")), new["id"], "not {waiting}");
}

#[tokio::test]
async fn withdrawn_key_leaves_the_jwks_and_the_newest_other_key_signs() {
    let (server, tenant) = server_with_tenant().await;
    let admin = server.admin("ops", Role::Admin).await;
    let mut alice = Person::new("alice");
    let old = kid(&alice.register(&tenant).await.expect(200).field("token"));
    let newest = rotate(&server, &tenant, Some(SigningAlgorithm::EdDsa)).await.to_string();
    let path = format!("/tenants/{}/secrets/jwk", tenant.id);
    let response = admin.delete(&format!("{path}/{old}?withdraw=true")).await.expect(200);
    let withdrawn = response.json();
    assert_eq!(
        (&withdrawn["withdrawn"]["id"], &withdrawn["signing"]["id"], &withdrawn["signing"]["signing"]),
        (&json!(old), &json!(newest), &json!(true))
    );
    let notice = withdrawn["notice"].as_str().unwrap();
    assert!(notice.contains("10 minutes") && notice.contains("refuse"), "{notice}");
    assert_eq!(tenant.entry_of(&response).await.kind(), "signing_key_withdrawn");
    admin.delete(&format!("{path}/{old}")).await.expect_refusal(409, "conflict");
    let keys = published(&tenant).await;
    assert!(keys.find(&old).is_none() && keys.find(&newest).is_some());
    assert_eq!(kid(&alice.login(&tenant).await.expect(200).field("token")), newest);
    let listed = admin.get(&path).await.expect(200).json();
    let of = |id: &str| listed.as_array().unwrap().iter().find(|key| key["id"] == id).unwrap().clone();
    assert_eq!((&of(&old)["withdrawn_at"], &of(&old)["signing"]), (&of(&old)["retired_at"], &json!(false)));
    assert_eq!((&of(&newest)["signing"], &of(&newest)["withdrawn_at"]), (&json!(true), &json!(null)));
    admin.delete(&format!("{path}/{old}?withdraw=true")).await.expect_refusal(404, "secret_not_found");
}

#[tokio::test]
async fn withdrawing_the_only_key_creates_another() {
    let (server, tenant) = server_with_tenant().await;
    let admin = server.admin("ops", Role::Admin).await;
    let mut alice = Person::new("alice");
    let only = kid(&alice.register(&tenant).await.expect(200).field("token"));
    let path = format!("/tenants/{}/secrets/jwk", tenant.id);
    admin.delete(&format!("{path}/{only}")).await.expect_refusal(409, "secret_in_use");
    let withdrawn = admin.delete(&format!("{path}/{only}?withdraw=true")).await.expect(200).json();
    let token = alice.login(&tenant).await.expect(200).field("token");
    assert_eq!(kid(&token), withdrawn["signing"]["id"]);
    let keys = published(&tenant).await;
    assert_eq!(keys.keys.len(), 1);
    assert!(verify(&token, &keys).is_some());
}

/// Returns the detail of the newest audit entry of a withdrawal.
async fn withdrawal(tenant: &TestTenant) -> Value {
    tenant.entries("type=signing_key_withdrawn").await.remove(0).0["detail"].take()
}

#[tokio::test]
async fn withdrawing_a_waiting_or_retired_key_keeps_the_signing_key() {
    let (server, tenant) = server_with_tenant().await;
    let call = server.administrator();
    let mut alice = Person::new("alice");
    let first = kid(&alice.register(&tenant).await.expect(200).field("token"));
    let waiting = rotate(&server, &tenant, None).await;
    let _ = signing_keys::withdraw(&call, tenant.id, waiting).await.unwrap();
    // The first key was scheduled to retire when the new key began to sign. The withdrawal cancels this.
    assert_eq!(withdrawal(&tenant).await["retirement_cancelled"], json!(first));
    server.clock.advance_ms(60 * MINUTE);
    assert_eq!(kid(&alice.login(&tenant).await.expect(200).field("token")), first);
    assert_eq!(published(&tenant).await.keys.len(), 1);

    let second = rotate(&server, &tenant, None).await.to_string();
    server.clock.advance_ms(16 * MINUTE);
    let _ = signing_keys::withdraw(&call, tenant.id, first.parse().unwrap()).await.unwrap();
    assert_eq!(withdrawal(&tenant).await["retirement_cancelled"], json!(null));
    assert_eq!(kid(&alice.login(&tenant).await.expect(200).field("token")), second);
    assert!(published(&tenant).await.find(&first).is_none());
}

/// The server reads the tenant's snapshot while the clock is ahead. Then the clock is set back.
#[tokio::test]
async fn clock_set_back_across_a_retirement_does_not_stop_ceremonies() {
    let (server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let new = rotate(&server, &tenant, None).await.to_string();
    server.clock.advance_ms(16 * MINUTE);
    // Any change makes the server read the tenant again.
    let _ = server.api_key(tenant.id, None).await;
    assert_eq!(kid(&alice.login(&tenant).await.expect(200).field("token")), new);
    server.clock.advance_ms(-10 * MINUTE);
    let _ = alice.login(&tenant).await.expect(200);
}

#[tokio::test]
async fn every_algorithm_signs_tokens_that_verify() {
    let (server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    for &algorithm in SigningAlgorithm::ALL {
        let new = rotate(&server, &tenant, Some(algorithm)).await;
        server.clock.advance_ms(15 * MINUTE);
        let token = alice.mfa_login(&tenant).await.expect(200).field("token");
        let header = decode_header(&token).unwrap();
        assert_eq!((kid(&token), header.typ.as_deref()), (new.to_string(), Some("JWT")));
        assert_eq!(format!("{:?}", header.alg).to_uppercase(), algorithm.as_str().to_uppercase());
        let claims = verify(&token, &published(&tenant).await).unwrap();
        let now = server.app.clock.now().seconds();
        assert_eq!((claims.sub.as_str(), claims.iat, claims.exp), ("alice", now, now + 300));
    }
    // A rotation without an algorithm keeps the current algorithm.
    let last = rotate(&server, &tenant, None).await.to_string();
    let keys = published(&tenant).await;
    let algorithm = |kid: &str| keys.find(kid).unwrap().common.key_algorithm;
    let present = kid(&alice.mfa_login(&tenant).await.expect(200).field("token"));
    assert_eq!(algorithm(&last), algorithm(&present));
}

#[tokio::test]
async fn keys_of_another_tenant_do_not_verify_tokens() {
    let server = TestServer::start().await;
    let (tenant, other) = (server.tenant().await, server.tenant().await);
    let token = Person::new("alice").register(&tenant).await.expect(200).field("token");
    assert!(verify(&token, &published(&tenant).await).is_some());
    assert!(verify(&token, &published(&other).await).is_none());
}

#[tokio::test]
async fn tenant_can_separate_ceremonies_by_audience() {
    let server = TestServer::start().await;
    let separate = |config: &mut TenantConfig| config.webauthn.token_audience = TokenAudience::Ceremony;
    let tenant = server.tenant_with(separate).await;
    for ceremony in Ceremony::ALL {
        let mut person = ceremony.person(&tenant, "alice").await;
        let body = ceremony.begin(&tenant, &mut person).await;
        let claims = claims(&ceremony.finalize(&tenant, &body).await.expect(200));
        let audience = format!("{RP_ID}/{}", claims["ceremony"].as_str().unwrap());
        assert_eq!(claims["aud"], serde_json::json!([audience]));
    }
}
