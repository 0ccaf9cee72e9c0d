//! webauthn-rs itself: how it is called to judge registrations, and what its errors mean.

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

/// A relying party of one origin: the one the client data names, which was found among the tenant's.
fn core(state: &CeremonyState, origin: Url) -> WebauthnCore {
    let rp = &state.relying_party;
    // The timeout only ever reaches options that webauthn-rs makes, and Doorward makes its own.
    WebauthnCore::new_unsafe_experts_only(&rp.name, &rp.id, vec![origin], Duration::ZERO, Some(false), Some(false))
}

const fn policy_word(state: &CeremonyState) -> &'static str {
    match state.policy.user_verification {
        UserVerification::Required => "required",
        UserVerification::Preferred | UserVerification::Discouraged => "preferred",
    }
}

/// Has a registration judged. `attestation_object` may differ from the one that was sent, in its statement only.
pub(super) fn register(
    state: &CeremonyState,
    challenge: &ChallengeValue,
    parsed: &ParsedRegistration,
    origin: Url,
    attestation_object: Vec<u8>,
) -> Result<(), WebauthnError> {
    // States have no constructor; their serialised form takes a challenge of one's own. No text here needs escaping.
    let state_of_library: RegistrationState = serde_json::from_str(&format!(
        r#"{{"policy":"{}","exclude_credentials":[],"challenge":"{}","credential_algorithms":["ES256","ES384","RS256"],
            "require_resident_key":false,"authenticator_attachment":null,"extensions":{{}},
            "allow_synchronised_authenticators":true}}"#,
        policy_word(state),
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
    core(state, origin).register_credential(&response, &state_of_library, None).map(|_| ())
}

/// Says in Doorward's words why webauthn-rs refused. Most of it was checked before; what remains is the inside of
/// attestation statements.
pub(super) fn verification_error(error: &WebauthnError) -> VerificationError {
    use WebauthnError as E;
    let (code, reason) = match error {
        E::InvalidClientDataType => (ErrorCode::ClientDataTypeMismatch, "the client data is of another type"),
        E::MismatchedChallenge => (ErrorCode::ChallengeUnknown, "the client data names another challenge"),
        E::InvalidRPOrigin => (ErrorCode::OriginMismatch, "the origin is none of the relying party's"),
        E::CredentialCrossOrigin => (ErrorCode::CrossOrigin, "the ceremony ran in a frame of another origin"),
        E::InvalidRPIDHash => (ErrorCode::RpIdMismatch, "the authenticator answered for another relying party"),
        E::UserNotPresent => (ErrorCode::UserPresenceMissing, "the authenticator saw no user"),
        E::UserNotVerified => (ErrorCode::UserVerificationMissing, "the authenticator did not verify its user"),
        E::CredentialBackupEligibilityInconsistent | E::CredentialMayNotBeHardwareBound => {
            (ErrorCode::BackupStateInvalid, "the backup flags contradict each other")
        }
        E::CredentialAlteredAlgFromRequest | E::RsaParametersInvalid | E::COSEKeyRSANEInvalid => (ErrorCode::AlgorithmUnsupported, "the credential's algorithm cannot be verified"),
        E::AttestationStatementSigInvalid => {
            (ErrorCode::AttestationInvalid, "the attestation statement's signature does not verify")
        }
        E::AttestationCertificateAAGUIDMismatch => {
            (ErrorCode::AttestationInvalid, "the attestation certificate names another model of authenticator")
        }
        E::AttestationCertificateNonceMismatch => {
            (ErrorCode::AttestationInvalid, "the attestation certificate was made for another registration")
        }
        E::AttestationCredentialSubjectKeyMismatch => {
            (ErrorCode::AttestationInvalid, "the attestation certificate is for another public key")
        }
        E::AttestationCertificateRequirementsNotMet => (
            ErrorCode::AttestationInvalid,
            "the attestation certificate lacks what WebAuthn §8.2.1 demands of its subject, version or extensions",
        ),
        E::AttestationStatementAlgMismatch | E::AttestationStatementAlgInvalid => {
            (ErrorCode::AttestationInvalid, "the attestation statement names another algorithm than the public key")
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
        // The credential's own key was read before; these speak of the statement's algorithm, signature or certificate.
        | E::COSEKeyInvalidAlgorithm
        | E::COSEKeyInvalidCBORValue
        | E::COSEKeyInvalidType
        | E::CertificatePublicKeyInvalid
        | E::CertificatePublicKeyAlgorthimMismatch
        | E::X509DerInvalid => {
            (ErrorCode::AttestationInvalid, "the attestation statement lacks a part, or has a broken one")
        }
        E::EcdsaPointInvalid | E::COSEKeyECDSAXYInvalid => {
            (ErrorCode::CredentialMalformed, "the public key is no point of its curve")
        }
        _ => (ErrorCode::CredentialMalformed, "the response does not have the structure WebAuthn gives it"),
    };
    VerificationError::new(code, reason)
}
