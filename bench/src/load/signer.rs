//! Assertions at the least cost: everything but the challenge and its signature is written before.

use std::sync::Arc;

use doorward_authenticator::{AuthenticatorData, ClientError, Credential, Key, base64url, flags, sha256};

/// One credential, ready to answer challenges.
#[derive(Debug, Clone)]
pub struct Signer {
    key: Arc<Key>,
    /// RP ID hash, flags, counter.
    authenticator_data: Vec<u8>,
    /// The body up to the client data.
    before: String,
    /// The body between client data and signature.
    between: String,
    /// The body after the signature.
    after: String,
    /// The client data after the challenge.
    client_data_after: String,
}

const CLIENT_DATA_BEFORE: &str = r#"{"type":"webauthn.get","challenge":""#;

impl Signer {
    /// What a browser on `origin` makes of this credential: user present and verified, counter 0.
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

    /// The finalize body for a challenge.
    ///
    /// # Errors
    /// [`ClientError::Crypto`] when no signature could be made.
    pub fn answer(&self, challenge: &str) -> Result<Vec<u8>, ClientError> {
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
    fn says_what_the_software_browser_says() {
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
            let mut ours: Value = serde_json::from_slice(&signer.answer("c2hhbGxlbmdl").unwrap()).unwrap();
            if !discoverable {
                theirs["response"].as_object_mut().unwrap().remove("userHandle").unwrap();
            }
            // ECDSA signs with another nonce each time.
            let signatures = [&mut ours, &mut theirs].map(|body| body["response"]["signature"].take());
            assert_ne!(signatures[0], signatures[1]);
            assert_eq!(ours, theirs);
        }
    }
}
