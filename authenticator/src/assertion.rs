//! Assertions before they are signed and sent (WebAuthn §5.1.4, §6.3.3).

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::{AuthenticatorData, ClientData, ClientError, Key, base64url, sha256};

/// Data of an assertion before it is hashed and signed.
#[derive(Debug, Clone)]
pub struct AssertionParts {
    /// Key pair of the credential, used by [`AssertionParts::sign`].
    pub key: Arc<Key>,
    pub credential_id: Vec<u8>,
    pub client_data: ClientData,
    pub authenticator_data: AuthenticatorData,
    pub user_handle: Option<Vec<u8>>,
    /// Authenticator attachment: `platform` or `cross-platform`.
    pub attachment: String,
}

impl AssertionParts {
    pub fn sign(self) -> Result<SignedAssertion, ClientError> {
        let key = Arc::clone(&self.key);
        self.sign_with(&key)
    }

    /// Signs with another key, which makes the signature invalid.
    pub fn sign_with(self, key: &Key) -> Result<SignedAssertion, ClientError> {
        let client_data_json = self.client_data.to_bytes();
        let authenticator_data = self.authenticator_data.to_bytes();
        let signature = key.sign(&[&*authenticator_data, &sha256(&client_data_json)].concat())?;
        Ok(SignedAssertion {
            id: base64url(&self.credential_id),
            raw_id: self.credential_id,
            kind: "public-key".into(),
            client_data_json,
            authenticator_data,
            signature,
            user_handle: self.user_handle,
            attachment: self.attachment,
        })
    }
}

/// A signed assertion before its conversion to JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedAssertion {
    /// Credential id in base64url.
    pub id: String,
    pub raw_id: Vec<u8>,
    /// `public-key`.
    pub kind: String,
    pub client_data_json: Vec<u8>,
    pub authenticator_data: Vec<u8>,
    /// Signature over `authenticator_data` and the SHA-256 hash of `client_data_json`.
    pub signature: Vec<u8>,
    pub user_handle: Option<Vec<u8>>,
    pub attachment: String,
}

impl SignedAssertion {
    /// Converts to `AuthenticationResponseJSON` (WebAuthn §5.1.8).
    pub fn into_json(self) -> Json {
        let mut body = json!({
            "id": self.id,
            "rawId": base64url(&self.raw_id),
            "type": self.kind,
            "response": {
                "clientDataJSON": base64url(&self.client_data_json),
                "authenticatorData": base64url(&self.authenticator_data),
                "signature": base64url(&self.signature),
            },
            "authenticatorAttachment": self.attachment,
            "clientExtensionResults": {},
        });
        if let (Some(handle), Some(response)) =
            (self.user_handle, body.get_mut("response").and_then(Json::as_object_mut))
        {
            response.insert("userHandle".into(), base64url(&handle).into());
        }
        body
    }
}
