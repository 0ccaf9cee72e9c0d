//! Fast assertions: everything except the challenge and the signature is prepared in advance.

use std::sync::Arc;

use doorward_authenticator::{AuthenticatorData, ClientError, Credential, Key, base64url, flags, sha256};

/// A credential with prepared parts of its assertion.
#[derive(Debug, Clone)]
pub struct Signer {
    key: Arc<Key>,
    /// RP ID hash, flags, counter.
    authenticator_data: Vec<u8>,
    /// Body up to the client data.
    before: String,
    /// Body between client data and signature.
    between: String,
    /// Body after the signature.
    after: String,
    /// Client data after the challenge.
    client_data_after: String,
}

const CLIENT_DATA_BEFORE: &str = r#"{"type":"webauthn.get","challenge":""#;

impl Signer {
    /// Prepares assertions of a browser on `origin`, with user presence, user verification and counter 0.
    #[must_use]
    pub fn new(credential: &Credential, origin: &str) -> Self {
        let authenticator_data = AuthenticatorData {
            rp_id_hash: sha256(credential.rp_id.as_bytes()).to_vec(),
            flags: flags::UP | flags::UV,
            sign_count: 0,
            attested: None,
            extensions: None,
            trailing: Vec::new(),
            cut: None,
        }
        .to_bytes();
        let id = base64url(&credential.id);
        let handle = if credential.discoverable {
            format!(r#","userHandle":"{}""#, base64url(&credential.user_handle))
        } else {
            String::new()
        };
        let origin = serde_json::Value::from(origin);
        Self {
            key: Arc::clone(&credential.key),
            before: format!(r#"{{"id":"{id}","rawId":"{id}","type":"public-key","response":{{"clientDataJSON":""#),
            between: format!(r#"","authenticatorData":"{}","signature":""#, base64url(&authenticator_data)),
            after: format!(r#""{handle}}},"authenticatorAttachment":"cross-platform","clientExtensionResults":{{}}}}"#),
            client_data_after: format!(r#"","origin":{origin},"crossOrigin":false}}"#),
            authenticator_data,
        }
    }

    /// Returns the finalize body for a challenge.
    ///
    /// # Errors
    /// Returns [`ClientError::Crypto`] if signing fails.
    pub fn sign(&self, challenge: &str) -> Result<Vec<u8>, ClientError> {
        let client_data = [CLIENT_DATA_BEFORE, challenge, &self.client_data_after].concat();
        let mut signed = self.authenticator_data.clone();
        signed.extend_from_slice(&sha256(client_data.as_bytes()));
        let signature = self.key.sign(&signed)?;
        let (client_data, signature) = (base64url(client_data.as_bytes()), base64url(&signature));
        Ok([&*self.before, &client_data, &self.between, &signature, &self.after].concat().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use doorward_authenticator::{Attachment, Authenticator, Client};
    use serde_json::{Value, json};

    use super::Signer;

    #[test]
    fn assertion_equals_that_of_the_software_client() {
        let origin = "https://login.example.com";
        let mut authenticator = Authenticator::new().attachment(Attachment::CrossPlatform);
        let browser = Client::new(origin);
        let created = browser.create(
            &mut authenticator,
            &json!({"publicKey": {
                "rp": {"name": "Example", "id": "example.com"},
                "user": {"id": "YWxpY2U", "name": "alice", "displayName": "Alice"},
                "challenge": "AAAA",
                "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
                "authenticatorSelection": {"residentKey": "required"},
            }}),
        );
        created.unwrap();
        let options = json!({"publicKey": {"challenge": "c2hhbGxlbmdl", "rpId": "example.com"}});
        let mut theirs = browser.get(&mut authenticator, &options).unwrap();
        for discoverable in [true, false] {
            authenticator.credentials_mut()[0].discoverable = discoverable;
            let signer = Signer::new(&authenticator.credentials()[0], origin);
            let mut ours: Value = serde_json::from_slice(&signer.sign("c2hhbGxlbmdl").unwrap()).unwrap();
            if !discoverable {
                theirs["response"].as_object_mut().unwrap().remove("userHandle").unwrap();
            }
            // ECDSA signatures contain a random nonce.
            let signatures = [&mut ours, &mut theirs].map(|body| body["response"]["signature"].take());
            assert_ne!(signatures[0], signatures[1]);
            assert_eq!(ours, theirs);
        }
    }
}
