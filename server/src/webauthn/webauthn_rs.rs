//! Verifies attestation statements with webauthn-rs and maps the errors of webauthn-rs to Doorward's.

use std::time::Duration;

use doorward_shared::{Base64Url, config::UserVerification};
use url::Url;
use webauthn_rs_core::{
    WebauthnCore,
    error::WebauthnError,
    proto::{
        AuthenticatorAttestationResponseRaw, RegisterPublicKeyCredential, RegistrationExtensionsClientOutputs,
        RegistrationState,
    },
};

use super::{error::VerificationError, parse::ParsedRegistration};
use crate::domain::{CeremonyState, ChallengeValue};

/// Creates a relying party with one origin: the origin of the client data, which is already checked.
fn core(state: &CeremonyState, origin: Url) -> WebauthnCore {
    // webauthn-rs uses the timeout only in the options that it creates for clients. Doorward creates these options
    // itself.
    WebauthnCore::new_unsafe_experts_only("", &state.rp_id, vec![origin], Duration::ZERO, Some(false), Some(false))
}

const fn policy_name(state: &CeremonyState) -> &'static str {
    match state.user_verification {
        UserVerification::Required => "required",
        UserVerification::Preferred | UserVerification::Discouraged => "preferred",
    }
}

/// Verifies a registration. `attestation_object` may contain a statement other than the statement in the request.
pub(super) fn register(
    state: &CeremonyState,
    challenge: &ChallengeValue,
    parsed: &ParsedRegistration,
    origin: Url,
    attestation_object: Vec<u8>,
) -> Result<(), WebauthnError> {
    // `RegistrationState` has no constructor that takes a challenge, so it is deserialised. The inserted texts need no
    // escaping.
    let registration_state: RegistrationState = serde_json::from_str(&format!(
        r#"{{"policy":"{}","exclude_credentials":[],"challenge":"{}","credential_algorithms":["ES256","ES384","RS256"],
            "require_resident_key":false,"authenticator_attachment":null,"extensions":{{}},
            "allow_synchronised_authenticators":true}}"#,
        policy_name(state),
        Base64Url::encode(&challenge.0),
    ))
    .map_err(WebauthnError::ParseJSONFailure)?;
    let response = RegisterPublicKeyCredential {
        id: String::new(),
        raw_id: parsed.credential_id.as_bytes().to_vec(),
        response: AuthenticatorAttestationResponseRaw {
            attestation_object,
            client_data_json: parsed.client_data_json.clone(),
            transports: None,
        },
        type_: String::new(),
        extensions: RegistrationExtensionsClientOutputs::default(),
    };
    core(state, origin).register_credential(&response, &registration_state, None).map(|_| ())
}

/// Returns Doorward's error for an attestation statement that webauthn-rs rejected.
pub(super) fn attestation_error(error: &WebauthnError) -> VerificationError {
    use WebauthnError as E;
    let reason = match error {
        E::AttestationStatementSigInvalid => "the signature of the attestation statement is not valid",
        E::AttestationCertificateAAGUIDMismatch => "the attestation certificate is for another authenticator model",
        E::AttestationCertificateNonceMismatch => "the attestation certificate is for another registration",
        E::AttestationCredentialSubjectKeyMismatch => "the attestation certificate is for another public key",
        E::AttestationCertificateRequirementsNotMet => {
            "the subject, version or extensions of the attestation certificate violate WebAuthn §8.2.1"
        }
        E::AttestationStatementAlgMismatch | E::AttestationStatementAlgInvalid => {
            "the attestation statement and the public key have different algorithms"
        }
        _ => "the attestation statement has a missing or invalid member",
    };
    VerificationError::statement(reason)
}
