//! The authenticator: its capabilities and credentials (WebAuthn §6).

use std::sync::Arc;

use aws_lc_rs::rand;

use crate::{Algorithm, ClientError, Key, flags};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attestation {
    #[default]
    None,
    /// Self attestation: a `packed` statement signed with the key of the credential.
    PackedSelf,
}

/// Behaviour of the signature counter (WebAuthn §6.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Counter {
    /// Always 0, as for synced passkeys.
    #[default]
    Zero,
    /// Starts at 1 and increases with each assertion.
    Increasing,
}

/// Authenticator attachment (WebAuthn §5.4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attachment {
    /// Built into the client device.
    Platform,
    /// Roaming, such as a security key.
    CrossPlatform,
}

impl Attachment {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::CrossPlatform => "cross-platform",
        }
    }
}

/// A public key credential source (WebAuthn §4).
#[derive(Debug, Clone)]
pub struct Credential {
    pub id: Vec<u8>,
    pub rp_id: String,
    pub user_handle: Vec<u8>,
    /// Whether the credential is discoverable: it can be used without its id and returns the user handle.
    pub discoverable: bool,
    pub sign_count: u32,
    pub key: Arc<Key>,
}

/// A software authenticator. A clone has the same credentials with separate counters, like a cloned security key.
#[derive(Debug, Clone)]
pub struct Authenticator {
    pub(crate) algorithm: Algorithm,
    pub(crate) attestation: Attestation,
    pub(crate) aaguid: [u8; 16],
    pub(crate) user_verification: bool,
    pub(crate) resident_keys: bool,
    pub(crate) backup_eligible: bool,
    pub(crate) backup_state: bool,
    pub(crate) counter: Counter,
    pub(crate) attachment: Option<Attachment>,
    pub(crate) transports: Option<Vec<String>>,
    pub(crate) credentials: Vec<Credential>,
}

impl Default for Authenticator {
    fn default() -> Self {
        Self::new()
    }
}

impl Authenticator {
    /// Creates an authenticator with ES256, user verification and resident keys, without attestation or backup. Its
    /// counter stays 0, and its attachment is the one that the options request.
    pub const fn new() -> Self {
        Self {
            algorithm: Algorithm::Es256,
            attestation: Attestation::None,
            aaguid: [0; 16],
            user_verification: true,
            resident_keys: true,
            backup_eligible: false,
            backup_state: false,
            counter: Counter::Zero,
            attachment: None,
            transports: None,
            credentials: Vec::new(),
        }
    }

    #[must_use]
    pub const fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Sets the attestation. If the options request `none`, only self attestation with a zero AAGUID is sent (§5.1.3).
    #[must_use]
    pub const fn attestation(mut self, attestation: Attestation) -> Self {
        self.attestation = attestation;
        self
    }

    #[must_use]
    pub const fn aaguid(mut self, aaguid: [u8; 16]) -> Self {
        self.aaguid = aaguid;
        self
    }

    /// Sets whether the authenticator can verify the user. An authenticator that can do this verifies the user, except
    /// if the options discourage verification.
    #[must_use]
    pub const fn user_verification(mut self, able: bool) -> Self {
        self.user_verification = able;
        self
    }

    /// Sets whether the authenticator supports discoverable credentials.
    #[must_use]
    pub const fn resident_keys(mut self, able: bool) -> Self {
        self.resident_keys = able;
        self
    }

    /// Sets the backup flags: whether credentials can be backed up, and whether they are backed up.
    #[must_use]
    pub const fn backup(mut self, eligible: bool, state: bool) -> Self {
        self.backup_eligible = eligible;
        self.backup_state = state;
        self
    }

    #[must_use]
    pub const fn counter(mut self, counter: Counter) -> Self {
        self.counter = counter;
        self
    }

    /// Sets the attachment. The default is the requested attachment, or `platform` if the options request none.
    #[must_use]
    pub const fn attachment(mut self, attachment: Attachment) -> Self {
        self.attachment = Some(attachment);
        self
    }

    /// Sets the transports. The default depends on the attachment.
    #[must_use]
    pub fn transports<I: IntoIterator<Item: Into<String>>>(mut self, transports: I) -> Self {
        self.transports = Some(transports.into_iter().map(Into::into).collect());
        self
    }

    /// Returns the credentials, oldest first.
    pub fn credentials(&self) -> &[Credential] {
        &self.credentials
    }

    /// Returns the credentials so that tests can change them, for example counters or user handles.
    pub const fn credentials_mut(&mut self) -> &mut Vec<Credential> {
        &mut self.credentials
    }

    /// Returns the flags UP, UV, BE and BS.
    pub(crate) const fn flags(&self, verified: bool) -> u8 {
        let mut bits = flags::UP;
        if verified {
            bits |= flags::UV;
        }
        if self.backup_eligible {
            bits |= flags::BE;
        }
        if self.backup_state {
            bits |= flags::BS;
        }
        bits
    }

    pub(crate) fn transports_at(&self, attachment: Attachment) -> Vec<String> {
        let default = || match attachment {
            Attachment::Platform => vec!["hybrid".into(), "internal".into()],
            Attachment::CrossPlatform => vec!["nfc".into(), "usb".into()],
        };
        self.transports.clone().unwrap_or_else(default)
    }

    /// Creates and stores a credential. A discoverable credential replaces the user's previous one (§6.3.2, step 7).
    pub(crate) fn make(
        &mut self,
        rp_id: &str,
        user_handle: Vec<u8>,
        discoverable: bool,
    ) -> Result<Credential, ClientError> {
        let mut id = vec![0; 32];
        rand::fill(&mut id).map_err(|_| ClientError::Crypto("no random bytes available"))?;
        let credential = Credential {
            id,
            rp_id: rp_id.to_owned(),
            user_handle,
            discoverable,
            sign_count: u32::from(self.counter == Counter::Increasing),
            key: Arc::new(Key::generate(self.algorithm)?),
        };
        if discoverable {
            self.credentials.retain(|other| {
                !(other.discoverable && other.rp_id == rp_id && other.user_handle == credential.user_handle)
            });
        }
        self.credentials.push(credential.clone());
        Ok(credential)
    }

    /// Returns the newest allowed credential of the RP. An empty list allows all discoverable credentials.
    pub(crate) fn select(&mut self, rp_id: &str, allowed: &[Vec<u8>]) -> Option<&mut Credential> {
        self.credentials.iter_mut().rev().find(|credential| {
            credential.rp_id == rp_id
                && if allowed.is_empty() { credential.discoverable } else { allowed.contains(&credential.id) }
        })
    }
}
