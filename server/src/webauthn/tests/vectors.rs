//! The test vectors of the WebAuthn Level 3 specification. Each test registers the credential of a vector and then uses
//! it for a login.

use doorward_shared::{Timestamp, config::UserVerification};
use doorward_testkit::reference_verifier::{self, Expected, StoredCredential};
use serde::Deserialize;

use super::fixture::{ORIGIN, RP_ID, assertion_body, registration_body, state, stored};
use crate::{
    domain::{CeremonyState, ChallengeValue, Metadata},
    webauthn::{
        Malformed, VerificationError, VerifiedRegistration, parse_assertion, parse_registration, verify_assertion,
        verify_registration,
    },
};

#[derive(Clone, Deserialize)]
struct Vectors {
    vectors: Vec<Vector>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Vector {
    pub(super) name: String,
    pub(super) registration: Registration,
    authentication: Authentication,
}

#[derive(Clone, Deserialize)]
pub(super) struct Registration {
    challenge: Hex,
    aaguid: Hex,
    credential_id: Hex,
    #[serde(rename = "clientDataJSON")]
    pub(super) client_data_json: Hex,
    #[serde(rename = "attestationObject")]
    pub(super) attestation_object: Hex,
}

#[derive(Clone, Deserialize)]
pub(super) struct Authentication {
    challenge: Hex,
    #[serde(rename = "authenticatorData")]
    authenticator_data: Hex,
    #[serde(rename = "clientDataJSON")]
    client_data_json: Hex,
    signature: Hex,
}

#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Hex(pub(super) Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16));
        digits.collect::<Result<_, _>>().map(Self)
    }
}

pub(super) fn all() -> Vec<Vector> {
    serde_json::from_str::<Vectors>(include_str!("vectors.json")).unwrap().vectors
}

pub(super) fn register(vector: &Vector) -> Result<VerifiedRegistration, VerificationError> {
    try_register(vector).unwrap()
}

pub(super) fn try_register(vector: &Vector) -> Result<Result<VerifiedRegistration, VerificationError>, Malformed> {
    let Registration { challenge, credential_id, client_data_json, attestation_object, .. } = &vector.registration;
    let body = registration_body(&credential_id.0, &client_data_json.0, &attestation_object.0).to_string();
    let parsed = parse_registration(body.as_bytes())?;
    let challenge = ChallengeValue(challenge.0.clone());
    Ok(verify_registration(&policy(), &challenge, &parsed, &Metadata::default(), Timestamp::from_millis(0)))
}

/// Returns the ceremony state of a tenant that allows the vectors' top origin to contain its pages in a frame.
fn policy() -> CeremonyState {
    CeremonyState { top_origins: vec!["https://example.com".to_owned()], ..state(UserVerification::Preferred) }
}

/// Registers the credential of a vector and logs in with it. Returns the two results in the words of docs/webauthn.md.
fn outcome(vector: &Vector) -> (String, String) {
    let registration = match register(vector) {
        Ok(registration) => registration,
        Err(error) => return (format!("refused: `{}`", error.code), "—".to_owned()),
    };
    let id = &vector.registration.credential_id.0;
    assert_eq!(registration.credential_id.as_bytes(), id);
    assert_eq!(registration.aaguid.as_bytes().as_slice(), vector.registration.aaguid.0);
    let attested = if registration.attested() { "attested" } else { "not attested" };
    let registered = format!("accepted, `{}`, {attested}", registration.attestation_format);

    let Authentication { challenge, authenticator_data, client_data_json, signature } = &vector.authentication;
    let body = assertion_body(id, &client_data_json.0, &authenticator_data.0, &signature.0).to_string();
    let parsed = parse_assertion(body.as_bytes()).unwrap();
    let challenge = ChallengeValue(challenge.0.clone());
    let credential = stored(registration);
    let result = verify_assertion(&policy(), &challenge, &credential, &parsed);
    let expected = Expected { rp_id: RP_ID, origin: ORIGIN, challenge: &challenge.0, user_verification: false };
    let stored = StoredCredential { public_key: &credential.public_key, sign_count: credential.sign_count };
    if reference_verifier::supports(&credential.public_key) {
        let reference = reference_verifier::verify(expected, stored, body.as_bytes());
        assert_eq!(result.is_ok(), reference.is_ok(), "{}", vector.name);
    }
    let authenticated = match result {
        Ok(_) => "accepted".to_owned(),
        Err(error) => format!("refused: `{}`", error.code),
    };
    (registered, authenticated)
}

/// docs/webauthn.md has one row per vector with the expected results.
#[test]
fn vectors_have_the_documented_results() {
    let document = include_str!("../../../../docs/webauthn.md");
    let vectors = all();
    assert_eq!(vectors.len(), 15);
    for vector in &vectors {
        let (registered, authenticated) = outcome(vector);
        let row = format!("| `{}` | {registered} | {authenticated} |", vector.name);
        assert!(document.contains(&row), "docs/webauthn.md has no such row:\n{row}");
    }
}
