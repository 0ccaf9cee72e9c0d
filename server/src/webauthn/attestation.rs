//! Attestation objects (WebAuthn §6.5.4) and the handling of each statement format (§8).

use doorward_shared::{CoseAlgorithm, ErrorCode};

use super::{
    auth_data::AuthData,
    cbor::{self, Reader},
    cose::PublicKey,
    error::VerificationError,
};

const ES256: i64 = CoseAlgorithm::Es256.id();
const ES384: i64 = CoseAlgorithm::Es384.id();
const RS256: i64 = CoseAlgorithm::Rs256.id();

/// Maximum length of a format name (WebAuthn §8.1).
const MAX_FORMAT_BYTES: usize = 32;

/// An empty CBOR map, the statement of format `none`.
const EMPTY_MAP: &[u8] = &[0xa0];

/// A parsed attestation object. Its parts are the bytes that were sent.
#[derive(Debug, Clone)]
pub(super) struct AttestationObject {
    pub(super) format: String,
    /// CBOR-encoded statement.
    statement: Vec<u8>,
    auth_data_bytes: Vec<u8>,
    pub(super) auth_data: AuthData,
}

/// How a statement is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StatementSupport {
    None,
    /// The key of the credential signed the statement.
    SelfAttestation,
    /// webauthn-rs verifies the statement, and an invalid one is rejected.
    Verifiable,
    /// The statement cannot be verified. Its format is recorded, and the credential counts as unattested.
    Unverifiable,
}

impl AttestationObject {
    /// Parses an attestation object. The error names the problem.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let malformed = "the attestation object is not a valid CBOR map";
        let mut reader = Reader::new(bytes);
        let (mut format, mut statement, mut auth_data) = (None, None, None);
        for _ in 0..reader.map().ok_or(malformed)? {
            // Unknown members, such as `epAtt`, are skipped.
            let repeated = match reader.text().ok_or(malformed)? {
                "fmt" => format.replace(reader.text().ok_or(malformed)?).is_some(),
                "attStmt" => statement.replace(reader.encoded_item().ok_or(malformed)?).is_some(),
                "authData" => auth_data.replace(reader.bytes().ok_or(malformed)?).is_some(),
                _ => reader.encoded_item().ok_or(malformed).map(|_| false)?,
            };
            if repeated {
                return Err("the attestation object repeats a member");
            }
        }
        if !reader.rest().is_empty() {
            return Err("the attestation object is followed by extra bytes");
        }
        let (Some(format), Some(statement), Some(auth_data_bytes)) = (format, statement, auth_data) else {
            return Err("the attestation object is missing fmt, attStmt or authData");
        };
        if format.is_empty() || format.len() > MAX_FORMAT_BYTES || !format.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("the attestation format is not a valid identifier");
        }
        let mut reader = Reader::new(statement);
        if reader.clone().map().is_none() && reader.array().is_none() {
            return Err("the attestation statement is neither a CBOR map nor an array (format compound)");
        }
        Ok(Self {
            format: format.to_owned(),
            statement: statement.to_vec(),
            auth_data_bytes: auth_data_bytes.to_vec(),
            auth_data: AuthData::parse(auth_data_bytes)?,
        })
    }

    /// Returns whether the statement is an empty map, as the format `none` requires.
    pub(super) fn statement_is_empty(&self) -> bool {
        self.statement == EMPTY_MAP
    }

    /// Returns how the statement about a key is verified. A statement that webauthn-rs does not support is accepted
    /// without verification, because a rejection locks out the owner of the authenticator without a security benefit.
    pub(super) fn support(&self, key: &PublicKey) -> StatementSupport {
        let members = StatementMembers::parse(&self.statement).unwrap_or_default();
        match self.format.as_str() {
            "none" => StatementSupport::None,
            // ECDAA was withdrawn.
            "packed" if members.ecdaa && !members.certificates => StatementSupport::Unverifiable,
            "packed" if !members.names_certificates => StatementSupport::SelfAttestation,
            _ if !key.known_to_webauthn_rs => StatementSupport::Unverifiable,
            "packed" if members.algorithm_outside(&[ES256, ES384, RS256]) => StatementSupport::Unverifiable,
            // webauthn-rs supports only elliptic curve keys in Android certificates.
            "android-key" if members.algorithm_outside(&[ES256, ES384]) => StatementSupport::Unverifiable,
            "packed" | "fido-u2f" | "apple" | "android-key" => StatementSupport::Verifiable,
            _ => StatementSupport::Unverifiable,
        }
    }

    /// Verifies a statement without certificates (§8.2): the algorithm is that of the credential, whose key signed the
    /// authenticator data and the hash of the client data.
    pub(super) fn verify_self_attestation(
        &self,
        key: &PublicKey,
        client_data_hash: &[u8],
    ) -> Result<(), VerificationError> {
        let invalid = |reason| VerificationError::new(ErrorCode::AttestationInvalid, reason);
        let Some(StatementMembers { algorithm: Some(algorithm), signature: Some(signature), .. }) =
            StatementMembers::parse(&self.statement)
        else {
            return Err(invalid("the attestation statement has a missing or invalid member"));
        };
        if algorithm != key.id {
            return Err(invalid("the attestation statement and the public key have different algorithms"));
        }
        if !key.verifies(&[&self.auth_data_bytes, client_data_hash].concat(), signature) {
            return Err(invalid("the signature of the attestation statement is not valid"));
        }
        Ok(())
    }

    /// Returns whether a certificate error of webauthn-rs concerns only the key description, a certificate extension.
    /// webauthn-rs verifies signature and key first, but cannot parse the extension of StrongBox and some Android
    /// versions. It returns the same error for a malformed certificate list, so this method checks the list.
    pub(super) fn is_android_key_with_unknown_description(&self) -> bool {
        self.format == "android-key"
            && StatementMembers::parse(&self.statement).is_some_and(|members| members.certificates)
    }

    /// Re-encodes the object without unknown members.
    pub(super) fn encode(&self) -> Vec<u8> {
        self.encode_as(&self.format, &self.statement)
    }

    /// Re-encodes the object with format `none`. The authenticator data, which contains the credential, is unchanged.
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

/// Members of a statement that decide how it is verified.
#[derive(Default)]
struct StatementMembers<'a> {
    algorithm: Option<i64>,
    signature: Option<&'a [u8]>,
    /// `x5c` is present.
    names_certificates: bool,
    /// `x5c` is a non-empty list of byte strings.
    certificates: bool,
    ecdaa: bool,
}

impl<'a> StatementMembers<'a> {
    fn parse(statement: &'a [u8]) -> Option<Self> {
        let mut members = Self::default();
        let mut reader = Reader::new(statement);
        for _ in 0..reader.map()? {
            let name = reader.text()?;
            let mut value = Reader::new(reader.encoded_item()?);
            match name {
                "alg" => members.algorithm = value.integer(),
                "sig" => members.signature = value.bytes(),
                "ecdaaKeyId" => members.ecdaa = true,
                "x5c" => {
                    members.names_certificates = true;
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
