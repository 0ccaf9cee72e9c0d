//! Optional members of the options: hints, extensions, formats of attestation statements, the exclude list.

use doorward_authenticator::{Authenticator, base64url, flags};
use doorward_shared::{
    config::{AttestationFormat, Hint},
    extensions::{CredentialProtection, Extension, LargeBlobCreation},
};
use doorward_testkit::{Person, Response, TestTenant};
use serde_json::{Value, json};

use crate::support::{Ceremony, server_with_tenant};

async fn start(tenant: &TestTenant, ceremony: Ceremony, person: &Person, extras: &Value) -> Response {
    let mut request = ceremony.request(person);
    for (name, value) in extras.as_object().unwrap() {
        request[name] = value.clone();
    }
    tenant.http.post(&format!("{}/initialize", ceremony.path()), &request).await
}

async fn options(tenant: &TestTenant, ceremony: Ceremony, person: &Person, extras: Value) -> Value {
    start(tenant, ceremony, person, &extras).await.expect(200).json()["publicKey"].take()
}

#[tokio::test]
async fn call_adds_hints_and_extensions_to_the_options() {
    let (_server, tenant) = server_with_tenant().await;
    for ceremony in Ceremony::ALL {
        let person = ceremony.person(&tenant, ceremony.path()).await;
        let plain = options(&tenant, ceremony, &person, json!({})).await;
        assert_eq!((plain.get("hints"), plain.get("extensions")), (None, None));
        let eval = json!({ "first": "AQ", "second": "Ag" });
        let extensions = if ceremony.registers() {
            json!({ "credProps": true, "largeBlob": { "support": "preferred" }, "prf": { "eval": eval } })
        } else {
            json!({ "largeBlob": { "read": true }, "prf": { "eval": eval } })
        };
        let extras = json!({ "hints": ["hybrid", "client-device"], "extensions": extensions });
        let options = options(&tenant, ceremony, &person, extras).await;
        assert_eq!(options["hints"], json!(["hybrid", "client-device"]));
        assert_eq!(options["extensions"], extensions);
    }
    // A login without user_id needs no API key, even if it contains hints and extensions.
    let extras = json!({ "hints": ["hybrid"], "extensions": { "prf": { "eval": { "first": "AQ" } } } });
    let options = tenant.anonymous.post("/login/initialize", &extras).await.expect(200).json();
    assert_eq!(options["publicKey"]["extensions"], extras["extensions"]);
}

#[tokio::test]
async fn unknown_and_forbidden_extensions_are_refused_and_audited() {
    let (server, tenant) = server_with_tenant().await;
    let narrow = server.tenant_with(|config| config.webauthn.allowed_extensions = vec![Extension::CredProps]).await;
    for ceremony in Ceremony::ALL {
        for (tenant, extras, expected) in [
            (&tenant, json!({ "extensions": { "prff": {} } }), "extensions.prff is unknown"),
            (&tenant, json!({ "extensions": 5 }), "extensions must be a JSON object"),
            (&tenant, json!({ "hints": ["hybrid", "hybrid"] }), "hints contains hybrid twice"),
            (&tenant, json!({ "extensions": { "prf": { "eval": { "first": base64url(&[0; 257]) } } } }), "256 bytes"),
            (&narrow, json!({ "extensions": { "prf": {} } }), "does not allow requests with the extension prf"),
        ] {
            let name: String = format!("{}{expected}", ceremony.path()).chars().take(40).collect();
            let person = ceremony.person(tenant, &name).await;
            let response = start(tenant, ceremony, &person, &extras).await;
            let kind = ceremony.event("init_failed");
            let entry = tenant.expect_audited_refusal(&response, 400, "validation_failed", &kind).await;
            assert!(response.field("details").contains(expected), "{expected}: {}", response.text);
            assert_eq!(entry.text("actor_user_id"), Some(person.user_id));
        }
    }
}

#[tokio::test]
async fn tenant_requests_extensions_formats_and_hints() {
    let (server, _) = server_with_tenant().await;
    let tenant = server
        .tenant_with(|config| {
            let webauthn = &mut config.webauthn;
            webauthn.attestation_formats = vec![AttestationFormat::Tpm, AttestationFormat::Packed];
            webauthn.hints = vec![Hint::ClientDevice];
            webauthn.extensions.credential_protection_policy = Some(CredentialProtection::UvRequired);
            webauthn.extensions.enforce_credential_protection_policy = Some(true);
            webauthn.extensions.large_blob = Some(LargeBlobCreation::default());
            webauthn.allowed_extensions = vec![Extension::CredProps, Extension::LargeBlob];
        })
        .await;
    let alice = Person::new("alice");
    for (ceremony, hints) in
        [(Ceremony::Registration, json!(["client-device"])), (Ceremony::MfaRegistration, Value::Null)]
    {
        let options = options(&tenant, ceremony, &alice, json!({})).await;
        assert_eq!((&options["attestationFormats"], &options["hints"]), (&json!(["tpm", "packed"]), &hints));
        let expected = json!({
            "credentialProtectionPolicy": "userVerificationRequired",
            "enforceCredentialProtectionPolicy": true,
            "largeBlob": {},
        });
        assert_eq!(options["extensions"], expected);
    }
    let extras = json!({ "hints": [], "extensions": { "credProps": true, "largeBlob": { "support": "required" } } });
    let options = options(&tenant, Ceremony::Registration, &alice, extras).await;
    assert_eq!(options.get("hints"), None);
    assert_eq!(options["extensions"]["largeBlob"], json!({ "support": "required" }));
    assert_eq!(options["extensions"]["credProps"], true);
}

#[tokio::test]
async fn inputs_of_other_credentials_are_left_out_of_the_options() {
    let (_server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let id = base64url(&alice.authenticator.credentials()[0].id);
    let inputs = json!({ "first": "AQ" });
    let extras = json!({ "extensions": { "prf": { "evalByCredential": { "AAAA": inputs, id.clone(): inputs } } } });
    let options = options(&tenant, Ceremony::Login, &alice, extras.clone()).await;
    assert_eq!(options["extensions"]["prf"], json!({ "evalByCredential": { id: inputs } }));
    let response = tenant.http.post("/login/initialize", &extras).await;
    response.expect_refusal(400, "validation_failed");
}

#[tokio::test]
async fn exclude_list_can_be_turned_off() {
    let (server, _) = server_with_tenant().await;
    let tenant = server.tenant_with(|config| config.webauthn.exclude_credentials = false).await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let options = Ceremony::Registration.start(&tenant, &alice).await;
    assert_eq!(options["publicKey"]["excludeCredentials"], json!([]));
    let mut parts = alice.browser.create_parts(&mut alice.authenticator.clone(), &options).unwrap();
    // Without an exclude list, a credential id still cannot be registered twice.
    let id = alice.authenticator.credentials()[0].id.clone();
    parts.authenticator_data.attested.as_mut().unwrap().credential_id = id;
    let response = Ceremony::Registration.finalize(&tenant, &parts.sign().unwrap().into_json()).await;
    response.expect_refusal(409, "credential_exists");
    let _ = alice.register(&tenant).await.expect(200);
}

#[tokio::test]
async fn credential_properties_are_stored_and_signed_outputs_are_audited() {
    let (_server, tenant) = server_with_tenant().await;
    for (name, output, stored) in [
        ("alice", json!({ "credProps": { "rk": true } }), Some(true)),
        ("bob", json!({ "credProps": { "rk": false } }), Some(false)),
        ("carol", json!({ "credProps": { "rk": "yes" }, "prf": [] }), None),
        ("dave", json!(null), None),
    ] {
        let mut person = Person::with(name, Authenticator::new());
        let options = Ceremony::Registration.start(&tenant, &person).await;
        let mut parts = person.browser.create_parts(&mut person.authenticator, &options).unwrap();
        parts.authenticator_data.flags |= flags::ED;
        // {"credProtect": 3, "minPinLength": 6, "hmac-secret": true}
        let outputs = b"\xa3\x6bcredProtect\x03\x6cminPinLength\x06\x6bhmac-secret\xf5";
        parts.authenticator_data.extensions = Some(outputs.to_vec());
        let mut body = parts.sign().unwrap().into_json();
        body["clientExtensionResults"] = output;
        let response = Ceremony::Registration.finalize(&tenant, &body).await.expect(200);
        let item = tenant.http.get(&format!("/credentials?user_id={name}")).await.expect(200).json()[0].take();
        assert_eq!(item.get("discoverable").and_then(Value::as_bool), stored, "{name}");
        let detail = tenant.entry_of(&response).await.0["detail"].take();
        assert_eq!((&detail["cred_protect"], &detail["min_pin_length"]), (&json!(3), &json!(6)));
        assert_eq!(detail.get("discoverable").and_then(Value::as_bool), stored, "{name}");
    }
}
