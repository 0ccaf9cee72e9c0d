//! Verifies tokens with the published keys, as an application does, before, during and after a key rotation.

use doorward_server::service::admin::signing_keys;
use doorward_shared::{
    SigningKeyId,
    admin::{CreateSigningKeyRequest, SigningAlgorithm},
    config::{TenantConfig, TokenAudience},
    public::TokenClaims,
};
use doorward_testkit::{Person, RP_ID, TestServer, TestTenant, claims};
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header, jwk::JwkSet};

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

/// Returns the claims if the token verifies with one of the keys. The expiry is not checked, because the test clock
/// differs from the system clock.
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
    let made = signing_keys::create(&server.administrator(), tenant.id, request).await.unwrap();
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

    // The last token of the old key is valid for five minutes. The key stays published for six minutes.
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
    signing_keys::retire(&server.administrator(), tenant.id, id).await.unwrap();
    let next = alice.login(&tenant).await.expect(200).field("token");
    assert_eq!(kid(&next), new);
    let keys = published(&tenant).await;
    assert!(verify(&token, &keys).is_some() && verify(&next, &keys).is_some());
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
    // A rotation without an algorithm keeps the current one.
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
    let separate = |config: &mut TenantConfig| config.webauthn.token_audience = Some(TokenAudience::Ceremony);
    let tenant = server.tenant_with(separate).await;
    for ceremony in Ceremony::ALL {
        let mut person = ceremony.person(&tenant, "alice").await;
        let body = ceremony.begin(&tenant, &mut person).await;
        let claims = claims(&ceremony.finalize(&tenant, &body).await.expect(200));
        let audience = format!("{RP_ID}/{}", claims["ceremony"].as_str().unwrap());
        assert_eq!(claims["aud"], serde_json::json!([audience]));
    }
}
