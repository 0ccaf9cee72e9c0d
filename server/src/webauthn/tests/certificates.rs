//! DER encoding of certificates. Without metadata, Doorward does not check the issuer's signature, so
//! [`Certificate::encode`] leaves it empty.

use aws_lc_rs::{
    encoding::{AsDer as _, PublicKeyX509Der},
    signature::KeyPair as _,
};

use super::authenticator::Key;

/// Encodes a DER element.
pub(super) fn der(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    let contents = contents.concat();
    let length = contents.len();
    let mut out = vec![tag];
    match length {
        0..=0x7f => out.push(length as u8),
        0x80..=0xff => out.extend([0x81, length as u8]),
        _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend(contents);
    out
}

pub(super) fn sequence(contents: &[&[u8]]) -> Vec<u8> {
    der(0x30, contents)
}

pub(super) fn octets(bytes: &[u8]) -> Vec<u8> {
    der(0x04, &[bytes])
}

/// Encodes a relative distinguished name that consists of the attribute `2.5.4.<attribute>`.
fn attribute((attribute, value): &(u8, &str)) -> Vec<u8> {
    let name = der(0x06, &[&[0x55, 0x04, *attribute]]);
    der(0x31, &[&sequence(&[&name, &der(0x0c, &[value.as_bytes()])])])
}

pub(super) const COUNTRY: u8 = 6;
pub(super) const ORGANIZATION: u8 = 10;
pub(super) const UNIT: u8 = 11;
pub(super) const COMMON_NAME: u8 = 3;

/// Object identifiers in DER, without tag and length.
pub(super) mod oid {
    pub(in super::super) const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x1e];
    pub(in super::super) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
    pub(in super::super) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
    pub(in super::super) const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
    pub(in super::super) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
    pub(in super::super) const AAGUID: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0xe5, 0x1c, 1, 1, 4];
    pub(in super::super) const APPLE_NONCE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 8, 2];
    pub(in super::super) const KEY_DESCRIPTION: &[u8] = &[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 1, 0x11];
    pub(in super::super) const AIK_CERTIFICATE: &[u8] = &[0x67, 0x81, 5, 8, 3];
}

/// A certificate that tests can change.
#[derive(Clone)]
pub(super) struct Certificate {
    /// Version minus one.
    pub(super) version: u8,
    pub(super) subject: Vec<(u8, &'static str)>,
    pub(super) validity: [&'static str; 2],
    /// For each extension: object identifier, whether the extension is critical, and value.
    pub(super) extensions: Vec<(&'static [u8], bool, Vec<u8>)>,
}

impl Certificate {
    /// Returns a certificate that is valid for the format `packed`.
    pub(super) fn new() -> Self {
        let subject =
            vec![(COUNTRY, "SE"), (ORGANIZATION, "Maker"), (UNIT, "Authenticator Attestation"), (COMMON_NAME, "Key 1")];
        let extensions = vec![
            (oid::BASIC_CONSTRAINTS, true, sequence(&[])),
            (oid::AAGUID, false, octets(&super::authenticator::AAGUID)),
        ];
        Self { version: 2, subject, validity: VALIDITY, extensions }
    }

    /// Returns the certificate of an authority.
    pub(super) fn authority(name: &'static str) -> Self {
        let extensions = vec![(oid::BASIC_CONSTRAINTS, true, sequence(&[&[0x01, 1, 0xff]]))];
        Self { version: 2, subject: vec![(COMMON_NAME, name)], validity: VALIDITY, extensions }
    }

    /// Encodes the certificate with an empty signature.
    pub(super) fn encode(&self, key: &Key) -> Vec<u8> {
        let algorithm = sequence(&[&der(0x06, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]])]);
        let body = self.body(key, &[(COMMON_NAME, "Issuer")], &algorithm);
        sequence(&[&body, &algorithm, &der(0x03, &[&[0]])])
    }

    /// Encodes the certificate with the issuer's signature.
    pub(super) fn issued(&self, key: &Key, issuer: &Self, issuer_key: &Key) -> Vec<u8> {
        let algorithm = issuer_key.signature_algorithm();
        let body = self.body(key, &issuer.subject, &algorithm);
        sequence(&[&body, &algorithm, &der(0x03, &[&[0], &issuer_key.sign(&body)])])
    }

    fn body(&self, key: &Key, issuer: &[(u8, &'static str)], algorithm: &[u8]) -> Vec<u8> {
        let [from, to] = self.validity.map(|time| der(0x17, &[time.as_bytes()]));
        let issuer: Vec<u8> = issuer.iter().flat_map(attribute).collect();
        let subject: Vec<u8> = self.subject.iter().flat_map(attribute).collect();
        let extensions: Vec<u8> = self.extensions.iter().flat_map(extension).collect();
        let extensions = der(0xa3, &[&sequence(&[&extensions])]);
        sequence(&[
            &der(0xa0, &[&der(0x02, &[&[self.version]])]),
            &der(0x02, &[&[1]]),
            algorithm,
            &sequence(&[&issuer]),
            &sequence(&[&from, &to]),
            &sequence(&[&subject]),
            &key.public_key_info(),
            if self.extensions.is_empty() { &[] } else { &extensions },
        ])
    }
}

/// The years 2020 to 2029.
const VALIDITY: [&str; 2] = ["200101000000Z", "300101000000Z"];

fn extension((id, critical, value): &(&'static [u8], bool, Vec<u8>)) -> Vec<u8> {
    let critical: &[u8] = if *critical { &[0x01, 1, 0xff] } else { &[] };
    sequence(&[&der(0x06, &[id]), critical, &octets(value)])
}

impl Key {
    /// Returns the identifier of the algorithm with which the key signs certificates.
    fn signature_algorithm(&self) -> Vec<u8> {
        let ecdsa = |hash: u8| sequence(&[&der(0x06, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, hash]])]);
        match self.algorithm() {
            -7 => ecdsa(2),
            -35 => ecdsa(3),
            -36 => ecdsa(4),
            -257 => sequence(&[&der(0x06, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11]]), &[5, 0]]),
            -8 => sequence(&[&der(0x06, &[&[0x2b, 0x65, 0x70]])]),
            other => panic!("no certificates are signed with {other}"),
        }
    }

    /// Returns the public key as `SubjectPublicKeyInfo`.
    fn public_key_info(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = match self {
            Self::Ec { pair, .. } => pair.public_key().as_der().unwrap(),
            Self::Rsa(pair) => pair.public_key().as_der().unwrap(),
            Self::Ed25519(pair) => pair.public_key().as_der().unwrap(),
            Self::MlDsa { pair, .. } => pair.public_key().as_der().unwrap(),
        };
        der.as_ref().to_vec()
    }
}
