//! Attestation objects (WebAuthn §6.5.4) and the handling of each statement format (§8).

use super::{
    auth_data::AuthData,
    cbor,
    cbor::Reader,
    options::{ALGORITHMS, ES256, ES384},
};

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

/// Whether a statement can be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StatementSupport {
    None,
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

    /// Returns whether the statement can be verified. A statement that webauthn-rs does not support is accepted without
    /// verification, because a rejection locks out the owner of the authenticator without a security benefit.
    pub(super) fn support(&self) -> StatementSupport {
        let members = StatementMembers::parse(&self.statement).unwrap_or_default();
        match self.format.as_str() {
            "none" => StatementSupport::None,
            // webauthn-rs supports neither ECDAA (which was withdrawn) nor algorithms outside `ALGORITHMS`.
            "packed" if members.ecdaa && !members.certificates => StatementSupport::Unverifiable,
            "packed" if members.certificates && members.algorithm_outside(ALGORITHMS) => StatementSupport::Unverifiable,
            // webauthn-rs supports only elliptic curve keys in Android certificates.
            "android-key" if members.algorithm_outside(&[ES256, ES384]) => StatementSupport::Unverifiable,
            "packed" | "fido-u2f" | "apple" | "android-key" => StatementSupport::Verifiable,
            _ => StatementSupport::Unverifiable,
        }
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

/// Members of a statement that decide whether webauthn-rs supports it.
#[derive(Default)]
struct StatementMembers {
    algorithm: Option<i64>,
    /// `x5c` is a non-empty list of byte strings.
    certificates: bool,
    ecdaa: bool,
}

impl StatementMembers {
    fn parse(statement: &[u8]) -> Option<Self> {
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
