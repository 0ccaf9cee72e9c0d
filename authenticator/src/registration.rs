//! Registrations before they are signed and sent (WebAuthn §5.1.3, §6.5).

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::{
    AuthenticatorData, ClientData, ClientError, Key, base64url,
    cbor::{self, Value},
    sha256,
};

/// Attestation statement of a new credential (WebAuthn §8).
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// No attestation (§8.7).
    None,
    /// Packed self attestation (§8.2).
    PackedSelf,
    /// The given values, which may be invalid.
    Literal { format: Value, statement: Value },
}

/// Data of a registration before it is hashed and signed.
#[derive(Debug, Clone)]
pub struct RegistrationParts {
    /// Key pair of the new credential, used by [`RegistrationParts::sign`].
    pub key: Arc<Key>,
    pub client_data: ClientData,
    pub authenticator_data: AuthenticatorData,
    pub statement: Statement,
    pub transports: Vec<String>,
    /// Authenticator attachment: `platform` or `cross-platform`.
    pub attachment: String,
    pub client_extensions: Map<String, Json>,
}

impl RegistrationParts {
    pub fn sign(&self) -> Result<SignedRegistration, ClientError> {
        self.sign_with(&self.key)
    }

    /// Signs the attestation with another key, which makes the statement invalid.
    pub fn sign_with(&self, key: &Key) -> Result<SignedRegistration, ClientError> {
        let client_data_json = self.client_data.to_bytes();
        let authenticator_data = self.authenticator_data.to_bytes();
        let (format, statement) = match &self.statement {
            Statement::None => (Value::Text("none".into()), Value::Map(vec![])),
            Statement::PackedSelf => {
                let message = [&*authenticator_data, &sha256(&client_data_json)].concat();
                let alg = Value::Integer(key.algorithm().cose().into());
                let statement = cbor::text_map([("alg", alg), ("sig", Value::Bytes(key.sign(&message)?))]);
                (Value::Text("packed".into()), statement)
            }
            Statement::Literal { format, statement } => (format.clone(), statement.clone()),
        };
        let id = self.authenticator_data.attested.as_ref().map(|a| a.credential_id.clone()).unwrap_or_default();
        Ok(SignedRegistration {
            id: base64url(&id),
            raw_id: id,
            kind: "public-key".into(),
            client_data_json,
            attestation_object: attestation_object(format, statement, Value::Bytes(authenticator_data.clone())),
            authenticator_data,
            public_key: self.key.spki(),
            algorithm: self.key.algorithm().cose(),
            transports: self.transports.clone(),
            attachment: self.attachment.clone(),
            client_extensions: self.client_extensions.clone(),
        })
    }
}

/// Encodes an attestation object in the canonical order of CTAP2 (WebAuthn §6.5.4).
pub fn attestation_object(format: Value, statement: Value, authenticator_data: Value) -> Vec<u8> {
    cbor::encode(&cbor::text_map([("fmt", format), ("attStmt", statement), ("authData", authenticator_data)]))
}

/// A signed registration before its conversion to JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedRegistration {
    /// Credential id in base64url.
    pub id: String,
    pub raw_id: Vec<u8>,
    /// `public-key`.
    pub kind: String,
    pub client_data_json: Vec<u8>,
    /// The CBOR attestation object.
    pub attestation_object: Vec<u8>,
    /// Copy of the authenticator data in the attestation object, for servers that do not parse CBOR.
    pub authenticator_data: Vec<u8>,
    /// Copy of the public key as `SubjectPublicKeyInfo`.
    pub public_key: Option<Vec<u8>>,
    pub algorithm: i64,
    pub transports: Vec<String>,
    pub attachment: String,
    pub client_extensions: Map<String, Json>,
}

impl SignedRegistration {
    /// Converts to `RegistrationResponseJSON` (WebAuthn §5.1.8).
    pub fn into_json(self) -> Json {
        let mut body = json!({
            "id": self.id,
            "rawId": base64url(&self.raw_id),
            "type": self.kind,
            "response": {
                "clientDataJSON": base64url(&self.client_data_json),
                "attestationObject": base64url(&self.attestation_object),
                "authenticatorData": base64url(&self.authenticator_data),
                "publicKeyAlgorithm": self.algorithm,
                "transports": self.transports,
            },
            "authenticatorAttachment": self.attachment,
            "clientExtensionResults": self.client_extensions,
        });
        if let (Some(spki), Some(response)) = (self.public_key, body.get_mut("response").and_then(Json::as_object_mut))
        {
            response.insert("publicKey".into(), base64url(&spki).into());
        }
        body
    }
}
