//! An assertion's parts, before they are signed and before they are sent (WebAuthn §5.1.4, §6.3.3).

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::{AuthenticatorData, ClientData, ClientError, Key, base64url, sha256};

/// What an assertion is made of, before anything is hashed or signed.
#[derive(Debug, Clone)]
pub struct AssertionParts {
    /// The credential's key; [`AssertionParts::sign`] signs with it.
    pub key: Arc<Key>,
    /// The credential's id.
    pub credential_id: Vec<u8>,
    /// What the client says it did.
    pub client_data: ClientData,
    /// What the authenticator says.
    pub authenticator_data: AuthenticatorData,
    /// Whose credential it is.
    pub user_handle: Option<Vec<u8>>,
    /// Where the authenticator is: `platform` or `cross-platform`.
    pub attachment: String,
}

impl AssertionParts {
    /// Signs with the credential's own key.
    ///
    /// # Errors
    /// [`ClientError::Crypto`] when no signature could be made.
    pub fn sign(self) -> Result<SignedAssertion, ClientError> {
        let key = Arc::clone(&self.key);
        self.sign_with(&key)
    }

    /// Signs with any key.
    ///
    /// # Errors
    /// [`ClientError::Crypto`] when no signature could be made.
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

/// An assertion that is complete but for its JSON form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedAssertion {
    /// The credential's id as text.
    pub id: String,
    /// The credential's id.
    pub raw_id: Vec<u8>,
    /// `public-key`.
    pub kind: String,
    /// What the client says it did.
    pub client_data_json: Vec<u8>,
    /// RP ID hash, flags, counter, extensions.
    pub authenticator_data: Vec<u8>,
    /// Over `authenticator_data` and the hash of `client_data_json`.
    pub signature: Vec<u8>,
    /// Whose credential it is.
    pub user_handle: Option<Vec<u8>>,
    /// Where the authenticator is.
    pub attachment: String,
}

impl SignedAssertion {
    /// `AuthenticationResponseJSON` (WebAuthn §5.1.8).
    #[must_use]
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
