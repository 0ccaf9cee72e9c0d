//! Attestation objects, WebAuthn §6.5.4, and what Doorward does with each statement format (§8).

use super::{
    auth_data::AuthData,
    cbor,
    cbor::Reader,
    options::{ALGORITHMS, ES256, ES384},
};

/// The longest name of a format (WebAuthn §8.1).
const MAX_FORMAT_BYTES: usize = 32;

/// An encoded empty map: the statement of the format `none`.
const EMPTY_MAP: &[u8] = &[0xa0];

/// An attestation object taken apart, its pieces as they were sent.
#[derive(Debug, Clone)]
pub(super) struct AttestationObject {
    pub(super) format: String,
    /// The statement, encoded.
    statement: Vec<u8>,
    auth_data_bytes: Vec<u8>,
    pub(super) auth_data: AuthData,
}

/// How far a statement can be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    /// The authenticator says nothing about itself.
    Nothing,
    /// webauthn-rs verifies the statement; a wrong one is refused.
    Verifiable,
    /// It cannot: the format is recorded, the credential counts as unattested.
    Recorded,
}

impl AttestationObject {
    /// Takes an attestation object apart.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        let broken = "the attestation object is not the CBOR map it should be";
        let mut reader = Reader::new(bytes);
        let (mut format, mut statement, mut auth_data) = (None, None, None);
        for _ in 0..reader.map().ok_or(broken)? {
            // Unknown members, such as `epAtt`, are read past.
            let repeated = match reader.text().ok_or(broken)? {
                "fmt" => format.replace(reader.text().ok_or(broken)?).is_some(),
                "attStmt" => statement.replace(reader.encoded_item().ok_or(broken)?).is_some(),
                "authData" => auth_data.replace(reader.bytes().ok_or(broken)?).is_some(),
                _ => reader.encoded_item().ok_or(broken).map(|_| false)?,
            };
            if repeated {
                return Err("the attestation object names a member twice");
            }
        }
        if !reader.rest().is_empty() {
            return Err("the attestation object is followed by other bytes");
        }
        let (Some(format), Some(statement), Some(auth_data_bytes)) = (format, statement, auth_data) else {
            return Err("the attestation object lacks fmt, attStmt or authData");
        };
        if format.is_empty() || format.len() > MAX_FORMAT_BYTES || !format.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("the attestation format is no identifier");
        }
        let mut inside = Reader::new(statement);
        if inside.clone().map().is_none() && inside.array().is_none() {
            return Err("the attestation statement is neither a CBOR map nor, as in the format compound, an array");
        }
        Ok(Self {
            format: format.to_owned(),
            statement: statement.to_vec(),
            auth_data_bytes: auth_data_bytes.to_vec(),
            auth_data: AuthData::read(auth_data_bytes)?,
        })
    }

    /// Whether the statement is an empty map, as the format `none` wants it.
    pub(super) fn statement_is_empty(&self) -> bool {
        self.statement == EMPTY_MAP
    }

    /// What can be done with the statement. A statement that only webauthn-rs's limits keep from being verified is
    /// worth as much as none, and no less: refusing it would lock its owner out and make nobody safer.
    pub(super) fn judgement(&self) -> Judgement {
        let members = Members::read(&self.statement).unwrap_or_default();
        match self.format.as_str() {
            "none" => Judgement::Nothing,
            // ECDAA, which was withdrawn, or a certificate whose signature webauthn-rs cannot verify.
            "packed" if members.ecdaa && !members.certificates => Judgement::Recorded,
            "packed" if members.certificates && members.algorithm_outside(ALGORITHMS) => Judgement::Recorded,
            // It reads only elliptic keys from Android's certificates.
            "android-key" if members.algorithm_outside(&[ES256, ES384]) => Judgement::Recorded,
            "packed" | "fido-u2f" | "apple" | "android-key" => Judgement::Verifiable,
            _ => Judgement::Recorded,
        }
    }

    /// Whether the statement of an Android key was found sound but for its key description, the certificate's
    /// extension. webauthn-rs verifies the signature and compares the keys before it reads that extension, and cannot
    /// read what StrongBox and several Android versions write there. It then answers what it also answers for
    /// a broken list of certificates, which is ruled out here.
    pub(super) fn is_android_key_of_unknown_description(&self) -> bool {
        self.format == "android-key" && Members::read(&self.statement).is_some_and(|members| members.certificates)
    }

    /// The object encoded anew, without members Doorward has no use for.
    pub(super) fn encode(&self) -> Vec<u8> {
        self.encode_as(&self.format, &self.statement)
    }

    /// The object as it were had the authenticator said nothing about itself. The authenticator data, which holds all
    /// that is registered, stays as it is.
    pub(super) fn encode_without_statement(&self) -> Vec<u8> {
        self.encode_as("none", EMPTY_MAP)
    }

    fn encode_as(&self, format: &str, statement: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + statement.len() + self.auth_data_bytes.len());
        cbor::write_map(&mut out, 3);
        cbor::write_text(&mut out, "fmt");
        cbor::write_text(&mut out, format);
        cbor::write_text(&mut out, "attStmt");
        out.extend_from_slice(statement);
        cbor::write_text(&mut out, "authData");
        cbor::write_bytes(&mut out, &self.auth_data_bytes);
        out
    }
}

/// What is looked at in a statement before it is judged.
#[derive(Default)]
struct Members {
    algorithm: Option<i64>,
    /// `x5c` is a list of byte strings, and not empty.
    certificates: bool,
    ecdaa: bool,
}

impl Members {
    fn read(statement: &[u8]) -> Option<Self> {
        let mut members = Self::default();
        let mut reader = Reader::new(statement);
        for _ in 0..reader.map()? {
            let name = reader.text()?;
            let mut value = Reader::new(reader.encoded_item()?);
            match name {
                "alg" => members.algorithm = value.integer(),
                "ecdaaKeyId" => members.ecdaa = true,
                "x5c" => {
                    members.certificates =
                        value.array().is_some_and(|count| count > 0 && (0..count).all(|_| value.bytes().is_some()));
                }
                _ => {}
            }
        }
        Some(members)
    }

    fn algorithm_outside(&self, known: &[i64]) -> bool {
        self.algorithm.is_some_and(|algorithm| !known.contains(&algorithm))
    }
}
