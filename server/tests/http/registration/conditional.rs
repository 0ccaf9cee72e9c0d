//! Automatic passkey upgrades: registrations with `mediation: "conditional"`, in which the password manager does not
//! ask the user.

use doorward_authenticator::{Attestation, Authenticator, flags};
use doorward_shared::config::{Attachment, Hint, TrustMode};
use doorward_testkit::{Person, Response, TestTenant, claims};
use serde_json::{Value, json};

use crate::support::{Ceremony, server_with_tenant};

async fn options(tenant: &TestTenant, person: &Person) -> Value {
    let mut request = person.registration_request();
    request["mediation"] = json!("conditional");
    tenant.http.post("/registration/initialize", &request).await.expect(200).json()
}

async fn upgrade(tenant: &TestTenant, person: &mut Person) -> Response {
    let options = options(tenant, person).await;
    let body = person.create(&options);
    Ceremony::Registration.finalize(tenant, &body).await
}

#[tokio::test]
async fn upgrade_needs_no_user_and_does_not_count_as_verified() {
    let (_server, tenant) = server_with_tenant().await;
    for attestation in [Attestation::None, Attestation::PackedSelf] {
        let authenticator = Authenticator::new().backup(true, true).attestation(attestation);
        let mut alice = Person::with(&format!("{attestation:?}"), authenticator);
        let options = options(&tenant, &alice).await;
        let mut parts = alice.browser.create_parts(&mut alice.authenticator, &options).unwrap();
        assert_eq!(parts.authenticator_data.flags & (flags::UP | flags::UV), 0);
        if attestation == Attestation::PackedSelf {
            // This authenticator sends an attestation, although the options request none.
            parts.statement = doorward_authenticator::Statement::PackedSelf;
        }
        let response = Ceremony::Registration.finalize(&tenant, &parts.sign().unwrap().into_json()).await.expect(200);
        let claims = claims(&response);
        assert_eq!((&claims["uv"], &claims["amr"]), (&json!(false), &json!(["pop"])));
        let entry = tenant.entry_of(&response).await;
        let detail = &entry.0["detail"];
        assert_eq!((&detail["mediation"], &detail["user_present"]), (&json!("conditional"), &json!(false)));

        // The login with the new passkey verifies the user as usual.
        let claims = doorward_testkit::claims(&alice.login(&tenant).await.expect(200));
        assert_eq!((&claims["uv"], &claims["amr"]), (&json!(true), &json!(["pop", "user", "mfa"])));
    }
}

#[tokio::test]
async fn options_request_only_what_a_password_manager_can_do() {
    let (server, _) = server_with_tenant().await;
    let tenant = server
        .tenant_with(|config| {
            let webauthn = &mut config.webauthn;
            webauthn.attachment = Some(Attachment::CrossPlatform);
            webauthn.hints = vec![Hint::SecurityKey];
            webauthn.extensions.cred_props = Some(true);
            webauthn.extensions.min_pin_length = Some(true);
        })
        .await;
    let alice = Person::new("alice");
    let usual = Ceremony::Registration.start(&tenant, &alice).await;
    assert_eq!(usual.get("mediation"), None);
    assert_eq!(usual["publicKey"]["extensions"], json!({ "credProps": true, "minPinLength": true }));
    assert_eq!(usual["publicKey"]["hints"], json!(["security-key"]));
    let options = options(&tenant, &alice).await;
    assert_eq!(options["mediation"], "conditional");
    let public_key = &options["publicKey"];
    let selection = json!({ "requireResidentKey": true, "residentKey": "required", "userVerification": "preferred" });
    assert_eq!(public_key["authenticatorSelection"], selection);
    assert_eq!((&public_key["attestation"], public_key.get("hints")), (&json!("none"), None));
    assert_eq!(public_key["extensions"], json!({ "credProps": true }));
}

#[tokio::test]
async fn user_presence_is_required_without_mediation() {
    let (_server, tenant) = server_with_tenant().await;
    for ceremony in Ceremony::ALL {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        let options = ceremony.start(&tenant, &person).await;
        let (browser, authenticator) = (&person.browser, &mut person.authenticator);
        let body = if ceremony.registers() {
            let mut parts = browser.create_parts(authenticator, &options).unwrap();
            parts.authenticator_data.flags &= !flags::UP;
            parts.sign().unwrap().into_json()
        } else {
            let mut parts = browser.get_parts(authenticator, &options).unwrap();
            parts.authenticator_data.flags &= !flags::UP;
            parts.sign().unwrap().into_json()
        };
        let status = if ceremony.registers() { 400 } else { 401 };
        let response = ceremony.finalize(&tenant, &body).await;
        let _ = ceremony.expect_audited_refusal(&tenant, &response, status, "user_presence_missing").await;
    }
    // The client cannot enable conditional mediation: only the initialize request can.
    let mut alice = Person::new("alice");
    let mut options = Ceremony::Registration.start(&tenant, &alice).await;
    options["mediation"] = json!("conditional");
    options["publicKey"]["authenticatorSelection"]["userVerification"] = json!("preferred");
    let body = alice.create(&options);
    Ceremony::Registration.finalize(&tenant, &body).await.expect_refusal(400, "user_presence_missing");
}

#[tokio::test]
async fn user_that_takes_part_in_an_upgrade_is_accepted_too() {
    let (_server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let mut options = options(&tenant, &alice).await;
    options.as_object_mut().unwrap().remove("mediation");
    let body = alice.create(&options);
    let response = Ceremony::Registration.finalize(&tenant, &body).await.expect(200);
    assert_eq!(claims(&response)["amr"], json!(["pop", "user", "mfa"]));
    let detail = &tenant.entry_of(&response).await.0["detail"];
    assert_eq!((&detail["mediation"], detail.get("user_present")), (&json!("conditional"), None));
}

#[tokio::test]
async fn second_factors_and_other_mediations_are_refused() {
    let (_server, tenant) = server_with_tenant().await;
    let mut request = Person::new("alice").registration_request();
    request["mediation"] = json!("conditional");
    let response = tenant.http.post("/mfa/registration/initialize", &request).await;
    let kind = Ceremony::MfaRegistration.event("init_failed");
    let entry = tenant.expect_audited_refusal(&response, 400, "validation_failed", &kind).await;
    assert!(entry.text("error").unwrap().starts_with("mediation is possible only for passkeys"), "{entry:?}");
    request["mediation"] = json!("silent");
    let response = tenant.http.post("/registration/initialize", &request).await;
    response.expect_error(400, "body_malformed", "unable to process request", "mediation must be one of conditional");
}

#[tokio::test]
async fn registered_authenticator_is_excluded_from_upgrades() {
    let (_server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let _ = upgrade(&tenant, &mut alice).await.expect(200);
    let options = options(&tenant, &alice).await;
    let excluded = alice.browser.create(&mut alice.authenticator, &options);
    assert_eq!(excluded, Err(doorward_authenticator::ClientError::Excluded));
}

/// If the initialize request succeeded, the password manager would create a passkey, but the finalize request would
/// always be refused.
#[tokio::test]
async fn upgrades_are_refused_at_once_if_the_trust_policy_needs_an_attestation() {
    let (server, _) = server_with_tenant().await;
    for mode in [TrustMode::Monitor, TrustMode::Enforce] {
        let tenant = server
            .tenant_with(|config| {
                config.trust.passkeys.registration = mode;
                config.trust.passkeys.attestation_required = true;
            })
            .await;
        let mut request = Person::new("alice").registration_request();
        let _ = tenant.http.post("/registration/initialize", &request).await.expect(200);
        request["mediation"] = json!("conditional");
        let response = tenant.http.post("/registration/initialize", &request).await;
        if mode == TrustMode::Monitor {
            let _ = response.expect(200);
            continue;
        }
        let kind = Ceremony::Registration.event("init_failed");
        let entry = tenant.expect_audited_refusal(&response, 400, "validation_failed", &kind).await;
        assert!(entry.text("error").unwrap().starts_with("mediation is not possible"), "{entry:?}");
    }
}

#[tokio::test]
async fn upgrade_cannot_replace_a_second_factor() {
    let (_server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    let mut request = alice.registration_request();
    request["mediation"] = json!("conditional");
    let response = tenant.http.post("/registration/initialize", &request).await;
    let kind = Ceremony::Registration.event("init_failed");
    let entry = tenant.expect_audited_refusal(&response, 400, "validation_failed", &kind).await;
    assert!(entry.text("error").unwrap().contains("a user with a second factor"), "{entry:?}");
    // A registration in which the user takes part is still possible.
    let _ = alice.register(&tenant).await.expect(200);
}
