//! The judgement: registrations (WebAuthn §7.1) and assertions (§7.2).

use aws_lc_rs::digest;
use doorward_shared::{ErrorCode, config::UserVerification};
use uuid::Uuid;
use webauthn_rs_core::error::WebauthnError;

pub use super::error::VerificationError;
use super::{
    attestation::Judgement,
    auth_data::AuthData,
    cose,
    parse::{ParsedAssertion, ParsedRegistration},
    webauthn_rs,
};
use crate::domain::{CeremonyState, ChallengeValue, Credential, CredentialId};

/// Reason for rejecting an assertion whose backup eligibility was lost since the registration.
pub const BACKUP_DOWNGRADED: &str = "the credential was eligible for backup, and the authenticator now denies it";

/// What a registration that was accepted is worth keeping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedRegistration {
    /// The new credential's id.
    pub credential_id: CredentialId,
    /// The public key, COSE-encoded, as the authenticator sent it.
    pub public_key: Vec<u8>,
    /// The attestation statement's format (WebAuthn §8).
    pub attestation_format: String,
    /// Whether the statement was verified. It says nothing of who issued the attestation certificate.
    pub attested: bool,
    /// The authenticator's model, as it says itself.
    pub aaguid: Uuid,
    /// The signature counter.
    pub sign_count: u32,
    /// How the authenticator can be reached, as the client says.
    pub transports: Vec<String>,
    /// Whether the credential may be backed up.
    pub backup_eligible: bool,
    /// Whether it is.
    pub backup_state: bool,
    /// Whether the authenticator verified its user.
    pub user_verified: bool,
}

/// What an accepted assertion says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedAssertion {
    /// The signature counter, to be stored.
    pub sign_count: u32,
    /// Whether the authenticator verified its user.
    pub user_verified: bool,
    /// Whether the credential may be backed up, to be stored.
    pub backup_eligible: bool,
    /// Whether it is backed up, to be stored.
    pub backup_state: bool,
    /// Whether the credential became eligible for backup since it was last seen.
    pub backup_upgraded: bool,
}

/// Judges a registration against what its first step asked for.
///
/// # Errors
/// [`VerificationError`], with the first check that failed.
pub fn verify_registration(
    state: &CeremonyState,
    challenge: &ChallengeValue,
    parsed: &ParsedRegistration,
) -> Result<VerifiedRegistration, VerificationError> {
    let origin = parsed.client_data.check("webauthn.create", challenge, &state.relying_party)?;
    let auth_data = &parsed.attestation.auth_data;
    check_auth_data(state, auth_data)?;
    let attested = auth_data
        .attested
        .as_ref()
        .ok_or_else(|| VerificationError::malformed("the authenticator data carries no new credential"))?;
    if attested.credential_id != parsed.credential_id.as_bytes() {
        return Err(VerificationError::malformed("rawId is not the credential id in the authenticator data"));
    }
    if state.credentials.as_deref().is_some_and(|excluded| lists(excluded, &parsed.credential_id)) {
        return Err(VerificationError::new(ErrorCode::CredentialExists, "the credential is already registered"));
    }
    cose::read_key(&attested.public_key)?;
    let is_attested = match parsed.attestation.judgement() {
        Judgement::Nothing if parsed.attestation.statement_is_empty() => {
            register_unattested(state, challenge, parsed, origin)?
        }
        Judgement::Nothing => {
            return Err(VerificationError::new(
                ErrorCode::AttestationInvalid,
                "the attestation format is none, and yet there is a statement",
            ));
        }
        Judgement::Recorded => register_unattested(state, challenge, parsed, origin)?,
        Judgement::Verifiable => {
            match webauthn_rs::register(state, challenge, parsed, origin.clone(), parsed.attestation.encode()) {
                Ok(()) => true,
                Err(WebauthnError::AttestationStatementX5CInvalid)
                    if parsed.attestation.is_android_key_of_unknown_description() =>
                {
                    register_unattested(state, challenge, parsed, origin)?
                }
                Err(error) => return Err(webauthn_rs::verification_error(&error)),
            }
        }
    };
    Ok(VerifiedRegistration {
        credential_id: parsed.credential_id.clone(),
        public_key: attested.public_key.clone(),
        attestation_format: parsed.attestation.format.clone(),
        attested: is_attested,
        aaguid: attested.aaguid,
        sign_count: auth_data.sign_count,
        transports: parsed.transports().to_vec(),
        backup_eligible: auth_data.backup_eligible(),
        backup_state: auth_data.backup_state(),
        user_verified: auth_data.user_verified(),
    })
}

/// Judges a registration whose statement nobody verifies: everything but the statement.
fn register_unattested(
    state: &CeremonyState,
    challenge: &ChallengeValue,
    parsed: &ParsedRegistration,
    origin: url::Url,
) -> Result<bool, VerificationError> {
    webauthn_rs::register(state, challenge, parsed, origin, parsed.attestation.encode_without_statement())
        .map(|()| false)
        .map_err(|error| webauthn_rs::verification_error(&error))
}

/// Judges an assertion of `credential` against what its first step asked for. Whether the user handle is the
/// credential's owner's is the caller's to check.
///
/// # Errors
/// [`VerificationError`], with the first check that failed. The counter is looked at only after the signature, so that nobody
/// but the key's holder can make a credential look cloned.
pub fn verify_assertion(
    state: &CeremonyState,
    challenge: &ChallengeValue,
    credential: &Credential,
    parsed: &ParsedAssertion,
) -> Result<VerifiedAssertion, VerificationError> {
    let listed = state.credentials.as_deref().is_none_or(|allowed| lists(allowed, &parsed.credential_id));
    if !listed || credential.id != parsed.credential_id {
        return Err(VerificationError::new(
            ErrorCode::CredentialNotAllowed,
            "the credential is not one of those this ceremony accepts",
        ));
    }
    parsed.client_data.check("webauthn.get", challenge, &state.relying_party)?;
    let auth_data = &parsed.auth_data;
    check_auth_data(state, auth_data)?;
    if credential.backup_eligible && !auth_data.backup_eligible() {
        return Err(VerificationError::new(ErrorCode::BackupStateInvalid, BACKUP_DOWNGRADED));
    }
    if !cose::read_key(&credential.public_key)?.verifies(&parsed.signed(), &parsed.signature) {
        return Err(VerificationError::new(
            ErrorCode::SignatureInvalid,
            "the signature does not verify with the credential's public key",
        ));
    }
    if !counter_advances(credential.sign_count, auth_data.sign_count) {
        return Err(VerificationError::new(
            ErrorCode::CounterRegression,
            "the signature counter did not advance: the authenticator may have been cloned",
        ));
    }
    Ok(VerifiedAssertion {
        sign_count: auth_data.sign_count,
        user_verified: auth_data.user_verified(),
        backup_eligible: auth_data.backup_eligible(),
        backup_state: auth_data.backup_state(),
        backup_upgraded: auth_data.backup_eligible() && !credential.backup_eligible,
    })
}

/// Whether a signature counter may follow the stored one: it must be greater, unless the authenticator has none and says
/// zero for ever (WebAuthn §6.1.1).
#[must_use]
pub const fn counter_advances(stored: u32, sent: u32) -> bool {
    sent > stored || (sent == 0 && stored == 0)
}

/// What holds for both ceremonies.
fn check_auth_data(state: &CeremonyState, auth_data: &AuthData) -> Result<(), VerificationError> {
    let rp_id = &state.relying_party.id;
    if digest::digest(&digest::SHA256, rp_id.as_bytes()).as_ref() != auth_data.rp_id_hash {
        return Err(VerificationError::new(
            ErrorCode::RpIdMismatch,
            format!("the authenticator answered for another relying party than {rp_id}"),
        ));
    }
    if !auth_data.user_present() {
        return Err(VerificationError::new(ErrorCode::UserPresenceMissing, "the authenticator saw no user"));
    }
    if state.policy.user_verification == UserVerification::Required && !auth_data.user_verified() {
        return Err(VerificationError::new(
            ErrorCode::UserVerificationMissing,
            "user verification is required, and the authenticator did not verify its user",
        ));
    }
    if auth_data.backup_state() && !auth_data.backup_eligible() {
        return Err(VerificationError::new(
            ErrorCode::BackupStateInvalid,
            "the credential says it is backed up, but not that it may be",
        ));
    }
    Ok(())
}

fn lists(credentials: &[doorward_shared::Base64Url], id: &CredentialId) -> bool {
    credentials.iter().any(|listed| listed.as_bytes() == id.as_bytes())
}
