//! Judges what an attestation proves, with the metadata of authenticator models (WebAuthn §7.1, trust anchors).
//!
//! The client can send any AAGUID in the authenticator data. The AAGUID is proven only if the metadata of its model
//! contains a root certificate that issued the attestation certificate.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use doorward_shared::{AttestationTrust, Timestamp};
use uuid::Uuid;

use super::{
    attestation::AttestationObject,
    certificate_path, cose,
    statement::{Certificate, Verdict},
};
use crate::domain::{CertificateKeyId, KeptAttestation, Metadata, metadata::AuthenticatorMetadata};

/// What an attestation proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) trust: AttestationTrust,
    /// Key identifier of the attestation certificate, only for the format `fido-u2f`.
    pub(super) key_id: Option<CertificateKeyId>,
}

/// Judges a statement. `at` is the time of the registration.
pub(super) fn judge(
    format: &str,
    aaguid: Uuid,
    verdict: &Verdict<'_>,
    metadata: &Metadata,
    at: Timestamp,
) -> Judgement {
    let path = match verdict {
        Verdict::Unverified => return Judgement { trust: AttestationTrust::None, key_id: None },
        Verdict::SelfSigned => return Judgement { trust: AttestationTrust::SelfSigned, key_id: None },
        Verdict::Certified(path) => path,
    };
    let leaf = path.first().and_then(|der| Certificate::parse(der).ok());
    // Authenticators that use `fido-u2f` have no AAGUID. Their attestation certificates identify their models.
    let has_aaguid = format != "fido-u2f";
    let key_id = leaf.as_ref().filter(|_| !has_aaguid).and_then(key_id);
    let model = if has_aaguid { metadata.by_aaguid(aaguid) } else { key_id.and_then(|id| metadata.by_key_id(&id)) };
    let is_of_model = !has_aaguid || leaf.as_ref().is_some_and(|leaf| leaf.check_aaguid(&aaguid).is_ok());
    // A certificate that does not state its model must lead to a root certificate that only this model has (§8.2.1).
    // Otherwise, the attestation key of one model could vouch for other models with the same root.
    let must_state_model = format == "packed" && !leaf.is_some_and(|leaf| leaf.states_aaguid());
    let is_issued = |model: &AuthenticatorMetadata| {
        let roots = if must_state_model { model.own_roots() } else { model.roots() };
        certificate_path::validate(path, roots, at).is_ok()
    };
    let proven = is_of_model && model.is_some_and(is_issued);
    Judgement { trust: if proven { AttestationTrust::Chain } else { AttestationTrust::UnknownIssuer }, key_id }
}

/// Verifies and judges a kept attestation again. `at` is the time of the registration.
pub fn judge_again(kept: &KeptAttestation, metadata: &Metadata, at: Timestamp) -> AttestationTrust {
    let judged = || {
        let object = AttestationObject::parse(&kept.object).ok()?;
        let credential = object.auth_data.attested.as_ref()?;
        let key = cose::parse_key(&credential.public_key).ok()?;
        let verdict = object.verify_statement(credential, &key, &kept.client_data_hash).ok()?;
        Some(judge(&object.format, credential.aaguid, &verdict, metadata, at).trust)
    };
    // This version of Doorward may reject a statement that an earlier version accepted.
    judged().unwrap_or(AttestationTrust::None)
}

/// Returns the key identifier of a certificate (RFC 5280 §4.2.1.2, method 1).
fn key_id(certificate: &Certificate<'_>) -> Option<CertificateKeyId> {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &certificate.x509().public_key().subject_public_key.data);
    hash.as_ref().first_chunk().copied().map(CertificateKeyId)
}
