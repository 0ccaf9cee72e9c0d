use doorward_shared::{AuthenticatorStatus, CertificationLevel};

use super::*;
use crate::domain::metadata::{AuthenticatorMetadata, ModelId};

const GOOD: Uuid = Uuid::from_u128(1);
const REVOKED: Uuid = Uuid::from_u128(2);
const OTHER: Uuid = Uuid::from_u128(3);
const U2F: CertificateKeyId = CertificateKeyId([7; CertificateKeyId::BYTES]);

fn metadata() -> Metadata {
    let with = |status| AuthenticatorMetadata::with_statuses(&[status]);
    Metadata::of_models([
        (ModelId::Aaguid(GOOD), with("FIDO_CERTIFIED_L2")),
        (ModelId::Aaguid(REVOKED), with("REVOKED")),
        (ModelId::KeyId(U2F), with("FIDO_CERTIFIED_L1")),
    ])
}

fn facts(aaguid: Uuid, attestation: AttestationTrust) -> TrustFacts {
    TrustFacts {
        is_mfa: false,
        algorithm: CoseAlgorithm::Es256,
        backup_eligible: false,
        attestation,
        aaguid,
        key_id: None,
    }
}

fn failed(policy: &TrustPolicy, facts: &TrustFacts) -> Option<Check> {
    violation(policy, &metadata(), facts).map(|detail| detail.check.unwrap())
}

/// CVE-2025-12150: a client states an allowed AAGUID, either without an attestation or with a self attestation.
#[test]
fn cve_2025_12150_allowed_aaguid_without_certificate_is_refused() {
    let policy = TrustPolicy { allow_aaguids: Some(vec![GOOD]), ..TrustPolicy::default() };
    assert_eq!(failed(&policy, &facts(GOOD, AttestationTrust::Chain)), None);
    for attestation in [AttestationTrust::None, AttestationTrust::SelfSigned] {
        assert_eq!(failed(&policy, &facts(GOOD, attestation)), Some(Check::TrustAllowed));
    }
    assert_eq!(failed(&policy, &facts(OTHER, AttestationTrust::Chain)), Some(Check::TrustAllowed));
}

/// CVE-2026-6856: a client states an allowed AAGUID in an attestation whose certificate chain does not prove the model
/// with this AAGUID.
#[test]
fn cve_2026_6856_allowed_aaguid_without_the_chain_of_its_model_is_refused() {
    for attestation in [AttestationTrust::SelfSigned, AttestationTrust::UnknownIssuer] {
        let policy = TrustPolicy { allow_aaguids: Some(vec![GOOD]), ..TrustPolicy::default() };
        assert_eq!(failed(&policy, &facts(GOOD, attestation)), Some(Check::TrustAllowed));
        let policy = TrustPolicy { min_certification: Some(CertificationLevel::L1), ..TrustPolicy::default() };
        assert_eq!(failed(&policy, &facts(GOOD, attestation)), Some(Check::TrustCertification));
        let policy = TrustPolicy { attestation_required: true, ..TrustPolicy::default() };
        assert_eq!(failed(&policy, &facts(GOOD, attestation)), Some(Check::TrustAttestation));
    }
}

#[test]
fn denied_and_revoked_models_are_refused_even_if_they_are_not_proven() {
    let denied = TrustPolicy { deny_aaguids: vec![OTHER], ..TrustPolicy::default() };
    let revoked = TrustPolicy { deny_statuses: vec![AuthenticatorStatus::Revoked], ..TrustPolicy::default() };
    for &attestation in AttestationTrust::ALL {
        assert_eq!(failed(&denied, &facts(OTHER, attestation)), Some(Check::TrustDenied));
        assert_eq!(failed(&denied, &facts(GOOD, attestation)), None);
        assert_eq!(failed(&revoked, &facts(REVOKED, attestation)), Some(Check::TrustStatus));
        assert_eq!(failed(&revoked, &facts(GOOD, attestation)), None);
    }
}

#[test]
fn certification_is_that_of_the_proven_model() {
    let policy = |level| TrustPolicy { min_certification: Some(level), ..TrustPolicy::default() };
    let proven = facts(GOOD, AttestationTrust::Chain);
    assert_eq!(failed(&policy(CertificationLevel::L2), &proven), None);
    assert_eq!(failed(&policy(CertificationLevel::L2Plus), &proven), Some(Check::TrustCertification));
    let level1 = policy(CertificationLevel::L1);
    assert_eq!(failed(&level1, &facts(OTHER, AttestationTrust::Chain)), Some(Check::TrustCertification));
    // If the attestation certificate is that of a U2F model, the stated AAGUID is not proven.
    let u2f = TrustFacts { key_id: Some(U2F), ..facts(GOOD, AttestationTrust::Chain) };
    assert_eq!(failed(&level1, &u2f), None);
    assert_eq!(failed(&policy(CertificationLevel::L2), &u2f), Some(Check::TrustCertification));
    let allowed = TrustPolicy { allow_aaguids: Some(vec![GOOD]), ..TrustPolicy::default() };
    assert_eq!(failed(&allowed, &u2f), Some(Check::TrustAllowed));
}

#[test]
fn algorithm_and_backup_eligibility_are_checked() {
    let policy = TrustPolicy { algorithms: Some(vec![CoseAlgorithm::MlDsa65]), ..TrustPolicy::default() };
    let es256 = facts(GOOD, AttestationTrust::Chain);
    let found = violation(&policy, &metadata(), &es256).unwrap();
    assert_eq!((found.check, found.received.as_deref()), (Some(Check::TrustAlgorithm), Some("ES256")));
    assert_eq!(found.expected, ["ML-DSA-65"]);
    let policy = TrustPolicy { device_bound_only: true, ..TrustPolicy::default() };
    assert_eq!(failed(&policy, &es256), None);
    assert_eq!(failed(&policy, &TrustFacts { backup_eligible: true, ..es256 }), Some(Check::TrustDeviceBound));
}

#[test]
fn default_policy_accepts_everything() {
    for &attestation in AttestationTrust::ALL {
        assert_eq!(failed(&TrustPolicy::default(), &facts(REVOKED, attestation)), None);
    }
}
