//! A registration's parts, before they are signed and before they are sent (WebAuthn §5.1.3, §6.5).

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::{
    AuthenticatorData, ClientData, ClientError, Key, base64url,
    cbor::{self, Value},
    sha256,
};

/// The attestation statement to make (WebAuthn §8).
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// §8.7.
    None,
    /// §8.2, signed with the credential's own key.
    PackedSelf,
    /// Whatever is given, also nonsense.
    Literal {
        /// The statement's format.
        format: Value,
        /// The statement.
        statement: Value,
    },
}

/// What a registration is made of, before anything is hashed or signed.
#[derive(Debug, Clone)]
pub struct RegistrationParts {
    /// The new credential's key; [`RegistrationParts::sign`] signs with it.
    pub key: Arc<Key>,
    /// What the client says it did.
    pub client_data: ClientData,
    /// What the authenticator says.
    pub authenticator_data: AuthenticatorData,
    /// The attestation statement to make.
    pub statement: Statement,
    /// How the authenticator can be reached.
    pub transports: Vec<String>,
    /// Where the authenticator is: `platform` or `cross-platform`.
    pub attachment: String,
    /// Outputs of client extensions.
    pub client_extensions: Map<String, Json>,
}

impl RegistrationParts {
    /// Signs with the credential's own key.
    ///
    /// # Errors
    /// [`ClientError::Crypto`] when no signature could be made.
    pub fn sign(&self) -> Result<SignedRegistration, ClientError> {
        self.sign_with(&self.key)
    }

    /// Signs the attestation with any key, for a statement that does not verify.
    ///
    /// # Errors
    /// [`ClientError::Crypto`] when no signature could be made.
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

/// An attestation object in CTAP2's canonical order (WebAuthn §6.5.4).
#[must_use]
pub fn attestation_object(format: Value, statement: Value, authenticator_data: Value) -> Vec<u8> {
    cbor::encode(&cbor::text_map([("fmt", format), ("attStmt", statement), ("authData", authenticator_data)]))
}

/// A registration that is complete but for its JSON form.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedRegistration {
    /// The credential's id as text.
    pub id: String,
    /// The credential's id.
    pub raw_id: Vec<u8>,
    /// `public-key`.
    pub kind: String,
    /// What the client says it did.
    pub client_data_json: Vec<u8>,
    /// The authenticator's CBOR statement.
    pub attestation_object: Vec<u8>,
    /// A copy of what the attestation object holds, for servers that read no CBOR.
    pub authenticator_data: Vec<u8>,
    /// The public key as `SubjectPublicKeyInfo`, for the same.
    pub public_key: Option<Vec<u8>>,
    /// COSE algorithm identifier, for the same.
    pub algorithm: i64,
    /// How the authenticator can be reached.
    pub transports: Vec<String>,
    /// Where the authenticator is.
    pub attachment: String,
    /// Outputs of client extensions.
    pub client_extensions: Map<String, Json>,
}

impl SignedRegistration {
    /// `RegistrationResponseJSON` (WebAuthn §5.1.8).
    #[must_use]
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
