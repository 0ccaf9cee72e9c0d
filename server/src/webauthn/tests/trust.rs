//! Tests of what attestations prove, with the metadata of synthetic manufacturers.

use aws_lc_rs::{digest, rsa::KeySize};
use ciborium::Value as Cbor;
use doorward_shared::{AttestationTrust, Timestamp};
use uuid::Uuid;

use super::{
    authenticator::{AAGUID, Key, Registration, map},
    certificates::{Certificate, der, octets, oid, sequence},
    fixture::{RP_ID, stored},
};
use crate::{
    domain::{
        CertificateKeyId, Metadata,
        metadata::{MetadataRecords, ModelId, ModelRecord},
    },
    webauthn::judge_again,
};

/// A time in 2026, at which all certificates of the tests are valid.
const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

/// A manufacturer of authenticators with its root certificate.
pub(super) struct Maker {
    pub(super) authority: Certificate,
    pub(super) key: Key,
    pub(super) root: Vec<u8>,
}

impl Maker {
    pub(super) fn new(name: &'static str) -> Self {
        Self::with(name, Key::es256())
    }

    fn with(name: &'static str, key: Key) -> Self {
        let authority = Certificate::authority(name);
        Self { root: authority.issued(&key, &authority, &key), authority, key }
    }

    pub(super) fn issue(&self, certificate: &Certificate, key: &Key) -> Vec<u8> {
        certificate.issued(key, &self.authority, &self.key)
    }
}

/// Returns metadata in which each model has one root certificate.
fn metadata(models: &[(ModelId, &[u8])]) -> Metadata {
    Metadata::new(1, metadata_records(models))
}

fn metadata_records(models: &[(ModelId, &[u8])]) -> MetadataRecords {
    let mut records = MetadataRecords::default();
    for (number, (id, root)) in models.iter().enumerate() {
        let fingerprint = number.to_string();
        records.roots.insert(fingerprint.clone(), root.to_vec());
        let description = format!("Model {number}");
        records.entries.push(ModelRecord { id: *id, description, reports: Vec::new(), roots: vec![fingerprint] });
    }
    records
}

fn of_model(root: &[u8]) -> Metadata {
    metadata(&[(ModelId::Aaguid(Uuid::from_bytes(AAGUID)), root)])
}

/// Returns a registration in the format `packed` that `signer` signed.
fn packed(path: Vec<Vec<u8>>, signer: &Key) -> Registration {
    let mut registration = Registration::new();
    registration.format = "packed";
    let signature = signer.sign(&registration.signed_bytes());
    registration.statement = map(vec![
        ("alg", signer.algorithm().into()),
        ("sig", Cbor::Bytes(signature)),
        ("x5c", Cbor::Array(path.into_iter().map(Cbor::Bytes).collect())),
    ]);
    registration
}

fn trust(registration: &Registration, metadata: &Metadata) -> AttestationTrust {
    registration.verify_with(metadata, NOW).unwrap().attestation_trust
}

/// CVE-2025-12150: a client states the AAGUID of a trusted model, but has no certificate of the manufacturer.
#[test]
fn forged_aaguid_without_a_chain_does_not_prove_the_model() {
    let metadata = of_model(&Maker::new("Maker").root);
    let attacker = Key::es256();
    let certificate = Certificate::new();
    let self_issued = packed(vec![certificate.issued(&attacker, &certificate, &attacker)], &attacker);
    assert_eq!(trust(&self_issued, &metadata), AttestationTrust::UnknownIssuer);
    assert_eq!(trust(&Registration::new().self_attested(), &metadata), AttestationTrust::SelfSigned);
    assert_eq!(trust(&Registration::new(), &metadata), AttestationTrust::None);
    let verified = self_issued.verify_with(&metadata, NOW).unwrap();
    assert_eq!(metadata.proven(verified.attestation_trust, verified.aaguid, None), None);
}

/// CVE-2026-6856: a client states the AAGUID of a trusted model and sends a chain to the root certificate of another
/// manufacturer.
#[test]
fn forged_aaguid_under_the_chain_of_another_manufacturer_does_not_prove_the_model() {
    let (maker, other, signer) = (Maker::new("Maker"), Maker::new("Other"), Key::es256());
    let other_model = ModelId::Aaguid(Uuid::from_u128(7));
    let metadata = metadata(&[(ModelId::Aaguid(Uuid::from_bytes(AAGUID)), &maker.root), (other_model, &other.root)]);
    let honest = packed(vec![maker.issue(&Certificate::new(), &signer)], &signer);
    assert_eq!(trust(&honest, &metadata), AttestationTrust::Chain);
    let proven = stored(honest.verify_with(&metadata, NOW).unwrap()).proven_aaguid();
    assert_eq!(proven, Some(Uuid::from_bytes(AAGUID)));
    let forged = packed(vec![other.issue(&Certificate::new(), &signer)], &signer);
    assert_eq!(trust(&forged, &metadata), AttestationTrust::UnknownIssuer);
    assert_eq!(stored(forged.verify_with(&metadata, NOW).unwrap()).proven_aaguid(), None);
    // The imitator is an issuer with the same name but another key.
    let imitator = Maker::new("Maker");
    let forged = packed(vec![imitator.issue(&Certificate::new(), &signer), imitator.root.clone()], &signer);
    assert_eq!(trust(&forged, &metadata), AttestationTrust::UnknownIssuer);
}

#[test]
fn chains_of_every_algorithm_are_verified() {
    let keys = [Key::es256(), Key::es384(), Key::es512(), Key::ed25519(), Key::rs256(KeySize::Rsa2048)];
    for key in keys {
        let maker = Maker::with("Maker", key);
        let signer = Key::es256();
        let leaf = maker.issue(&Certificate::new(), &signer);
        let metadata = of_model(&maker.root);
        let valid = packed(vec![leaf.clone()], &signer);
        assert_eq!(trust(&valid, &metadata), AttestationTrust::Chain, "{}", maker.key.algorithm());
        assert_eq!(trust(&valid, &Metadata::default()), AttestationTrust::UnknownIssuer);
        // The last byte is part of the issuer's signature.
        let mut changed = leaf;
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(trust(&packed(vec![changed], &signer), &metadata), AttestationTrust::UnknownIssuer);
    }
}

/// A certification path: a root, an intermediate authority, and a leaf.
struct Path {
    maker: Maker,
    intermediate: Certificate,
    leaf: Certificate,
}

impl Path {
    fn new() -> Self {
        let intermediate = Certificate::authority("Intermediate");
        Self { maker: Maker::new("Maker"), intermediate, leaf: Certificate::new() }
    }

    /// Judges the path without the root certificate, and checks that the result with the root certificate is the same.
    fn trust(&self) -> AttestationTrust {
        let (key, signer) = (Key::es384(), Key::es256());
        let intermediate = self.maker.issue(&self.intermediate, &key);
        let leaf = self.leaf.issued(&signer, &self.intermediate, &key);
        let metadata = of_model(&self.maker.root);
        let with_root = packed(vec![leaf.clone(), intermediate.clone(), self.maker.root.clone()], &signer);
        let found = trust(&packed(vec![leaf, intermediate], &signer), &metadata);
        assert_eq!(trust(&with_root, &metadata), found);
        found
    }

    /// Replaces the extensions of the root.
    fn set_root(&mut self, extensions: Vec<Extension>) {
        self.maker.authority.extensions = extensions;
        self.maker.root = self.maker.authority.issued(&self.maker.key, &self.maker.authority, &self.maker.key);
    }
}

type Extension = (&'static [u8], bool, Vec<u8>);

fn constraints(value: Vec<u8>) -> Extension {
    (oid::BASIC_CONSTRAINTS, true, value)
}

/// Basic constraints of an authority; `below` is the maximum number of intermediate certificates below it.
fn authority(below: u8) -> Extension {
    constraints(sequence(&[&[0x01, 1, 0xff], &[0x02, 1, below]]))
}

fn key_usage(bits: u8) -> Extension {
    (oid::KEY_USAGE, false, der(0x03, &[&[1, bits]]))
}

const EXPIRED: [&str; 2] = ["200101000000Z", "250101000000Z"];
const DIGITAL_SIGNATURE: u8 = 0x80;
const CERTIFICATE_SIGNATURE: u8 = 0x04;

#[test]
fn certificates_of_the_path_must_be_valid() {
    const FUTURE: [&str; 2] = ["270101000000Z", "300101000000Z"];
    assert_eq!(Path::new().trust(), AttestationTrust::Chain);
    type Change = fn(&mut Path);
    let changes: [(&str, Change); 6] = [
        ("expired leaf", |path| path.leaf.validity = EXPIRED),
        ("future leaf", |path| path.leaf.validity = FUTURE),
        ("expired intermediate", |path| path.intermediate.validity = EXPIRED),
        ("no basic constraints", |path| path.intermediate.extensions.clear()),
        ("name constraints", |path| {
            path.intermediate.extensions.push((oid::NAME_CONSTRAINTS, true, sequence(&[])));
        }),
        ("unknown critical extension", |path| path.leaf.extensions.push((oid::APPLE_NONCE, true, octets(&[])))),
    ];
    for (name, change) in changes {
        let mut path = Path::new();
        change(&mut path);
        assert_eq!(path.trust(), AttestationTrust::UnknownIssuer, "{name}");
    }
}

#[test]
fn intermediate_certificates_must_be_authorities() {
    let is = authority(0);
    for (name, extensions, expected) in [
        ("authority", vec![is.clone()], AttestationTrust::Chain),
        ("keyCertSign", vec![is.clone(), key_usage(CERTIFICATE_SIGNATURE)], AttestationTrust::Chain),
        ("digitalSignature only", vec![is.clone(), key_usage(DIGITAL_SIGNATURE)], AttestationTrust::UnknownIssuer),
        ("malformed key usage", vec![is.clone(), (oid::KEY_USAGE, false, vec![0])], AttestationTrust::UnknownIssuer),
        ("repeated constraints", vec![is.clone(), is], AttestationTrust::UnknownIssuer),
        ("no authority", vec![constraints(sequence(&[]))], AttestationTrust::UnknownIssuer),
        ("malformed constraints", vec![constraints(vec![0])], AttestationTrust::UnknownIssuer),
    ] {
        let mut path = Path::new();
        path.intermediate.extensions = extensions;
        assert_eq!(path.trust(), expected, "{name}");
    }
}

#[test]
fn root_certificates_are_trusted_within_their_own_limits() {
    for (name, extensions, expected) in [
        ("old root without extensions", Vec::new(), AttestationTrust::Chain),
        ("one intermediate certificate", vec![authority(1)], AttestationTrust::Chain),
        ("no intermediate certificate", vec![authority(0)], AttestationTrust::UnknownIssuer),
        ("keyCertSign", vec![authority(1), key_usage(CERTIFICATE_SIGNATURE)], AttestationTrust::Chain),
        ("digitalSignature only", vec![authority(1), key_usage(DIGITAL_SIGNATURE)], AttestationTrust::UnknownIssuer),
        ("no authority", vec![constraints(sequence(&[]))], AttestationTrust::UnknownIssuer),
        ("malformed constraints", vec![constraints(vec![0])], AttestationTrust::UnknownIssuer),
    ] {
        let mut path = Path::new();
        path.set_root(extensions);
        assert_eq!(path.trust(), expected, "{name}");
    }
    // A root certificate in the metadata is trusted even if it has expired.
    let mut path = Path::new();
    path.maker.authority.validity = EXPIRED;
    path.set_root(vec![authority(1)]);
    assert_eq!(path.trust(), AttestationTrust::Chain);
}

#[test]
fn path_may_contain_the_root_and_has_at_most_eight_certificates() {
    let (maker, signer) = (Maker::new("Maker"), Key::es256());
    let leaf = maker.issue(&Certificate::new(), &signer);
    let metadata = of_model(&maker.root);
    let with_roots = |count: usize| {
        let path = [vec![leaf.clone()], vec![maker.root.clone(); count]].concat();
        trust(&packed(path, &signer), &metadata)
    };
    assert_eq!(with_roots(1), AttestationTrust::Chain);
    assert_eq!(with_roots(7), AttestationTrust::Chain);
    assert_eq!(with_roots(8), AttestationTrust::UnknownIssuer);
    // This root did not issue the leaf.
    let foreign = packed(vec![leaf, Maker::new("Other").root], &signer);
    assert_eq!(trust(&foreign, &of_model(&Maker::new("Maker").root)), AttestationTrust::UnknownIssuer);
}

#[test]
fn attestation_certificate_may_be_its_own_trust_anchor_but_issues_nothing() {
    let (certificate, signer) = (Certificate::new(), Key::es256());
    let leaf = certificate.issued(&signer, &certificate, &signer);
    let metadata = of_model(&leaf);
    assert_eq!(trust(&packed(vec![leaf.clone()], &signer), &metadata), AttestationTrust::Chain);
    let other = Key::es256();
    let issued = certificate.issued(&other, &certificate, &signer);
    for path in [vec![issued.clone()], vec![issued, leaf]] {
        assert_eq!(trust(&packed(path, &other), &metadata), AttestationTrust::UnknownIssuer);
    }
}

/// The attestation key of one model must not vouch for another model (§8.2.1).
#[test]
fn certificate_under_a_root_of_several_models_must_state_its_model() {
    let (maker, signer) = (Maker::new("Maker"), Key::es256());
    let mut certificate = Certificate::new();
    let stating = packed(vec![maker.issue(&certificate, &signer)], &signer);
    certificate.extensions.truncate(1);
    let silent = packed(vec![maker.issue(&certificate, &signer)], &signer);
    let (model, other) = (ModelId::Aaguid(Uuid::from_bytes(AAGUID)), ModelId::Aaguid(Uuid::from_u128(7)));
    assert_eq!(trust(&silent, &of_model(&maker.root)), AttestationTrust::Chain);
    let mut shared = metadata_records(&[(model, &maker.root), (other, &[])]);
    shared.entries[1].roots = shared.entries[0].roots.clone();
    let shared = Metadata::new(1, shared);
    assert_eq!(trust(&stating, &shared), AttestationTrust::Chain);
    assert_eq!(trust(&silent, &shared), AttestationTrust::UnknownIssuer);
}

#[test]
fn metadata_without_roots_proves_nothing() {
    let (maker, signer) = (Maker::new("Maker"), Key::es256());
    let id = ModelId::Aaguid(Uuid::from_bytes(AAGUID));
    let record = ModelRecord { id, description: "Model".to_owned(), reports: Vec::new(), roots: Vec::new() };
    let metadata = Metadata::new(1, MetadataRecords { entries: vec![record], ..MetadataRecords::default() });
    let registration = packed(vec![maker.issue(&Certificate::new(), &signer)], &signer);
    assert_eq!(trust(&registration, &metadata), AttestationTrust::UnknownIssuer);
    assert_eq!(metadata.name(Uuid::from_bytes(AAGUID), None), Some("Model"));
}

fn fido_u2f(certificate: Vec<u8>, signer: &Key) -> Registration {
    let mut registration = Registration::new();
    registration.format = "fido-u2f";
    let point = registration.key.public_bytes();
    let hash = |bytes: &[u8]| digest::digest(&digest::SHA256, bytes);
    let (rp_id, client_data) = (hash(RP_ID.as_bytes()), hash(registration.client_data.as_bytes()));
    let message = [&[0], rp_id.as_ref(), client_data.as_ref(), &registration.id, &point].concat();
    registration.statement =
        map(vec![("sig", Cbor::Bytes(signer.sign(&message))), ("x5c", Cbor::Array(vec![Cbor::Bytes(certificate)]))]);
    registration
}

#[test]
fn models_of_fido_u2f_are_identified_by_their_certificates() {
    let (maker, signer) = (Maker::new("Maker"), Key::es256());
    let certificate = maker.issue(&Certificate::new(), &signer);
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &signer.public_bytes());
    let key_id = CertificateKeyId(hash.as_ref().try_into().unwrap());
    let by_key = metadata(&[(ModelId::KeyId(key_id), &maker.root)]);
    let registration = fido_u2f(certificate, &signer);
    let verified = registration.verify_with(&by_key, NOW).unwrap();
    assert_eq!((verified.attestation_trust, verified.attestation_key_id), (AttestationTrust::Chain, Some(key_id)));
    assert_eq!(by_key.name(verified.aaguid, Some(&key_id)), Some("Model 0"));
    assert!(by_key.proven(AttestationTrust::Chain, verified.aaguid, Some(&key_id)).is_some());
    assert_eq!(stored(verified).proven_aaguid(), None);
    // In the format `fido-u2f`, the AAGUID in the authenticator data is ignored.
    let by_aaguid = of_model(&maker.root);
    let verified = registration.verify_with(&by_aaguid, NOW).unwrap();
    assert_eq!(verified.attestation_trust, AttestationTrust::UnknownIssuer);
    assert_eq!(by_aaguid.proven(AttestationTrust::Chain, verified.aaguid, Some(&key_id)), None);
}

#[test]
fn kept_attestation_is_judged_with_newer_metadata() {
    let (maker, signer) = (Maker::new("Maker"), Key::es256());
    let registration = packed(vec![maker.issue(&Certificate::new(), &signer)], &signer);
    let verified = registration.verify_with(&Metadata::default(), NOW).unwrap();
    assert_eq!(verified.attestation_trust, AttestationTrust::UnknownIssuer);
    let mut kept = verified.kept.unwrap();
    let metadata = of_model(&maker.root);
    assert_eq!(judge_again(&kept, &metadata, NOW), AttestationTrust::Chain);
    // The registration time that is passed here is before the leaf certificate became valid.
    assert_eq!(judge_again(&kept, &metadata, Timestamp::from_millis(0)), AttestationTrust::UnknownIssuer);
    kept.client_data_hash = vec![0; 32];
    assert_eq!(judge_again(&kept, &metadata, NOW), AttestationTrust::None);
    assert_eq!(Registration::new().verify_with(&metadata, NOW).unwrap().kept, None);
}

#[test]
fn large_attestation_is_not_kept_and_does_not_prove_the_model() {
    let (maker, signer) = (Maker::new("Maker"), Key::es256());
    let mut certificate = Certificate::new();
    certificate.extensions.push((oid::APPLE_NONCE, false, vec![0; 15_000]));
    let path = vec![maker.issue(&certificate, &signer), maker.root.clone()];
    let verified = packed(path, &signer).verify_with(&of_model(&maker.root), NOW).unwrap();
    assert_eq!(verified.attestation_trust, AttestationTrust::Chain);
    assert!(verified.kept.is_some());
    // A large attestation is not kept, so it must not prove the model: newer metadata could never change this trust.
    certificate.extensions[2].2 = vec![0; 16_384];
    let verified = packed(vec![maker.issue(&certificate, &signer)], &signer);
    let verified = verified.verify_with(&of_model(&maker.root), NOW).unwrap();
    assert_eq!((verified.attestation_trust, verified.kept), (AttestationTrust::UnknownIssuer, None));
}

/// The signature does not cover unknown members of a statement, so anybody can add such members.
#[test]
fn statement_with_a_large_unknown_member_does_not_prove_the_model() {
    let (maker, signer) = (Maker::new("Maker"), Key::es256());
    let mut registration = packed(vec![maker.issue(&Certificate::new(), &signer)], &signer);
    assert_eq!(trust(&registration, &of_model(&maker.root)), AttestationTrust::Chain);
    let Cbor::Map(members) = &mut registration.statement else { panic!("a statement is a map") };
    members.push((Cbor::Text("x".to_owned()), Cbor::Bytes(vec![0; 16_384])));
    let verified = registration.verify_with(&of_model(&maker.root), NOW).unwrap();
    assert_eq!((verified.attestation_trust, verified.kept), (AttestationTrust::UnknownIssuer, None));
}
