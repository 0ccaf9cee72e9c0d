//! Verification of registrations (WebAuthn §7.1) and assertions (§7.2).

use aws_lc_rs::digest;
use doorward_shared::{
    AttestationTrust, CoseAlgorithm, ErrorCode, Timestamp,
    config::{BackupEligibilityChange, CounterPolicy, UserVerification},
    refusal::{Check, RefusalDetail},
};
use uuid::Uuid;
use webauthn_rs_core::error::WebauthnError;

pub use super::error::VerificationError;
use super::{
    auth_data::{AttestedCredential, AuthData, AuthenticatorExtensions},
    cose::{self, PublicKey},
    parse::{ParsedAssertion, ParsedRegistration},
    rp_id,
    statement::Verdict,
    trust, webauthn_rs,
};
use crate::domain::{
    CeremonyState, CertificateKeyId, ChallengeValue, Credential, CredentialId, KeptAttestation, Metadata,
    credential::id_start,
};

/// Reason for rejecting an assertion whose credential is no longer eligible for backup.
pub const BACKUP_DOWNGRADED: &str = "the credential was eligible for backup, and the authenticator now denies it";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedRegistration {
    pub credential_id: CredentialId,
    /// Public key in canonical COSE encoding, without unknown members.
    pub public_key: Vec<u8>,
    pub algorithm: CoseAlgorithm,
    /// Format that the attestation object names (WebAuthn §8), even if the statement was not verified.
    pub attestation_format: String,
    pub attestation_trust: AttestationTrust,
    /// Key identifier of the attestation certificate, only for the format `fido-u2f`.
    pub attestation_key_id: Option<CertificateKeyId>,
    /// The attestation, so that it can be judged again. `None` for the format `none` and for objects of more than
    /// [`KeptAttestation::MAX_BYTES`].
    pub kept: Option<KeptAttestation>,
    pub aaguid: Uuid,
    pub sign_count: u32,
    pub transports: Vec<String>,
    pub backup_eligible: bool,
    pub backup_state: bool,
    /// Whether the authenticator detected user presence. This is `false` only in automatic passkey upgrades.
    pub user_present: bool,
    pub user_verified: bool,
    /// Whether the credential is discoverable, as the client reported it; `None` without a report. The report is not
    /// signed.
    pub discoverable: Option<bool>,
    pub extensions: AuthenticatorExtensions,
}

impl VerifiedRegistration {
    /// Returns whether the attestation statement was verified.
    pub fn attested(&self) -> bool {
        self.attestation_trust != AttestationTrust::None
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedAssertion {
    pub sign_count: u32,
    pub user_verified: bool,
    pub backup_eligible: bool,
    pub backup_state: bool,
    /// Whether the credential has become eligible for backup since its last use.
    pub backup_upgraded: bool,
    /// Whether the counter regressed and the tenant's policy accepts this (see [`check_counter`]).
    pub counter_regressed: bool,
}

/// Verifies a registration against the state of its ceremony, and judges its attestation with the metadata.
pub fn verify_registration(
    state: &CeremonyState,
    challenge: &ChallengeValue,
    parsed: &ParsedRegistration,
    metadata: &Metadata,
    now: Timestamp,
) -> Result<VerifiedRegistration, VerificationError> {
    let origin = parsed.client_data.check("webauthn.create", challenge, state)?;
    let auth_data = &parsed.attestation.auth_data;
    check_auth_data(state, auth_data)?;
    let attested = auth_data
        .attested
        .as_ref()
        .ok_or_else(|| VerificationError::malformed("the authenticator data contains no new credential"))?;
    if attested.credential_id != parsed.credential_id.as_bytes() {
        return Err(VerificationError::malformed("rawId differs from the credential id in the authenticator data"));
    }
    let excluded = state.credentials.as_deref().is_some_and(|excluded| lists(excluded, &parsed.credential_id));
    VerificationError::ensure(!excluded, ErrorCode::CredentialExists, "the credential is already registered", || {
        RefusalDetail::new(Check::CredentialNew).received(parsed.credential_id.start())
    })?;
    let (key, public_key) = cose::canonical_key(&attested.public_key)?;
    let offered = state.algorithms.contains(&key.algorithm);
    let reason = "the tenant does not accept the algorithm of the public key";
    VerificationError::ensure(offered, ErrorCode::AlgorithmUnsupported, reason, || {
        let accepted = state.algorithms.iter().map(|algorithm| algorithm.as_str());
        RefusalDetail::new(Check::Algorithm).expected(accepted).received(key.algorithm.as_str())
    })?;
    let verdict = verify_statement(state, challenge, parsed, attested, &key, origin)?;
    let judgement = trust::judge(&parsed.attestation.format, attested.aaguid, &verdict, metadata, now);
    let kept = keep(parsed);
    Ok(VerifiedRegistration {
        credential_id: parsed.credential_id.clone(),
        public_key,
        algorithm: key.algorithm,
        attestation_format: parsed.attestation.format.clone(),
        attestation_trust: if kept.is_none() { without_proof(judgement.trust) } else { judgement.trust },
        attestation_key_id: judgement.key_id,
        kept,
        aaguid: attested.aaguid,
        sign_count: auth_data.sign_count,
        transports: parsed.transports().to_vec(),
        backup_eligible: auth_data.backup_eligible(),
        backup_state: auth_data.backup_state(),
        user_present: auth_data.user_present(),
        user_verified: auth_data.user_verified(),
        discoverable: parsed.discoverable(),
        extensions: auth_data.extensions,
    })
}

/// Returns the attestation in the form in which it is stored; `None` if it is not kept.
fn keep(parsed: &ParsedRegistration) -> Option<KeptAttestation> {
    let object = parsed.attestation.encode();
    let is_kept = parsed.attestation.format != "none" && object.len() <= KeptAttestation::MAX_BYTES;
    let hash = || digest::digest(&digest::SHA256, &parsed.client_data_json).as_ref().to_vec();
    is_kept.then(|| KeptAttestation { object, client_data_hash: hash() })
}

/// Returns the trust in an attestation that is too large to be kept. Such an attestation does not prove the model:
/// newer metadata could never change its trust, because only kept attestations are judged again. A client can make any
/// attestation too large, for example with an unknown member.
const fn without_proof(trust: AttestationTrust) -> AttestationTrust {
    match trust {
        AttestationTrust::Chain => AttestationTrust::UnknownIssuer,
        other => other,
    }
}

/// Verifies the attestation statement. If webauthn-rs supports the statement, webauthn-rs must also accept it.
fn verify_statement<'a>(
    state: &CeremonyState,
    challenge: &ChallengeValue,
    parsed: &'a ParsedRegistration,
    credential: &AttestedCredential,
    key: &PublicKey,
    origin: url::Url,
) -> Result<Verdict<'a>, VerificationError> {
    let attestation = &parsed.attestation;
    let client_data_hash = digest::digest(&digest::SHA256, &parsed.client_data_json);
    let verdict = attestation.verify_statement(credential, key, client_data_hash.as_ref())?;
    if verdict != Verdict::Unverified && attestation.is_known_to_webauthn_rs(key) {
        ask_webauthn_rs(state, challenge, parsed, origin)?;
    }
    Ok(verdict)
}

/// Verifies the attestation statement with webauthn-rs. Also accepts registrations that webauthn-rs cannot parse.
fn ask_webauthn_rs(
    state: &CeremonyState,
    challenge: &ChallengeValue,
    parsed: &ParsedRegistration,
    origin: url::Url,
) -> Result<(), VerificationError> {
    let attestation = &parsed.attestation;
    let register = |object| webauthn_rs::register(state, challenge, parsed, origin.clone(), object);
    match register(attestation.encode()) {
        Ok(()) => Ok(()),
        Err(WebauthnError::AttestationStatementX5CInvalid) if attestation.is_android_key_with_unknown_description() => {
            Ok(())
        }
        // webauthn-rs rejects the registration even without its statement. The cause is therefore another part of the
        // registration that webauthn-rs cannot parse, such as `tokenBinding` or an extension output.
        Err(_) if register(attestation.encode_without_statement()).is_err() => Ok(()),
        Err(error) => Err(webauthn_rs::attestation_error(&error).of_format(&attestation.format)),
    }
}

/// Verifies an assertion of `credential` against the state of its ceremony. The caller checks the user handle.
///
/// # Errors
/// The [`VerificationError`] of the first failed check. The counter is checked after the signature, because otherwise
/// anybody could make a credential look cloned.
pub fn verify_assertion(
    state: &CeremonyState,
    challenge: &ChallengeValue,
    credential: &Credential,
    parsed: &ParsedAssertion,
) -> Result<VerifiedAssertion, VerificationError> {
    let listed = state.credentials.as_deref().is_none_or(|allowed| lists(allowed, &parsed.credential_id));
    let is_allowed = listed && credential.id == parsed.credential_id;
    let reason = "the credential is not allowed in this ceremony";
    VerificationError::ensure(is_allowed, ErrorCode::CredentialNotAllowed, reason, || {
        let allowed = state.credentials.iter().flatten().map(|id| id_start(id.as_bytes()));
        RefusalDetail::new(Check::CredentialListed).expected(allowed).received(parsed.credential_id.start())
    })?;
    parsed.client_data.check("webauthn.get", challenge, state)?;
    let auth_data = &parsed.auth_data;
    check_auth_data(state, auth_data)?;
    let downgraded = credential.backup_eligible && !auth_data.backup_eligible();
    VerificationError::ensure(!downgraded, ErrorCode::BackupStateInvalid, BACKUP_DOWNGRADED, backup_downgraded)?;
    let upgraded = auth_data.backup_eligible() && !credential.backup_eligible;
    let refused = upgraded && state.backup_eligibility_change == BackupEligibilityChange::Refuse;
    let reason = "the credential was not eligible for backup, and the tenant does not allow this to change";
    VerificationError::ensure(!refused, ErrorCode::BackupStateInvalid, reason, || {
        RefusalDetail::new(Check::BackupEligibility).expected(["BE = 0"]).received("BE = 1")
    })?;
    let signed = cose::parse_key(&credential.public_key)?.verifies(&parsed.signed_bytes(), &parsed.signature);
    let reason = "the signature is not valid for the credential's public key";
    VerificationError::ensure(signed, ErrorCode::SignatureInvalid, reason, || {
        let algorithm = credential.algorithm;
        RefusalDetail::new(Check::Signature)
            .expected([format!("a signature by the {algorithm} key of the credential")])
            .received(format!("another signature of {} bytes", parsed.signature.len()))
    })?;
    let reason = "the signature counter did not increase: the authenticator may have been cloned";
    let counter_regressed = check_counter(state.counter_policy, credential, auth_data.sign_count, reason)?;
    Ok(VerifiedAssertion {
        sign_count: auth_data.sign_count,
        user_verified: auth_data.user_verified(),
        backup_eligible: auth_data.backup_eligible(),
        backup_state: auth_data.backup_state(),
        backup_upgraded: upgraded,
        counter_regressed,
    })
}

/// Checks that a signature counter is greater than the stored one, or that both are zero because the authenticator has
/// no counter (WebAuthn §6.1.1). Returns whether the counter regressed and the policy accepts this.
///
/// # Errors
/// [`ErrorCode::CounterRegression`] with `reason` if the counter regressed and the policy does not accept this.
pub fn check_counter(
    policy: CounterPolicy,
    credential: &Credential,
    sent: u32,
    reason: &str,
) -> Result<bool, VerificationError> {
    let stored = credential.sign_count;
    let advances = sent > stored || (sent == 0 && stored == 0);
    // The stored flag BE is used, because the holder of a copied key can sign authenticator data with any flags.
    let is_accepted = policy == CounterPolicy::Record && credential.backup_eligible;
    VerificationError::ensure(advances || is_accepted, ErrorCode::CounterRegression, reason, || {
        counter_regressed(stored, sent)
    })?;
    Ok(!advances)
}

/// Returns the refusal detail for an assertion whose counter is not greater than the stored counter.
pub fn counter_regressed(stored: u32, sent: u32) -> RefusalDetail {
    RefusalDetail::new(Check::SignatureCounter).expected([format!("more than {stored}")]).received(sent.to_string())
}

/// Returns the refusal detail for an assertion whose credential is no longer eligible for backup.
pub fn backup_downgraded() -> RefusalDetail {
    RefusalDetail::new(Check::BackupEligibility).expected(["BE = 1"]).received("BE = 0")
}

/// Performs the checks of authenticator data that registrations and assertions share.
fn check_auth_data(state: &CeremonyState, auth_data: &AuthData) -> Result<(), VerificationError> {
    let rp_id = &state.rp_id;
    if digest::digest(&digest::SHA256, rp_id.as_bytes()).as_ref() != auth_data.rp_id_hash {
        return Err(VerificationError::new(
            ErrorCode::RpIdMismatch,
            format!("the authenticator data is for another relying party than {rp_id}"),
            RefusalDetail::new(Check::RpId)
                .expected([rp_id])
                .received(rp_id::describe_hash(&auth_data.rp_id_hash, &state.origins)),
        ));
    }
    let reason = "the authenticator did not detect a user";
    let present = auth_data.user_present() || state.conditional;
    VerificationError::ensure(present, ErrorCode::UserPresenceMissing, reason, || {
        RefusalDetail::new(Check::UserPresence).expected(["UP = 1"]).received("UP = 0")
    })?;
    let unverified = state.user_verification == UserVerification::Required && !auth_data.user_verified();
    let reason = "user verification is required, but the authenticator did not verify the user";
    VerificationError::ensure(!unverified, ErrorCode::UserVerificationMissing, reason, || {
        RefusalDetail::new(Check::UserVerification).expected(["UV = 1"]).received("UV = 0")
    })?;
    let backed_up_only = auth_data.backup_state() && !auth_data.backup_eligible();
    let reason = "the credential is marked as backed up, but not as eligible for backup";
    VerificationError::ensure(!backed_up_only, ErrorCode::BackupStateInvalid, reason, || {
        RefusalDetail::new(Check::BackupFlags).expected(["BE = 1, BS = 1", "BS = 0"]).received("BE = 0, BS = 1")
    })
}

fn lists(credentials: &[doorward_shared::Base64Url], id: &CredentialId) -> bool {
    credentials.iter().any(|listed| listed.as_bytes() == id.as_bytes())
}
