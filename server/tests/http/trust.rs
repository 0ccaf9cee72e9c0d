//! Trust policies of a tenant: which authenticators its ceremonies accept.

use doorward_authenticator::{Attestation, Authenticator};
use doorward_server::{service::admin::metadata, webauthn::metadata_blob::Roots};
use doorward_shared::{
    AuthenticatorStatus, CertificationLevel, CoseAlgorithm,
    admin::Role,
    config::{TenantConfig, TrustMode, TrustPolicies, TrustPolicy},
    refusal::Check,
};
use doorward_testkit::{Person, TestServer, TestTenant, mds};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::Ceremony;

const ALLOWED: Uuid = Uuid::from_u128(0x0898_7058_cadc_4b81_b6e1_30de_50dc_be96);
/// Model of the test manufacturer.
const MODEL: Uuid = Uuid::from_bytes(mds::AAGUID);
const DENIED: Uuid = Uuid::from_u128(7);

fn enforced(policy: TrustPolicy) -> TrustPolicy {
    TrustPolicy { registration: TrustMode::Enforce, login: TrustMode::Enforce, ..policy }
}

/// Returns a policy that accepts only one model.
fn only(model: Uuid) -> TrustPolicy {
    enforced(TrustPolicy { allow_aaguids: Some(vec![model]), ..TrustPolicy::default() })
}

fn for_all(policy: &TrustPolicy) -> TrustPolicies {
    TrustPolicies { passkeys: policy.clone(), second_factors: policy.clone() }
}

async fn tenant_with(server: &TestServer, policy: &TrustPolicy) -> TestTenant {
    server.tenant_with(|config| config.trust = for_all(policy)).await
}

fn authenticator(aaguid: Uuid, attestation: Attestation) -> Authenticator {
    Authenticator::new().aaguid(aaguid.into_bytes()).attestation(attestation)
}

/// Registers an authenticator and returns the failed check; `None` if the registration succeeded.
async fn register(ceremony: Ceremony, tenant: &TestTenant, authenticator: Authenticator) -> Option<Check> {
    let mut person = Person::with(&crate::support::unique(), authenticator);
    let body = ceremony.begin(tenant, &mut person).await;
    let response = ceremony.finalize(tenant, &body).await;
    if response.status == 200 {
        return None;
    }
    assert_eq!(response.field("title"), "failed to validate attestation");
    ceremony.expect_audited_refusal(tenant, &response, 400, "trust_policy").await.detail().check
}

async fn import(server: &TestServer, blob: &[u8]) {
    let roots = Roots::from_file(mds::ROOT).unwrap();
    assert!(metadata::import(&server.administrator(), blob, &roots, false).await.unwrap().is_some());
}

/// Starts the registration of an authenticator with an attestation of the test manufacturer. The attestation is for the
/// model [`mds::AAGUID`]; the authenticator states `aaguid`. Returns the finalize body.
async fn attested(ceremony: Ceremony, tenant: &TestTenant, person: &mut Person, aaguid: Uuid) -> Value {
    person.authenticator = authenticator(aaguid, Attestation::PackedSelf);
    let mut body = ceremony.begin(tenant, person).await;
    mds::attest(&mut body);
    body
}

/// Registers an authenticator of the test manufacturer.
async fn genuine(tenant: &TestTenant, user: &str) -> Person {
    let mut person = Person::new(user);
    let body = attested(Ceremony::Registration, tenant, &mut person, MODEL).await;
    let _ = Ceremony::Registration.finalize(tenant, &body).await.expect(200);
    person
}

/// CVE-2025-12150: a client states an allowed AAGUID, either without an attestation or with a self attestation.
#[tokio::test]
async fn cve_2025_12150_allowed_aaguid_without_certificate_is_refused() {
    let server = TestServer::start().await;
    import(&server, mds::BLOB).await;
    let tenant = tenant_with(&server, &only(MODEL)).await;
    for ceremony in Ceremony::REGISTRATIONS {
        for attestation in [Attestation::None, Attestation::PackedSelf] {
            let found = register(ceremony, &tenant, authenticator(MODEL, attestation)).await;
            assert_eq!(found, Some(Check::TrustAllowed), "{attestation:?}");
        }
    }
    let _ = genuine(&tenant, "alice").await.login(&tenant).await.expect(200);
}

/// CVE-2026-6856: a client states an allowed AAGUID in an attestation whose certificate chain is not for this model.
#[tokio::test]
async fn cve_2026_6856_allowed_aaguid_without_the_chain_of_its_model_is_refused() {
    let server = TestServer::start().await;
    let tenant = tenant_with(&server, &only(MODEL)).await;
    for ceremony in Ceremony::REGISTRATIONS {
        // Without metadata, nothing proves that the issuer may attest the model.
        let body = attested(ceremony, &tenant, &mut Person::new("alice"), MODEL).await;
        let response = ceremony.finalize(&tenant, &body).await;
        let entry = ceremony.expect_audited_refusal(&tenant, &response, 400, "trust_policy").await;
        let detail = entry.detail();
        assert_eq!(detail.check, Some(Check::TrustAllowed));
        assert!(detail.received.unwrap().contains("unknown_issuer"));
    }
    import(&server, mds::BLOB).await;
    let other = tenant_with(&server, &only(ALLOWED)).await;
    for ceremony in Ceremony::REGISTRATIONS {
        // The manufacturer's certificate names a model that differs from the one that the client states.
        let body = attested(ceremony, &other, &mut Person::new("alice"), ALLOWED).await;
        ceremony.finalize(&other, &body).await.expect_refusal(400, "attestation_invalid");
    }
}

#[tokio::test]
async fn imported_status_and_certification_apply_from_the_next_login_on() {
    let server = TestServer::start().await;
    import(&server, mds::BLOB).await;
    let revoked = TrustPolicy { deny_statuses: vec![AuthenticatorStatus::Revoked], ..TrustPolicy::default() };
    let certified = TrustPolicy { min_certification: Some(CertificationLevel::L1), ..TrustPolicy::default() };
    let (first, second) =
        (tenant_with(&server, &enforced(revoked)).await, tenant_with(&server, &enforced(certified)).await);
    let (mut alice, mut bob) = (genuine(&first, "alice").await, genuine(&second, "bob").await);
    let (_, _) = (alice.login(&first).await.expect(200), bob.login(&second).await.expect(200));
    import(&server, mds::REVOKED_BLOB).await;
    for (tenant, person, check) in
        [(&first, &mut alice, Check::TrustStatus), (&second, &mut bob, Check::TrustCertification)]
    {
        let body = Ceremony::Login.begin(tenant, person).await;
        let response = Ceremony::Login.finalize(tenant, &body).await;
        let entry = Ceremony::Login.expect_audited_refusal(tenant, &response, 401, "trust_policy").await;
        assert_eq!(entry.detail().check, Some(check));
    }
}

#[tokio::test]
async fn login_that_began_before_the_attestation_was_judged_again_is_refused() {
    let server = TestServer::start().await;
    import(&server, mds::BLOB).await;
    let tenant = tenant_with(&server, &only(MODEL)).await;
    let mut alice = genuine(&tenant, "alice").await;
    for ceremony in Ceremony::ASSERTIONS {
        server.sql("UPDATE credentials SET attestation_trust = 'chain'").await;
        let body = ceremony.begin(&tenant, &mut alice).await;
        server.sql("UPDATE credentials SET attestation_trust = 'unknown_issuer'").await;
        let response = ceremony.finalize(&tenant, &body).await;
        let entry = ceremony.expect_audited_refusal(&tenant, &response, 401, "trust_policy").await;
        assert_eq!(entry.detail().check, Some(Check::TrustAllowed));
    }
}

#[tokio::test]
async fn enforced_policy_limits_the_offered_algorithms() {
    let server = TestServer::start().await;
    for (mode, offered) in [(TrustMode::Monitor, json!([-8, -7])), (TrustMode::Enforce, json!([-7]))] {
        let algorithms = Some(vec![CoseAlgorithm::Rs256, CoseAlgorithm::Es256]);
        let policy = TrustPolicy { registration: mode, algorithms, ..TrustPolicy::default() };
        let tenant = server
            .tenant_with(|config| {
                config.webauthn.algorithms = vec![CoseAlgorithm::EdDsa, CoseAlgorithm::Es256];
                config.trust = for_all(&policy);
            })
            .await;
        for ceremony in Ceremony::REGISTRATIONS {
            let options = ceremony.start(&tenant, &Person::new("alice")).await;
            let params = options["publicKey"]["pubKeyCredParams"].as_array().unwrap();
            let found: Vec<_> = params.iter().map(|one| one["alg"].clone()).collect();
            assert_eq!(json!(found), offered);
        }
    }
}

#[tokio::test]
async fn denied_model_is_refused_with_and_without_attestation() {
    let server = TestServer::start().await;
    let policy = enforced(TrustPolicy { deny_aaguids: vec![DENIED], ..TrustPolicy::default() });
    let tenant = tenant_with(&server, &policy).await;
    for ceremony in Ceremony::REGISTRATIONS {
        for attestation in [Attestation::None, Attestation::PackedSelf] {
            let found = register(ceremony, &tenant, authenticator(DENIED, attestation)).await;
            assert_eq!(found, Some(Check::TrustDenied));
            assert_eq!(register(ceremony, &tenant, authenticator(ALLOWED, attestation)).await, None);
        }
    }
    // The policy above accepts an authenticator of the denied model if the client states a different model.
    // `attestation_required` prevents this.
    let policy = TrustPolicy { attestation_required: true, ..policy };
    let tenant = tenant_with(&server, &policy).await;
    for attestation in [Attestation::None, Attestation::PackedSelf] {
        let found = register(Ceremony::Registration, &tenant, authenticator(ALLOWED, attestation)).await;
        assert_eq!(found, Some(Check::TrustAttestation));
    }
}

async fn configure(server: &TestServer, tenant: &TestTenant, adjust: impl FnOnce(&mut TenantConfig)) {
    let mut config = doorward_testkit::config();
    adjust(&mut config);
    let admin = server.admin(&crate::support::unique(), Role::Admin).await;
    let _ = admin.put(&format!("/tenants/{}/config", tenant.id), &json!(config)).await.expect(204);
}

fn device_bound(mode: TrustMode) -> TrustPolicy {
    TrustPolicy { registration: mode, login: mode, device_bound_only: true, ..TrustPolicy::default() }
}

#[tokio::test]
async fn enforced_policy_refuses_logins_and_transactions_with_registered_credentials() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let synced = || Authenticator::new().backup(true, true);
    let (mut alice, mut bob) = (Person::with("alice", synced()), Person::with("bob", synced()));
    let _ = alice.register(&tenant).await.expect(200);
    let _ = bob.register_mfa(&tenant).await.expect(200);
    configure(&server, &tenant, |config| config.trust.passkeys = device_bound(TrustMode::Enforce)).await;
    for ceremony in Ceremony::ASSERTIONS {
        let body = ceremony.begin(&tenant, &mut alice).await;
        let response = ceremony.finalize(&tenant, &body).await;
        let details = "the tenant's trust policy refuses credentials that can be backed up";
        assert_eq!(response.field("details"), details);
        let entry = ceremony.expect_audited_refusal(&tenant, &response, 401, "trust_policy").await;
        let detail = entry.detail();
        assert_eq!((detail.check, detail.received.as_deref()), (Some(Check::TrustDeviceBound), Some("BE = 1")));
    }
    // The policy for passkeys does not apply to credentials that are only second factors.
    let _ = bob.mfa_login(&tenant).await.expect(200);
    configure(&server, &tenant, |config| config.trust.second_factors = device_bound(TrustMode::Enforce)).await;
    bob.mfa_login(&tenant).await.expect_refusal(401, "trust_policy");
    let _ = alice.login(&tenant).await.expect(200);
    let _ = alice.mfa_login(&tenant).await.expect(200);
}

#[tokio::test]
async fn credential_that_becomes_backup_eligible_is_judged_by_its_new_state() {
    let server = TestServer::start().await;
    let tenant = tenant_with(&server, &device_bound(TrustMode::Enforce)).await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let _ = alice.login(&tenant).await.expect(200);
    alice.authenticator = alice.authenticator.clone().backup(true, true);
    alice.login(&tenant).await.expect_refusal(401, "trust_policy");
    alice.authenticator = alice.authenticator.clone().backup(false, false);
    let _ = alice.login(&tenant).await.expect(200);
}

#[tokio::test]
async fn ceremonies_that_violate_a_monitored_policy_succeed_and_are_found_by_code() {
    let server = TestServer::start().await;
    let tenant = tenant_with(&server, &device_bound(TrustMode::Monitor)).await;
    let mut alice = Person::with("alice", Authenticator::new().backup(true, false));
    let registered = alice.register(&tenant).await.expect(200);
    let entry = tenant.entry_of(&registered).await;
    assert_eq!(entry.kind(), "webauthn_registration_final_succeeded");
    assert_eq!(entry.detail().check, Some(Check::TrustDeviceBound));
    assert_eq!(entry.0["detail"]["attestation_stated"], "none", "the entry also describes the credential");
    for ceremony in Ceremony::ASSERTIONS {
        let body = ceremony.begin(&tenant, &mut alice).await;
        let _ = ceremony.finalize(&tenant, &body).await.expect(200);
    }
    let _ = Person::new("bob").register(&tenant).await.expect(200);
    let monitored = tenant.entries("outcome=succeeded&error_code=trust_policy").await;
    let kinds: Vec<String> = monitored.iter().map(|entry| entry.kind()).collect();
    let expected = ["webauthn_transaction", "mfa_authentication", "webauthn_authentication", "webauthn_registration"];
    assert_eq!(kinds, expected.map(|name| format!("{name}_final_succeeded")));
    assert!(tenant.entries("outcome=failed").await.is_empty());
    let admin = server.admin("ops", Role::Admin).await;
    let metrics = admin.get("/metrics").await.expect(200).text;
    assert!(metrics.contains("doorward_trust_monitored_total{step=\"login\"} 3"), "{metrics}");
    assert!(metrics.contains("doorward_trust_monitored_total{step=\"registration\"} 1"), "{metrics}");
    // Ceremonies that a policy in the mode `monitor` would have refused are not counted as refusals.
    let activity = admin.get(&format!("/tenants/{}/activity", tenant.id)).await.expect(200).json();
    assert_eq!(activity["refusals"], json!([]));
}

#[tokio::test]
async fn conflicts_with_other_settings_are_refused() {
    let server = TestServer::start().await;
    let auditor = server.admin("audit", Role::Auditor).await;
    let fields = async |adjust: &dyn Fn(&mut Value)| {
        let mut config = json!(doorward_testkit::config());
        config["trust"]["passkeys"]["registration"] = json!("enforce");
        adjust(&mut config);
        let found = auditor.post("/config/check", &config).await.expect(200).json();
        let problems = found["problems"].as_array().unwrap();
        problems.iter().map(|one| one["field"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(fields(&|_| ()).await, [""; 0]);
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 8] = [
        ("attestation_required", |config| {
            config["webauthn"]["attestation_preference"] = json!("none");
            config["trust"]["passkeys"]["attestation_required"] = json!(true);
        }),
        ("algorithms", |config| config["trust"]["passkeys"]["algorithms"] = json!(["ML-DSA-65"])),
        ("login", |config| {
            config["trust"]["passkeys"] = json!({ "registration": "monitor", "login": "enforce" });
        }),
        ("allow_aaguids", |config| config["trust"]["passkeys"]["allow_aaguids"] = json!([])),
        ("allow_aaguids", |config| config["trust"]["passkeys"]["allow_aaguids"] = json!([Uuid::nil()])),
        ("deny_aaguids", |config| {
            config["trust"]["passkeys"]["allow_aaguids"] = json!([ALLOWED]);
            config["trust"]["passkeys"]["deny_aaguids"] = json!([ALLOWED]);
        }),
        ("deny_aaguids[0]", |config| config["trust"]["passkeys"]["deny_aaguids"] = json!(["YubiKey"])),
        ("deny_statuses", |config| config["trust"]["passkeys"]["deny_statuses"] = json!(["REVOKED", "REVOKED"])),
    ];
    for (field, adjust) in cases {
        assert_eq!(fields(&adjust).await, [format!("trust.passkeys.{field}")]);
    }
    let of_mfa = fields(&|config| {
        config["mfa"]["attestation_preference"] = json!("none");
        config["trust"]["second_factors"] = json!({ "registration": "monitor", "min_certification": "L1" });
    });
    assert_eq!(of_mfa.await, ["trust.second_factors.min_certification"]);
}
