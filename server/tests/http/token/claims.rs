//! Claims that state how a user was authenticated.

use doorward_authenticator::{Attestation, Authenticator, base64url};
use doorward_server::{service::admin::metadata, webauthn::metadata_blob::Roots};
use doorward_shared::config::{TenantConfig, UserVerification};
use doorward_testkit::{Person, Response, TestServer, TestTenant, claims, mds};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Ceremony, server_with_tenant};

fn assurance(claims: &Value) -> Value {
    json!([claims["acr"], claims["uv"], claims["be"], claims["bs"], claims["attested"], claims["aaguid"]])
}

#[tokio::test]
async fn claims_state_level_and_backup_of_each_ceremony() {
    let (server, tenant) = server_with_tenant().await;
    for (backup, eligible, state) in [("device-bound", false, false), ("synced", true, true)] {
        for ceremony in Ceremony::ALL {
            let mut person = Person::with(backup, Authenticator::new().backup(eligible, state));
            if !ceremony.registers() {
                let _ = person.register(&tenant).await.expect(200);
            }
            server.clock.advance_ms(5_000);
            let body = ceremony.begin(&tenant, &mut person).await;
            let claims = claims(&ceremony.finalize(&tenant, &body).await.expect(200));
            let acr = if ceremony.registers() { "aal1" } else { "aal2" };
            // Second-factor logins prefer user verification, and this authenticator supports it.
            assert_eq!(assurance(&claims), json!([acr, true, eligible, state, false, null]), "{ceremony:?}");
            assert_eq!(
                (&claims["auth_time"], &claims["iat"]),
                (&claims["iat"], &json!(server.app.clock.now().seconds()))
            );
        }
    }
}

#[tokio::test]
async fn passkey_without_user_verification_has_the_lowest_level() {
    let server = TestServer::start().await;
    let optional = |config: &mut TenantConfig| config.webauthn.user_verification = UserVerification::Discouraged;
    let tenant = server.tenant_with(optional).await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let claims = claims(&alice.login(&tenant).await.expect(200));
    assert_eq!(assurance(&claims), json!(["aal1", false, false, false, false, null]));
}

#[tokio::test]
async fn self_attestation_does_not_attest_the_model() {
    let (_server, tenant) = server_with_tenant().await;
    let authenticator = Authenticator::new().attestation(Attestation::PackedSelf).aaguid([7; 16]);
    let mut alice = Person::with("alice", authenticator);
    let registered = claims(&alice.register(&tenant).await.expect(200));
    let listed = tenant.http.get("/credentials").await.expect(200).json();
    assert_eq!((&listed[0]["attested"], &registered["attested"]), (&json!(true), &json!(false)));
    let claims = claims(&alice.login(&tenant).await.expect(200));
    assert_eq!(assurance(&claims), json!(["aal2", true, false, false, false, null]));
}

/// The attestation of a U2F model proves a key identifier, but not the AAGUID in the authenticator data.
#[tokio::test]
async fn claims_omit_the_aaguid_of_a_u2f_model() {
    let (server, tenant) = server_with_tenant().await;
    let mut alice = Person::with("alice", Authenticator::new().aaguid([7; 16]));
    let _ = alice.register(&tenant).await.expect(200);
    let key_id = "01".repeat(20);
    server.sql(&format!("UPDATE credentials SET attestation_trust = 'chain', attestation_key_id = '{key_id}'")).await;
    let stated = claims(&alice.login(&tenant).await.expect(200));
    assert_eq!(assurance(&stated), json!(["aal2", true, false, false, true, null]));
    server.sql("UPDATE credentials SET attestation_key_id = NULL").await;
    let stated = claims(&alice.login(&tenant).await.expect(200));
    assert_eq!(assurance(&stated), json!(["aal2", true, false, false, true, Uuid::from_bytes([7; 16])]));
}

/// Registers a passkey of the test manufacturer's model. The imported metadata describes this model.
async fn register_certified(tenant: &TestTenant, authenticator: Authenticator) -> Person {
    let mut person = Person::with("alice", authenticator.aaguid(mds::AAGUID).attestation(Attestation::PackedSelf));
    let mut body = Ceremony::Registration.begin(tenant, &mut person).await;
    mds::attest(&mut body);
    let registered = claims(&Ceremony::Registration.finalize(tenant, &body).await.expect(200));
    assert_eq!((&registered["acr"], &registered["attested"]), (&json!("aal1"), &json!(true)));
    person
}

async fn import(server: &TestServer, blob: &[u8]) {
    let roots = Roots::from_file(mds::ROOT).unwrap();
    assert!(metadata::import(&server.administrator(), blob, &roots, false).await.unwrap().is_some());
}

async fn initialize(ceremony: Ceremony, tenant: &TestTenant, person: &Person, min_acr: &str) -> Response {
    let mut request = ceremony.request(person);
    request["min_acr"] = json!(min_acr);
    tenant.http.post(&format!("{}/initialize", ceremony.path()), &request).await
}

#[tokio::test]
async fn certified_device_bound_authenticator_reaches_aal3() {
    let (server, tenant) = server_with_tenant().await;
    import(&server, mds::BLOB).await;
    let mut key = register_certified(&tenant, Authenticator::new()).await;
    let mut synced = register_certified(&tenant, Authenticator::new().backup(true, true)).await;
    // This authenticator states the same model, but no attestation proves it.
    let stated = Authenticator::new().aaguid(mds::AAGUID).attestation(Attestation::PackedSelf);
    let mut imitation = Person::with("alice", stated);
    let _ = imitation.register(&tenant).await.expect(200);
    let model = json!(Uuid::from_bytes(mds::AAGUID));
    for (person, acr, be, attested, aaguid) in [
        (&mut key, "aal3", false, true, &model),
        (&mut synced, "aal2", true, true, &model),
        (&mut imitation, "aal2", false, false, &Value::Null),
    ] {
        let claims = claims(&person.login(&tenant).await.expect(200));
        assert_eq!(assurance(&claims), json!([acr, true, be, be, attested, aaguid]));
    }

    let id = base64url(&key.authenticator.credentials()[0].id);
    for ceremony in Ceremony::ASSERTIONS {
        let options = initialize(ceremony, &tenant, &key, "aal3").await.expect(200).json();
        assert_eq!(options["publicKey"]["userVerification"], "required");
        assert_eq!(options["publicKey"]["allowCredentials"], json!([{ "type": "public-key", "id": id }]));
        let token = ceremony.finalize(&tenant, &key.get(&options)).await.expect(200);
        assert_eq!(claims(&token)["acr"], "aal3");
    }
    // In a discoverable login, the user may choose any passkey.
    let start = async || tenant.http.post("/login/initialize", &json!({ "min_acr": "aal3" })).await.expect(200).json();
    for person in [&mut synced, &mut imitation] {
        let refused = tenant.anonymous.post("/login/finalize", &person.get(&start().await)).await;
        refused.expect_refusal(401, "acr_too_low");
        assert_eq!(tenant.entry_of(&refused).await.detail().received.as_deref(), Some("aal2"));
    }
    let _ = tenant.anonymous.post("/login/finalize", &key.get(&start().await)).await.expect(200);
}

#[tokio::test]
async fn revoked_model_no_longer_reaches_aal3() {
    let (server, tenant) = server_with_tenant().await;
    import(&server, mds::BLOB).await;
    let mut key = register_certified(&tenant, Authenticator::new()).await;
    for ceremony in Ceremony::ASSERTIONS {
        let options = initialize(ceremony, &tenant, &key, "aal3").await.expect(200).json();
        let token = ceremony.finalize(&tenant, &key.get(&options)).await.expect(200);
        assert_eq!(claims(&token)["acr"], "aal3");
    }
    // The metadata changes between the initialize and the finalize request.
    let options = initialize(Ceremony::MfaLogin, &tenant, &key, "aal3").await.expect(200).json();
    let body = key.get(&options);
    import(&server, mds::REVOKED_BLOB).await;
    Ceremony::MfaLogin.finalize(&tenant, &body).await.expect_refusal(401, "acr_too_low");
    for ceremony in Ceremony::ASSERTIONS {
        initialize(ceremony, &tenant, &key, "aal3").await.expect_refusal(400, "acr_unreachable");
    }
    assert_eq!(claims(&key.login(&tenant).await.expect(200))["acr"], "aal2");
}

/// After the initialize request, the metadata that proved the model is replaced, and the attestation is judged again.
#[tokio::test]
async fn claims_omit_a_model_that_is_no_longer_proven() {
    let (server, tenant) = server_with_tenant().await;
    import(&server, mds::BLOB).await;
    let mut key = register_certified(&tenant, Authenticator::new()).await;
    for ceremony in Ceremony::ASSERTIONS {
        server.sql("UPDATE credentials SET attestation_trust = 'chain'").await;
        let stated = ceremony.begin(&tenant, &mut key).await;
        let stated = claims(&ceremony.finalize(&tenant, &stated).await.expect(200));
        assert_eq!((&stated["acr"], &stated["attested"]), (&json!("aal3"), &json!(true)), "{ceremony:?}");
        let body = ceremony.begin(&tenant, &mut key).await;
        server.sql("UPDATE credentials SET attestation_trust = 'unknown_issuer'").await;
        let finalized = ceremony.finalize(&tenant, &body).await.expect(200);
        assert_eq!(assurance(&claims(&finalized)), json!(["aal2", true, false, false, false, null]), "{ceremony:?}");
        ceremony.finalize(&tenant, &body).await.expect_refusal(401, "challenge_unknown");
    }
}
