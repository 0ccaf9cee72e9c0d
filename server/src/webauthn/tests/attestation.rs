//! Attestation statements with certificates (WebAuthn §8), made by a synthetic manufacturer.

use aws_lc_rs::{
    digest::{SHA256, digest},
    rsa::KeySize,
};
use ciborium::Value as Cbor;
use doorward_shared::ErrorCode;

use super::{
    authenticator::{AAGUID, Key, Registration, map, text},
    certificates::{COMMON_NAME, COUNTRY, Certificate, ORGANIZATION, UNIT, der, octets, oid, sequence},
    fixture::RP_ID,
};

fn outcome(registration: &Registration) -> Result<bool, ErrorCode> {
    registration.verify().map(|verified| verified.attested()).map_err(|error| error.code)
}

const INVALID: Result<bool, ErrorCode> = Err(ErrorCode::AttestationInvalid);

fn statement(algorithm: i64, signature: Vec<u8>, certificate: Vec<u8>) -> Vec<(&'static str, Cbor)> {
    vec![
        ("alg", algorithm.into()),
        ("sig", Cbor::Bytes(signature)),
        ("x5c", Cbor::Array(vec![Cbor::Bytes(certificate)])),
    ]
}

/// Signs a registration in the format `packed` or `android-key`.
fn signed(format: &'static str, credential: Key, certificate: &Certificate, signer: Option<&Key>) -> Registration {
    let mut registration = Registration::with(credential);
    registration.format = format;
    let signer = signer.unwrap_or(&registration.key);
    let message = registration.signed_bytes();
    let members = statement(signer.algorithm(), signer.sign(&message), certificate.encode(signer));
    registration.statement = map(members);
    registration
}

fn packed(certificate: &Certificate) -> Registration {
    signed("packed", Key::es256(), certificate, Some(&Key::es256()))
}

#[test]
fn packed_statements_of_every_algorithm_are_verified() {
    for credential in [Key::es256, Key::ed25519] {
        for signer in [Key::es256(), Key::es384(), Key::es512(), Key::ed25519(), Key::rs256(KeySize::Rsa2048)] {
            let registration = signed("packed", credential(), &Certificate::new(), Some(&signer));
            assert_eq!(outcome(&registration), Ok(true), "{}", signer.algorithm());
            assert_eq!(outcome(&Registration { sign_count: 9, ..registration }), INVALID);
        }
    }
}

#[test]
fn packed_and_android_key_statements_with_sha_1_are_not_attested() {
    for format in ["packed", "android-key"] {
        let mut registration = signed(format, Key::es256(), &Certificate::new(), Some(&Key::rs256(KeySize::Rsa2048)));
        let Cbor::Map(members) = &mut registration.statement else { panic!("a map") };
        members[0].1 = (-65_535).into();
        assert_eq!(outcome(&registration), Ok(false), "{format}");
    }
}

#[test]
fn packed_certificates_must_meet_the_requirements() {
    let valid = Certificate::new();
    assert_eq!(outcome(&packed(&valid)), Ok(true));
    let without_model = Certificate { extensions: vec![valid.extensions[0].clone()], ..valid.clone() };
    assert_eq!(outcome(&packed(&without_model)), Ok(true));
    let authority = (oid::BASIC_CONSTRAINTS, true, sequence(&[&[0x01, 1, 0xff]]));
    let with = |extension: (&'static [u8], bool, Vec<u8>)| Certificate {
        extensions: vec![valid.extensions[0].clone(), extension],
        ..valid.clone()
    };
    let subject = |attribute: u8, value: &'static str| {
        let mut certificate = valid.clone();
        certificate.subject.retain(|(kept, _)| *kept != attribute);
        if !value.is_empty() {
            certificate.subject.push((attribute, value));
        }
        certificate
    };
    for (name, certificate) in [
        ("version 1", Certificate { version: 0, extensions: Vec::new(), ..valid.clone() }),
        ("authority", Certificate { extensions: vec![authority], ..valid.clone() }),
        ("another model", with((oid::AAGUID, false, octets(&[1; 16])))),
        ("critical model", with((oid::AAGUID, true, octets(&AAGUID)))),
        ("short model", with((oid::AAGUID, false, octets(&AAGUID[1..])))),
        ("repeated extension", with(valid.extensions[0].clone())),
        ("no country", subject(COUNTRY, "")),
        ("long country", subject(COUNTRY, "Sweden")),
        ("no organization", subject(ORGANIZATION, "")),
        ("another unit", subject(UNIT, "Sales")),
        ("no name", subject(COMMON_NAME, "")),
    ] {
        assert_eq!(outcome(&packed(&certificate)), INVALID, "{name}");
    }
}

#[test]
fn fido_u2f_statements_are_verified() {
    let make = |credential: Key, signer: &Key, certificates: usize| {
        let mut registration = Registration::with(credential);
        registration.format = "fido-u2f";
        let point = registration.key.public_bytes();
        let rp_id_hash = digest(&SHA256, RP_ID.as_bytes());
        let client_data_hash = digest(&SHA256, registration.client_data.as_bytes());
        let message = [&[0], rp_id_hash.as_ref(), client_data_hash.as_ref(), &registration.id, &point].concat();
        let certificate = Cbor::Bytes(Certificate::new().encode(signer));
        registration.statement = map(vec![
            ("sig", Cbor::Bytes(signer.sign(&message))),
            ("x5c", Cbor::Array(vec![certificate; certificates])),
        ]);
        registration
    };
    let signer = Key::es256();
    let registration = make(Key::es256(), &signer, 1);
    assert_eq!(outcome(&registration), Ok(true));
    assert_eq!(outcome(&Registration { id: vec![8; 32], ..registration }), INVALID);
    assert_eq!(outcome(&make(Key::es256(), &signer, 2)), INVALID);
    assert_eq!(outcome(&make(Key::ed25519(), &signer, 1)), INVALID);
    assert_eq!(outcome(&make(Key::es256(), &Key::es384(), 1)), INVALID);
}

#[test]
fn apple_statements_are_verified() {
    let make = |other_key: bool, other_nonce: bool| {
        let mut registration = Registration::new();
        registration.format = "apple";
        let mut nonce = digest(&SHA256, &registration.signed_bytes()).as_ref().to_vec();
        nonce[0] ^= u8::from(other_nonce);
        let value = sequence(&[&der(0xa1, &[&octets(&nonce)])]);
        let certificate = Certificate { extensions: vec![(oid::APPLE_NONCE, false, value)], ..Certificate::new() };
        let encoded = if other_key { certificate.encode(&Key::es256()) } else { certificate.encode(&registration.key) };
        registration.statement = map(vec![("x5c", Cbor::Array(vec![Cbor::Bytes(encoded)]))]);
        registration
    };
    assert_eq!(outcome(&make(false, false)), Ok(true));
    assert_eq!(outcome(&make(true, false)), INVALID);
    assert_eq!(outcome(&make(false, true)), INVALID);
}

/// Encodes an entry of an authorization list in an Android key description: tag, length and value.
fn authorization(tag: u32, value: &[u8]) -> Vec<u8> {
    let head = if tag < 31 { vec![0xa0 | tag as u8] } else { vec![0xbf, 0x80 | (tag >> 7) as u8, tag as u8 & 0x7f] };
    [head, vec![value.len() as u8], value.to_vec()].concat()
}

fn android_key(credential: Key, software: &[&[u8]], hardware: &[&[u8]], challenge: Option<&[u8]>) -> Registration {
    let registration = Registration::new();
    let client_data_hash = digest(&SHA256, registration.client_data.as_bytes());
    let number: &[u8] = &[0x02, 1, 3];
    let level: &[u8] = &[0x0a, 1, 1];
    let value = sequence(&[
        number,
        level,
        number,
        level,
        &octets(challenge.unwrap_or(client_data_hash.as_ref())),
        &octets(&[]),
        &sequence(software),
        &sequence(hardware),
    ]);
    let certificate = Certificate { extensions: vec![(oid::KEY_DESCRIPTION, false, value)], ..Certificate::new() };
    signed("android-key", credential, &certificate, None)
}

#[test]
fn android_key_statements_are_verified() {
    let set = |purpose: u8| authorization(1, &[0x31, 3, 2, 1, purpose]);
    let (sign, generated) = (set(2), authorization(702, &[2, 1, 0]));
    for credential in [Key::es256(), Key::es384(), Key::rs256(KeySize::Rsa2048)] {
        assert_eq!(outcome(&android_key(credential, &[], &[&sign, &generated], None)), Ok(true));
    }
    let key = Key::es256;
    assert_eq!(outcome(&android_key(key(), &[&sign], &[&generated], None)), Ok(true));
    // A key description that lacks the origin or the purpose does not prove enough.
    assert_eq!(outcome(&android_key(key(), &[], &[&sign], None)), Ok(false));
    assert_eq!(outcome(&android_key(key(), &[&generated], &[], None)), Ok(false));
    assert_eq!(outcome(&android_key(key(), &[], &[&sign, &generated], Some(&[1; 32]))), INVALID);
    assert_eq!(outcome(&android_key(key(), &[&authorization(600, &[5, 0])], &[&sign, &generated], None)), INVALID);
    assert_eq!(outcome(&android_key(key(), &[], &[&sign, &authorization(702, &[2, 1, 2])], None)), INVALID);
    assert_eq!(outcome(&android_key(key(), &[], &[&set(3), &generated], None)), INVALID);
    let valid = android_key(key(), &[], &[&sign, &generated], None);
    assert_eq!(outcome(&Registration { sign_count: 9, ..valid }), INVALID);
}

#[test]
fn android_key_certificates_must_be_for_the_credential() {
    let registration = signed("android-key", Key::es256(), &Certificate::new(), Some(&Key::es256()));
    assert_eq!(outcome(&registration), INVALID);
    // The signature and the key are correct, but the key description cannot be parsed.
    let certificate = Certificate { extensions: vec![(oid::KEY_DESCRIPTION, false, vec![5, 0])], ..Certificate::new() };
    assert_eq!(outcome(&signed("android-key", Key::es256(), &certificate, None)), Ok(false));
}

/// A TPM whose responses tests can change.
struct Tpm {
    credential: Key,
    signer: Key,
    version: &'static str,
    magic: u32,
    kind: u16,
    certificate: Certificate,
    /// Whether the public area contains a key other than the credential's key.
    other_key: bool,
    /// Whether the certified name differs from the name of the public area.
    other_name: bool,
    extra_byte: bool,
}

impl Tpm {
    fn new(credential: Key) -> Self {
        let usage = sequence(&[&der(0x06, &[oid::AIK_CERTIFICATE])]);
        let name = sequence(&[&der(0x82, &[b"tpm.example"])]);
        let extensions = vec![
            (oid::BASIC_CONSTRAINTS, true, sequence(&[])),
            (oid::EXTENDED_KEY_USAGE, false, usage),
            (oid::ALTERNATIVE_NAME, true, name),
        ];
        Self {
            credential,
            signer: Key::rs256(KeySize::Rsa2048),
            version: "2.0",
            magic: 0xff54_4347,
            kind: 0x8017,
            certificate: Certificate { subject: Vec::new(), extensions, ..Certificate::new() },
            other_key: false,
            other_name: false,
            extra_byte: false,
        }
    }

    fn public_area(&self) -> Vec<u8> {
        let sized = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes(), bytes].concat();
        // SHA-256 as name algorithm, then attributes, no policy, no symmetric algorithm and no scheme.
        let common = [&[0, 0x0b][..], &[0, 5, 4, 0x72], &[0, 0], &[0, 0x10], &[0, 0x10]].concat();
        let other = if self.other_key { Key::es256().members() } else { self.credential.members() };
        let members: Vec<Vec<u8>> = other.into_iter().filter_map(|(_, value)| value.into_bytes().ok()).collect();
        let mut area = match &self.credential {
            Key::Rsa(_) => [&[0, 1], &common[..], &[8, 0], &[0, 0, 0, 0], &sized(&members[0])].concat(),
            _ => [&[0, 0x23], &common[..], &[0, 3], &[0, 0x10], &sized(&members[0]), &sized(&members[1])].concat(),
        };
        area.extend(if self.extra_byte { vec![0] } else { Vec::new() });
        area
    }

    fn register(self) -> Registration {
        let area = self.public_area();
        let sized = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes(), bytes].concat();
        let mut name = [&[0, 0x0b], digest(&SHA256, &area).as_ref()].concat();
        name[5] ^= u8::from(self.other_name);
        let mut registration = Registration::with(self.credential);
        let extra = digest(&SHA256, &registration.signed_bytes());
        let info = [
            &self.magic.to_be_bytes()[..],
            &self.kind.to_be_bytes(),
            &sized(b"signer"),
            &sized(extra.as_ref()),
            &[0; 25],
            &sized(&name),
            &sized(b"qualified name"),
        ]
        .concat();
        let mut members =
            statement(self.signer.algorithm(), self.signer.sign(&info), self.certificate.encode(&self.signer));
        members.extend([("ver", text(self.version)), ("certInfo", Cbor::Bytes(info)), ("pubArea", Cbor::Bytes(area))]);
        registration.format = "tpm";
        registration.statement = map(members);
        registration
    }
}

#[test]
fn tpm_statements_are_verified() {
    for credential in [Key::es256(), Key::rs256(KeySize::Rsa2048)] {
        let registration = Tpm::new(credential).register();
        assert_eq!(outcome(&registration), Ok(true));
        assert_eq!(outcome(&Registration { sign_count: 9, ..registration }), INVALID);
    }
    for change in [
        |tpm: &mut Tpm| tpm.version = "1.2",
        |tpm: &mut Tpm| tpm.magic += 1,
        |tpm: &mut Tpm| tpm.kind = 0x8018,
        |tpm: &mut Tpm| tpm.other_key = true,
        |tpm: &mut Tpm| tpm.other_name = true,
        |tpm: &mut Tpm| tpm.extra_byte = true,
        |tpm: &mut Tpm| tpm.certificate.subject = vec![(COMMON_NAME, "TPM")],
        |tpm: &mut Tpm| drop(tpm.certificate.extensions.remove(1)),
        |tpm: &mut Tpm| drop(tpm.certificate.extensions.remove(2)),
        |tpm: &mut Tpm| tpm.certificate.extensions.push((oid::AAGUID, false, octets(&[1; 16]))),
        |tpm: &mut Tpm| tpm.certificate.version = 0,
    ] {
        let mut tpm = Tpm::new(Key::es256());
        change(&mut tpm);
        assert_eq!(outcome(&tpm.register()), INVALID);
    }
    let registration = Tpm { signer: Key::ed25519(), ..Tpm::new(Key::es256()) }.register();
    assert_eq!(outcome(&registration), Ok(false));
}
