//! Tests of the options that clients receive.

use doorward_shared::{
    CoseAlgorithm,
    config::{Attachment, ResidentKey, UserVerification},
    public::CreationOptions,
};
use serde_json::json;

use super::fixture::{b64, policy, relying_party, user};
use crate::{
    domain::{ChallengeValue, CredentialId},
    webauthn::{creation_options, request_options, transaction_challenge},
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
    let options = creation_options(&relying_party(), &policy, &algorithms, &user("alice"), &challenge, &[]);
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
    let CreationOptions { public_key } = creation_options(
        &relying_party(),
        &policy(UserVerification::Required),
        CoseAlgorithm::DEFAULT,
        &user("alice"),
        &ChallengeValue(vec![1; 32]),
        &[id],
    );
    assert_eq!(public_key.exclude_credentials[0].id.as_bytes(), [5; 16]);
    assert!(public_key.authenticator_selection.require_resident_key);
}

#[test]
fn only_logins_of_a_named_user_list_credentials() {
    let (rp, policy, challenge) = (relying_party(), policy(UserVerification::Required), ChallengeValue(vec![1; 32]));
    let options = serde_json::to_value(request_options(&rp, &policy, &challenge, None)).unwrap();
    let expected = json!({ "publicKey": {
        "challenge": b64(&[1; 32]), "timeout": 60_000, "rpId": "example.org", "userVerification": "required",
    }});
    assert_eq!(options, expected);
    let id = CredentialId::new(vec![5; 16]).unwrap();
    let options = serde_json::to_value(request_options(&rp, &policy, &challenge, Some(&[id]))).unwrap();
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
        let options = creation_options(&relying_party(), &policy, algorithms, &user("a"), &challenge, &[]);
        options.public_key.pub_key_cred_params.iter().map(|param| param.alg).collect::<Vec<_>>()
    };
    assert_eq!(offered(CoseAlgorithm::DEFAULT), [-8, -7, -257, -35, -36]);
    assert_eq!(offered(&[CoseAlgorithm::MlDsa65, CoseAlgorithm::Es256]), [-49, -7]);
}
