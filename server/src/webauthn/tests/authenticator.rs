//! A software authenticator that can produce any kind of invalid response.

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
        Ed25519KeyPair, KeyPair as _, PqdsaKeyPair, PqdsaSigningAlgorithm, RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use ciborium::Value as Cbor;
use doorward_shared::{Base64Url, ErrorCode, Timestamp, config::UserVerification};
use doorward_testkit::reference_verifier::{self, Expected, StoredCredential};
use serde_json::{Value, json};
use webauthn_rs_core::error::WebauthnError;

use super::fixture::{ORIGIN, RP_ID, assertion_body, b64, registration_body, state, stored};
use crate::{
    domain::{CeremonyState, ChallengeValue, Credential, Metadata},
    webauthn::{
        VerificationError, VerifiedAssertion, VerifiedRegistration, parse_assertion, parse_registration,
        verify_assertion, verify_registration,
    },
};

pub(super) const AAGUID: [u8; 16] = [0xaa; 16];
pub(super) const UP: u8 = 0x01;
pub(super) const UV: u8 = 0x04;
pub(super) const BE: u8 = 0x08;
pub(super) const BS: u8 = 0x10;
pub(super) const AT: u8 = 0x40;
pub(super) const ED: u8 = 0x80;

pub(super) enum Key {
    Ec { pair: EcdsaKeyPair, alg: i64, curve: i64 },
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
    MlDsa { pair: PqdsaKeyPair, alg: i64 },
}

impl Key {
    pub(super) fn es256() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        Self::Ec { pair, alg: -7, curve: 1 }
    }

    pub(super) fn es384() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).unwrap();
        Self::Ec { pair, alg: -35, curve: 2 }
    }

    pub(super) fn es512() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P521_SHA512_ASN1_SIGNING).unwrap();
        Self::Ec { pair, alg: -36, curve: 3 }
    }

    pub(super) fn rs256(size: rsa::KeySize) -> Self {
        Self::Rsa(RsaKeyPair::generate(size).unwrap())
    }

    pub(super) fn ed25519() -> Self {
        Self::Ed25519(Ed25519KeyPair::generate().unwrap())
    }

    pub(super) fn ml_dsa(algorithm: &'static PqdsaSigningAlgorithm, alg: i64) -> Self {
        Self::MlDsa { pair: PqdsaKeyPair::generate(algorithm).unwrap(), alg }
    }

    /// Returns the members of the COSE key, so that tests can change them.
    pub(super) fn members(&self) -> Vec<(i64, Cbor)> {
        match self {
            Self::Ec { pair, alg, curve } => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                vec![
                    (1, 2.into()),
                    (3, (*alg).into()),
                    (-1, (*curve).into()),
                    (-2, Cbor::Bytes(x.to_vec())),
                    (-3, Cbor::Bytes(y.to_vec())),
                ]
            }
            Self::Rsa(pair) => {
                let n = pair.public_key().modulus().big_endian_without_leading_zero().to_vec();
                let e = pair.public_key().exponent().big_endian_without_leading_zero().to_vec();
                vec![(1, 3.into()), (3, (-257).into()), (-1, Cbor::Bytes(n)), (-2, Cbor::Bytes(e))]
            }
            Self::Ed25519(pair) => {
                let point = pair.public_key().as_ref().to_vec();
                vec![(1, 1.into()), (3, (-8).into()), (-1, 6.into()), (-2, Cbor::Bytes(point))]
            }
            Self::MlDsa { pair, alg } => {
                let key = pair.public_key().as_ref().to_vec();
                vec![(1, 7.into()), (3, (*alg).into()), (-1, Cbor::Bytes(key))]
            }
        }
    }

    pub(super) fn algorithm(&self) -> i64 {
        let (_, algorithm) = &self.members()[1];
        algorithm.as_integer().unwrap().try_into().unwrap()
    }

    /// Returns the bytes of the key; for an elliptic curve, the uncompressed point.
    pub(super) fn public_bytes(&self) -> Vec<u8> {
        match self {
            Self::Ec { pair, .. } => pair.public_key().as_ref().to_vec(),
            Self::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
            Self::MlDsa { pair, .. } => pair.public_key().as_ref().to_vec(),
        }
    }

    pub(super) fn cose(&self) -> Vec<u8> {
        cose(self.members())
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Ec { pair, .. } => pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
                signature
            }
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Self::MlDsa { pair, .. } => {
                let mut signature = vec![0; pair.algorithm().signature_len()];
                let length = pair.sign(message, &mut signature).unwrap();
                signature.truncate(length);
                signature
            }
        }
    }
}

pub(super) fn cbor(value: &Cbor) -> Vec<u8> {
    let mut out = Vec::new();
    ciborium::into_writer(value, &mut out).unwrap();
    out
}

pub(super) fn cose(members: Vec<(i64, Cbor)>) -> Vec<u8> {
    cbor(&Cbor::Map(members.into_iter().map(|(label, value)| (label.into(), value)).collect()))
}

pub(super) fn text(text: &str) -> Cbor {
    Cbor::Text(text.to_owned())
}

pub(super) fn map(members: Vec<(&str, Cbor)>) -> Cbor {
    Cbor::Map(members.into_iter().map(|(name, value)| (text(name), value)).collect())
}

pub(super) fn challenge() -> ChallengeValue {
    ChallengeValue(vec![7; 32])
}

pub(super) fn client_data(kind: &str) -> Value {
    json!({ "type": kind, "challenge": b64(&challenge().0), "origin": ORIGIN, "crossOrigin": false })
}

fn auth_data(rp_id: &str, flags: u8, sign_count: u32, rest: &[&[u8]]) -> Vec<u8> {
    let mut out = digest(&SHA256, rp_id.as_bytes()).as_ref().to_vec();
    out.push(flags);
    out.extend(sign_count.to_be_bytes());
    out.extend(rest.concat());
    out
}

fn signed_over(auth_data: &[u8], client_data_json: &[u8]) -> Vec<u8> {
    [auth_data, digest(&SHA256, client_data_json).as_ref()].concat()
}

/// A registration that tests can change.
pub(super) struct Registration {
    pub(super) key: Key,
    pub(super) state: CeremonyState,
    pub(super) challenge: ChallengeValue,
    pub(super) client_data: String,
    pub(super) rp_id: &'static str,
    pub(super) flags: u8,
    pub(super) sign_count: u32,
    pub(super) id: Vec<u8>,
    /// Credential id in the authenticator data, if it differs from `id`.
    pub(super) inner_id: Option<Vec<u8>>,
    pub(super) public_key: Vec<u8>,
    pub(super) extensions: Vec<u8>,
    pub(super) format: &'static str,
    pub(super) statement: Cbor,
}

impl Registration {
    pub(super) fn new() -> Self {
        Self::with(Key::es256())
    }

    pub(super) fn with(key: Key) -> Self {
        Self {
            public_key: key.cose(),
            key,
            state: state(UserVerification::Required),
            challenge: challenge(),
            client_data: client_data("webauthn.create").to_string(),
            rp_id: RP_ID,
            flags: UP | UV | AT,
            sign_count: 1,
            id: vec![9; 32],
            inner_id: None,
            extensions: Vec::new(),
            format: "none",
            statement: map(vec![]),
        }
    }

    pub(super) fn auth_data(&self) -> Vec<u8> {
        let id = self.inner_id.as_ref().unwrap_or(&self.id);
        let length = u16::try_from(id.len()).unwrap().to_be_bytes();
        let attested: [&[u8]; 4] = [&AAGUID, &length, id, &self.public_key];
        let attested = if self.flags & AT == 0 { Vec::new() } else { attested.concat() };
        auth_data(self.rp_id, self.flags, self.sign_count, &[&attested, &self.extensions])
    }

    /// Returns the bytes that are signed in most attestation formats.
    pub(super) fn signed_bytes(&self) -> Vec<u8> {
        signed_over(&self.auth_data(), self.client_data.as_bytes())
    }

    /// Replaces the statement with a self attestation of the registration in its current state.
    pub(super) fn self_attested(mut self) -> Self {
        let signature = self.key.sign(&signed_over(&self.auth_data(), self.client_data.as_bytes()));
        self.format = "packed";
        let alg = self.key.members()[1].1.clone();
        self.statement = map(vec![("alg", alg), ("sig", Cbor::Bytes(signature))]);
        self
    }

    pub(super) fn attestation_object(&self) -> Vec<u8> {
        cbor(&map(vec![
            ("fmt", text(self.format)),
            ("attStmt", self.statement.clone()),
            ("authData", Cbor::Bytes(self.auth_data())),
        ]))
    }

    pub(super) fn body(&self) -> Value {
        registration_body(&self.id, self.client_data.as_bytes(), &self.attestation_object())
    }

    pub(super) fn verify(&self) -> Result<VerifiedRegistration, VerificationError> {
        self.verify_with(&Metadata::default(), Timestamp::from_millis(0))
    }

    pub(super) fn verify_with(
        &self,
        metadata: &Metadata,
        now: Timestamp,
    ) -> Result<VerifiedRegistration, VerificationError> {
        let parsed = parse_registration(self.body().to_string().as_bytes()).unwrap();
        verify_registration(&self.state, &self.challenge, &parsed, metadata, now)
    }

    pub(super) fn credential(&self) -> Credential {
        stored(self.verify().unwrap())
    }

    pub(super) fn into_assertion(self) -> Assertion {
        Assertion {
            credential: self.credential(),
            key: self.key,
            state: self.state,
            challenge: challenge(),
            client_data: client_data("webauthn.get").to_string(),
            rp_id: RP_ID,
            flags: UP | UV,
            sign_count: 2,
            id: self.id,
            extensions: Vec::new(),
            signature: None,
        }
    }
}

/// An assertion that tests can change.
pub(super) struct Assertion {
    pub(super) credential: Credential,
    pub(super) key: Key,
    pub(super) state: CeremonyState,
    pub(super) challenge: ChallengeValue,
    pub(super) client_data: String,
    pub(super) rp_id: &'static str,
    pub(super) flags: u8,
    pub(super) sign_count: u32,
    pub(super) id: Vec<u8>,
    pub(super) extensions: Vec<u8>,
    pub(super) signature: Option<Vec<u8>>,
}

impl Assertion {
    pub(super) fn new() -> Self {
        Registration::new().into_assertion()
    }

    pub(super) fn allow(&mut self, id: &[u8]) {
        self.state.credentials = Some(vec![Base64Url(id.to_vec())]);
    }

    pub(super) fn auth_data(&self) -> Vec<u8> {
        auth_data(self.rp_id, self.flags, self.sign_count, &[&self.extensions])
    }

    pub(super) fn body(&self) -> Value {
        let auth_data = self.auth_data();
        let signature = self
            .signature
            .clone()
            .unwrap_or_else(|| self.key.sign(&signed_over(&auth_data, self.client_data.as_bytes())));
        assertion_body(&self.id, self.client_data.as_bytes(), &auth_data, &signature)
    }

    pub(super) fn verify(&self) -> Result<VerifiedAssertion, VerificationError> {
        self.verify_body(&self.body()).expect("the body is well-formed")
    }

    /// Verifies a body and compares the result with that of webauthn-rs. Returns `None` for a malformed body.
    pub(super) fn verify_body(&self, body: &Value) -> Option<Result<VerifiedAssertion, VerificationError>> {
        let body = body.to_string();
        let parsed = parse_assertion(body.as_bytes()).ok()?;
        let result = verify_assertion(&self.state, &self.challenge, &self.credential, &parsed);
        let client_data: Value = serde_json::from_str(&self.client_data).unwrap_or_default();
        let origins = &self.state.origins;
        let used = client_data["origin"].as_str().filter(|&used| origins.iter().any(|listed| listed == used));
        let expected = Expected {
            rp_id: RP_ID,
            // webauthn-rs takes only one origin, so it gets the listed origin that the client data contains.
            origin: used.unwrap_or(ORIGIN),
            challenge: &self.challenge.0,
            user_verification: self.state.user_verification == UserVerification::Required,
        };
        let credential =
            StoredCredential { public_key: &self.credential.public_key, sign_count: self.credential.sign_count };
        // webauthn-rs supports only some of the algorithms.
        if !reference_verifier::supports(&self.credential.public_key) {
            return Some(result);
        }
        let reference = reference_verifier::verify(expected, credential, body.as_bytes());
        match result.as_ref().map_err(|error| error.code) {
            Ok(_) => assert!(reference.is_ok(), "Doorward accepts, webauthn-rs returns {reference:?}: {body}"),
            Err(ErrorCode::SignatureInvalid) => {
                assert!(
                    matches!(&reference, Err(WebauthnError::AuthenticationFailure | WebauthnError::SignatureInvalid)),
                    "Doorward rejects the signature, webauthn-rs returns {reference:?}: {body}"
                );
            }
            Err(ErrorCode::CounterRegression) => {
                assert!(matches!(reference, Err(WebauthnError::CredentialPossibleCompromise)), "{reference:?}: {body}");
            }
            // Doorward's other errors come from checks in which it is stricter than webauthn-rs.
            Err(_) => {}
        }
        Some(result)
    }
}
