//! Verifies registrations with webauthn-rs and maps its errors.

use std::time::Duration;

use doorward_shared::{Base64Url, ErrorCode, config::UserVerification};
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
    let rp = &state.relying_party;
    // webauthn-rs uses the timeout only in its own options, which Doorward does not use.
    WebauthnCore::new_unsafe_experts_only(&rp.name, &rp.id, vec![origin], Duration::ZERO, Some(false), Some(false))
}

const fn policy_name(state: &CeremonyState) -> &'static str {
    match state.policy.user_verification {
        UserVerification::Required => "required",
        UserVerification::Preferred | UserVerification::Discouraged => "preferred",
    }
}

/// Verifies a registration. `attestation_object` may contain a different statement than the one that was sent.
pub(super) fn register(
    state: &CeremonyState,
    challenge: &ChallengeValue,
    parsed: &ParsedRegistration,
    origin: Url,
    attestation_object: Vec<u8>,
) -> Result<(), WebauthnError> {
    // The state has no constructor that takes a challenge, so it is deserialised. None of these texts needs escaping.
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

/// Maps an error of webauthn-rs. Most checks were already made, so it usually concerns the attestation statement.
pub(super) fn verification_error(error: &WebauthnError) -> VerificationError {
    use WebauthnError as E;
    let (code, reason) = match error {
        E::InvalidClientDataType => (ErrorCode::ClientDataTypeMismatch, "the client data has another type"),
        E::MismatchedChallenge => (ErrorCode::ChallengeUnknown, "the client data contains another challenge"),
        E::InvalidRPOrigin => (ErrorCode::OriginMismatch, "the origin is not one of the relying party's"),
        E::CredentialCrossOrigin => (ErrorCode::CrossOrigin, "the ceremony ran in a frame of another origin"),
        E::InvalidRPIDHash => (ErrorCode::RpIdMismatch, "the authenticator data is for another relying party"),
        E::UserNotPresent => (ErrorCode::UserPresenceMissing, "the authenticator did not detect a user"),
        E::UserNotVerified => (ErrorCode::UserVerificationMissing, "the authenticator did not verify the user"),
        E::CredentialBackupEligibilityInconsistent | E::CredentialMayNotBeHardwareBound => {
            (ErrorCode::BackupStateInvalid, "the backup flags contradict each other")
        }
        E::CredentialAlteredAlgFromRequest | E::RsaParametersInvalid | E::COSEKeyRSANEInvalid => (ErrorCode::AlgorithmUnsupported, "the credential's algorithm cannot be verified"),
        E::AttestationStatementSigInvalid => {
            (ErrorCode::AttestationInvalid, "the signature of the attestation statement is not valid")
        }
        E::AttestationCertificateAAGUIDMismatch => {
            (ErrorCode::AttestationInvalid, "the attestation certificate is for another authenticator model")
        }
        E::AttestationCertificateNonceMismatch => {
            (ErrorCode::AttestationInvalid, "the attestation certificate is for another registration")
        }
        E::AttestationCredentialSubjectKeyMismatch => {
            (ErrorCode::AttestationInvalid, "the attestation certificate is for another public key")
        }
        E::AttestationCertificateRequirementsNotMet => (
            ErrorCode::AttestationInvalid,
            "the subject, version or extensions of the attestation certificate violate WebAuthn §8.2.1",
        ),
        E::AttestationStatementAlgMismatch | E::AttestationStatementAlgInvalid => {
            (ErrorCode::AttestationInvalid, "the attestation statement and the public key have different algorithms")
        }
        E::AttestationStatementMapInvalid
        | E::AttestationStatementResponseMissing
        | E::AttestationStatementResponseInvalid
        | E::AttestationStatementSigMissing
        | E::AttestationStatementX5CMissing
        | E::AttestationStatementX5CInvalid
        | E::AttestationStatementAlgMissing
        | E::AttestationStatementMissingExtension
        | E::AttestationNotSupported
        // The credential's key is already parsed, so these errors concern the attestation statement.
        | E::COSEKeyInvalidAlgorithm
        | E::COSEKeyInvalidCBORValue
        | E::COSEKeyInvalidType
        | E::CertificatePublicKeyInvalid
        | E::CertificatePublicKeyAlgorthimMismatch
        | E::X509DerInvalid => {
            (ErrorCode::AttestationInvalid, "the attestation statement has a missing or invalid member")
        }
        E::EcdsaPointInvalid | E::COSEKeyECDSAXYInvalid => {
            (ErrorCode::CredentialMalformed, "the public key is not a point on its curve")
        }
        _ => (ErrorCode::CredentialMalformed, "the response does not have the structure that WebAuthn requires"),
    };
    VerificationError::new(code, reason)
}
