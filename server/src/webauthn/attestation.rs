//! Attestation objects (WebAuthn §6.5.4).

use doorward_shared::CoseAlgorithm;

use super::{
    auth_data::{AttestedCredential, AuthData},
    cbor::{self, Reader},
    cose::PublicKey,
    error::VerificationError,
    statement::{self, Registration, Statement, Verdict},
};

const ES256: i64 = CoseAlgorithm::Es256.id();
const ES384: i64 = CoseAlgorithm::Es384.id();
const RS256: i64 = CoseAlgorithm::Rs256.id();

/// Maximum length of a format name (WebAuthn §8.1).
const MAX_FORMAT_BYTES: usize = 32;

/// A parsed attestation object. Its parts contain the bytes exactly as they were sent.
#[derive(Debug, Clone)]
pub(super) struct AttestationObject {
    pub(super) format: String,
    /// CBOR-encoded statement.
    statement: Vec<u8>,
    auth_data_bytes: Vec<u8>,
    pub(super) auth_data: AuthData,
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

    /// Verifies the statement; see [`statement::verify`].
    pub(super) fn verify_statement(
        &self,
        credential: &AttestedCredential,
        key: &PublicKey,
        client_data_hash: &[u8],
    ) -> Result<Verdict<'_>, VerificationError> {
        let registration = Registration {
            auth_data: &self.auth_data_bytes,
            rp_id_hash: &self.auth_data.rp_id_hash,
            client_data_hash,
            credential,
            key,
        };
        let verified = statement::verify(&self.format, &self.statement, &registration);
        verified.map_err(|error| error.of_format(&self.format))
    }

    /// Returns whether webauthn-rs can verify the statement too. webauthn-rs always rejects the format `tpm`.
    pub(super) fn is_known_to_webauthn_rs(&self, key: &PublicKey) -> bool {
        let members = Statement::parse(&self.statement).unwrap_or_default();
        let known = |algorithms: &[i64]| members.algorithm.is_some_and(|algorithm| algorithms.contains(&algorithm));
        key.known_to_webauthn_rs
            && match self.format.as_str() {
                "packed" => known(&[ES256, ES384, RS256]),
                // webauthn-rs supports only elliptic curve keys in Android certificates.
                "android-key" => known(&[ES256, ES384]),
                "fido-u2f" | "apple" => true,
                _ => false,
            }
    }

    /// Returns whether the error `AttestationStatementX5CInvalid` of webauthn-rs can be ignored for this object.
    /// webauthn-rs first verifies the signature and the key. It then returns this error if it cannot parse the key
    /// description in the certificate. StrongBox and some Android versions create such descriptions. A malformed list
    /// of certificates causes the same error, so this method checks the list.
    pub(super) fn is_android_key_with_unknown_description(&self) -> bool {
        self.format == "android-key"
            && Statement::parse(&self.statement).is_some_and(|members| members.has_certificates())
    }

    /// Re-encodes the object without unknown members.
    pub(super) fn encode(&self) -> Vec<u8> {
        self.encode_as(&self.format, &self.statement)
    }

    /// Re-encodes the object with format `none`. The authenticator data, which contains the credential, is unchanged.
    pub(super) fn encode_without_statement(&self) -> Vec<u8> {
        self.encode_as("none", statement::EMPTY_MAP)
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
