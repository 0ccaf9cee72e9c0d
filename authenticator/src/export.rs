//! Export and import of authenticators, for tests. Exports contain unencrypted private keys.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Algorithm, Attachment, Attestation, Authenticator, ClientError, Counter, Credential, Key, base64url, from_base64url,
};

#[derive(Serialize, Deserialize)]
struct Exported {
    algorithm: Algorithm,
    attestation: Attestation,
    aaguid: [u8; 16],
    user_verification: bool,
    resident_keys: bool,
    backup_eligible: bool,
    backup_state: bool,
    counter: Counter,
    attachment: Option<Attachment>,
    transports: Option<Vec<String>>,
    credentials: Vec<ExportedCredential>,
}

#[derive(Serialize, Deserialize)]
struct ExportedCredential {
    id: String,
    rp_id: String,
    user_handle: String,
    discoverable: bool,
    sign_count: u32,
    algorithm: Algorithm,
    private_key: String,
}

impl Authenticator {
    /// Exports the settings and credentials as JSON, including the private keys.
    pub fn export(&self) -> Result<Value, ClientError> {
        let credentials = self.credentials.iter().map(|credential| {
            Ok(ExportedCredential {
                id: base64url(&credential.id),
                rp_id: credential.rp_id.clone(),
                user_handle: base64url(&credential.user_handle),
                discoverable: credential.discoverable,
                sign_count: credential.sign_count,
                algorithm: credential.key.algorithm(),
                private_key: base64url(&credential.key.to_pkcs8()?),
            })
        });
        let exported = Exported {
            algorithm: self.algorithm,
            attestation: self.attestation,
            aaguid: self.aaguid,
            user_verification: self.user_verification,
            resident_keys: self.resident_keys,
            backup_eligible: self.backup_eligible,
            backup_state: self.backup_state,
            counter: self.counter,
            attachment: self.attachment,
            transports: self.transports.clone(),
            credentials: credentials.collect::<Result<_, ClientError>>()?,
        };
        serde_json::to_value(exported).map_err(|error| ClientError::Import(error.to_string()))
    }

    /// Imports the JSON of [`Authenticator::export`].
    pub fn import(exported: &Value) -> Result<Self, ClientError> {
        let from = Exported::deserialize(exported).map_err(|error| ClientError::Import(error.to_string()))?;
        let bytes = |text: &str| from_base64url(text).ok_or_else(|| ClientError::Import("not base64url".into()));
        let credentials = from.credentials.iter().map(|credential| {
            Ok(Credential {
                id: bytes(&credential.id)?,
                rp_id: credential.rp_id.clone(),
                user_handle: bytes(&credential.user_handle)?,
                discoverable: credential.discoverable,
                sign_count: credential.sign_count,
                key: Arc::new(Key::from_pkcs8(credential.algorithm, &bytes(&credential.private_key)?)?),
            })
        });
        let credentials = credentials.collect::<Result<_, ClientError>>()?;
        Ok(Self {
            algorithm: from.algorithm,
            attestation: from.attestation,
            aaguid: from.aaguid,
            user_verification: from.user_verification,
            resident_keys: from.resident_keys,
            backup_eligible: from.backup_eligible,
            backup_state: from.backup_state,
            counter: from.counter,
            attachment: from.attachment,
            transports: from.transports,
            credentials,
        })
    }
}
