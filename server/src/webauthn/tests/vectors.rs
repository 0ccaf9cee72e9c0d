//! The test vectors of the WebAuthn Level 3 specification, end to end: registration, then authentication.

use doorward_shared::config::UserVerification;
use serde::Deserialize;

use super::fixture::{assertion_body, registration_body, state, stored};
use crate::{
    domain::ChallengeValue,
    webauthn::{parse_assertion, parse_registration, verify_assertion, verify_registration},
};

#[derive(Deserialize)]
struct Vectors {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    name: String,
    registration: Registration,
    authentication: Authentication,
}

#[derive(Deserialize)]
struct Registration {
    challenge: Hex,
    aaguid: Hex,
    credential_id: Hex,
    #[serde(rename = "clientDataJSON")]
    client_data_json: Hex,
    #[serde(rename = "attestationObject")]
    attestation_object: Hex,
}

#[derive(Deserialize)]
struct Authentication {
    challenge: Hex,
    #[serde(rename = "authenticatorData")]
    authenticator_data: Hex,
    #[serde(rename = "clientDataJSON")]
    client_data_json: Hex,
    signature: Hex,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Hex(Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16));
        digits.collect::<Result<_, _>>().map(Self)
    }
}

/// Runs a vector; says what became of its registration and of its authentication, in the words of docs/webauthn.md.
fn outcome(vector: &Vector) -> (String, String) {
    let state = state(UserVerification::Preferred);
    let Registration { challenge, aaguid, credential_id, client_data_json, attestation_object } = &vector.registration;
    let body = registration_body(&credential_id.0, &client_data_json.0, &attestation_object.0).to_string();
    let parsed = match parse_registration(body.as_bytes()) {
        Ok(parsed) => parsed,
        Err(malformed) => return (format!("malformed: {}", malformed.reason), "—".to_owned()),
    };
    let registration = match verify_registration(&state, &ChallengeValue(challenge.0.clone()), &parsed) {
        Ok(registration) => registration,
        Err(refusal) => return (format!("refused: `{}`", refusal.code.as_str()), "—".to_owned()),
    };
    assert_eq!(registration.credential_id.as_bytes(), credential_id.0);
    assert_eq!(registration.aaguid.as_bytes().as_slice(), aaguid.0);
    let attested = if registration.attested { "attested" } else { "not attested" };
    let registered = format!("accepted, `{}`, {attested}", registration.attestation_format);

    let credential = stored(registration);
    let Authentication { challenge, authenticator_data, client_data_json, signature } = &vector.authentication;
    let body = assertion_body(&credential_id.0, &client_data_json.0, &authenticator_data.0, &signature.0).to_string();
    let parsed = parse_assertion(body.as_bytes()).unwrap();
    let authenticated = match verify_assertion(&state, &ChallengeValue(challenge.0.clone()), &credential, &parsed) {
        Ok(_) => "accepted".to_owned(),
        Err(refusal) => format!("refused: `{}`", refusal.code.as_str()),
    };
    (registered, authenticated)
}

#[test]
fn each_vector_ends_as_documented() {
    let Vectors { vectors } = serde_json::from_str(include_str!("vectors.json")).unwrap();
    for vector in &vectors {
        let (registered, authenticated) = outcome(vector);
        println!("| {} | {registered} | {authenticated} |", vector.name);
    }
}
