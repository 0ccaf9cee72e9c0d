//! Tests of the options that clients receive.

use doorward_shared::{
    Base64Url, CoseAlgorithm,
    config::{Attachment, AttestationFormat, AttestationPreference, Hint, ResidentKey, UserVerification},
    extensions::{AssertionExtensions, LargeBlobUse, PrfInputs, PrfUse, RegistrationExtensions},
    public::{CreationOptions, Mediation},
};
use serde_json::json;

use super::fixture::{b64, policy, relying_party, user};
use crate::{
    domain::{ChallengeValue, CredentialId},
    webauthn::{CreationExtras, RequestExtras, creation_options, request_options, transaction_challenge},
};

#[test]
fn creation_options_contain_the_policy_of_the_tenant() {
    let policy = crate::domain::CeremonyPolicy {
        attachment: Some(Attachment::CrossPlatform),
        resident_key: ResidentKey::Discouraged,
        ..policy(UserVerification::Preferred)
    };
    let challenge = ChallengeValue(vec![1; 32]);
    let algorithms = [CoseAlgorithm::Es256, CoseAlgorithm::Rs256];
    let extras = CreationExtras::default();
    let options = creation_options(&relying_party(), &policy, &algorithms, &user("alice"), &challenge, &[], extras);
    let expected = json!({ "publicKey": {
        "rp": { "name": "Example", "id": "example.org" },
        "user": { "id": b64(b"alice"), "name": "alice@example.org", "displayName": "Alice" },
        "challenge": b64(&[1; 32]),
        "pubKeyCredParams": [
            { "type": "public-key", "alg": -7 },
            { "type": "public-key", "alg": -257 },
        ],
        "timeout": 60_000,
        "excludeCredentials": [],
        "authenticatorSelection": {
            "authenticatorAttachment": "cross-platform", "requireResidentKey": false,
            "residentKey": "discouraged", "userVerification": "preferred",
        },
        "attestation": "direct",
    }});
    assert_eq!(serde_json::to_value(options).unwrap(), expected);
}

#[test]
fn existing_credentials_are_excluded() {
    let id = CredentialId::new(vec![5; 16]).unwrap();
    let CreationOptions { public_key, .. } = creation_options(
        &relying_party(),
        &policy(UserVerification::Required),
        CoseAlgorithm::DEFAULT,
        &user("alice"),
        &ChallengeValue(vec![1; 32]),
        &[id],
        CreationExtras::default(),
    );
    assert_eq!(public_key.exclude_credentials[0].id.as_bytes(), [5; 16]);
    assert!(public_key.authenticator_selection.require_resident_key);
}

#[test]
fn only_logins_of_a_named_user_list_credentials() {
    let (rp, policy, challenge) = (relying_party(), policy(UserVerification::Required), ChallengeValue(vec![1; 32]));
    let options =
        serde_json::to_value(request_options(&rp, &policy, &challenge, None, RequestExtras::default())).unwrap();
    let expected = json!({ "publicKey": {
        "challenge": b64(&[1; 32]), "timeout": 60_000, "rpId": "example.org", "userVerification": "required",
    }});
    assert_eq!(options, expected);
    let id = CredentialId::new(vec![5; 16]).unwrap();
    let options = request_options(&rp, &policy, &challenge, Some(&[id]), RequestExtras::default());
    let options = serde_json::to_value(options).unwrap();
    assert_eq!(options["publicKey"]["allowCredentials"], json!([{ "type": "public-key", "id": b64(&[5; 16]) }]));
}

#[test]
fn transaction_challenge_contains_the_hash_of_its_data() {
    use aws_lc_rs::digest::{SHA256, digest};
    let challenge = transaction_challenge([3; 32], "order-1", r#"{"amount":10}"#);
    assert_eq!(challenge.0[..32], [3; 32]);
    assert_eq!(&challenge.0[32..], digest(&SHA256, br#"order-1{"amount":10}"#).as_ref());
}

#[test]
fn options_offer_the_algorithms_in_their_order() {
    let offered = |algorithms: &[CoseAlgorithm]| {
        let policy = policy(UserVerification::Required);
        let challenge = ChallengeValue(vec![1; 32]);
        let extras = CreationExtras::default();
        let options = creation_options(&relying_party(), &policy, algorithms, &user("a"), &challenge, &[], extras);
        options.public_key.pub_key_cred_params.iter().map(|param| param.alg).collect::<Vec<_>>()
    };
    assert_eq!(offered(CoseAlgorithm::DEFAULT), [-8, -7, -257, -35, -36]);
    assert_eq!(offered(&[CoseAlgorithm::MlDsa65, CoseAlgorithm::Es256]), [-49, -7]);
}

#[test]
fn optional_members_have_the_names_of_level_3() {
    let policy = policy(UserVerification::Required);
    let challenge = ChallengeValue(vec![1; 32]);
    let extras = CreationExtras {
        mediation: Some(Mediation::Conditional),
        hints: vec![Hint::SecurityKey, Hint::Hybrid],
        attestation_formats: vec![AttestationFormat::Packed, AttestationFormat::FidoU2f],
        extensions: RegistrationExtensions { min_pin_length: Some(true), ..RegistrationExtensions::default() },
    };
    let algorithms = CoseAlgorithm::DEFAULT;
    let options = creation_options(&relying_party(), &policy, algorithms, &user("a"), &challenge, &[], extras);
    let options = serde_json::to_value(options).unwrap();
    let public_key = &options["publicKey"];
    assert_eq!(options["mediation"], "conditional");
    assert_eq!(public_key["hints"], json!(["security-key", "hybrid"]));
    assert_eq!(public_key["attestationFormats"], json!(["packed", "fido-u2f"]));
    assert_eq!(public_key["extensions"], json!({ "minPinLength": true }));

    let inputs = PrfInputs { first: Base64Url(vec![1]), second: Some(Base64Url(vec![2])) };
    let by_credential = [("AQ".to_owned(), inputs.clone())].into();
    let extensions = AssertionExtensions {
        large_blob: Some(LargeBlobUse { read: Some(true), write: None }),
        prf: Some(PrfUse { eval: Some(inputs), eval_by_credential: Some(by_credential) }),
    };
    let extras = RequestExtras { hints: vec![Hint::ClientDevice], extensions };
    let options = request_options(&relying_party(), &policy, &challenge, None, extras);
    let options = serde_json::to_value(options).unwrap();
    assert_eq!(options["publicKey"]["hints"], json!(["client-device"]));
    let values = json!({ "first": "AQ", "second": "Ag" });
    let expected =
        json!({ "largeBlob": { "read": true }, "prf": { "eval": values, "evalByCredential": { "AQ": values } } });
    assert_eq!(options["publicKey"]["extensions"], expected);
}

#[test]
fn automatic_upgrade_requests_only_what_a_password_manager_can_do() {
    let with = |user_verification, attachment| {
        let policy = crate::domain::CeremonyPolicy { attachment, ..policy(user_verification) }.conditional();
        assert_eq!((policy.attestation, policy.resident_key), (AttestationPreference::None, ResidentKey::Required));
        (policy.user_verification, policy.attachment)
    };
    assert_eq!(with(UserVerification::Required, None), (UserVerification::Preferred, None));
    let own_device = Some(Attachment::Platform);
    assert_eq!(with(UserVerification::Discouraged, own_device), (UserVerification::Discouraged, own_device));
    assert_eq!(with(UserVerification::Preferred, Some(Attachment::CrossPlatform)).1, None);
}
