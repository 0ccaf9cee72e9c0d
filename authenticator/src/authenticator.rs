//! The authenticator: what it can do, and the credentials it holds (WebAuthn §6).

use std::sync::Arc;

use aws_lc_rs::rand;

use crate::{Algorithm, ClientError, Key, flags};

/// What the authenticator tells about itself at registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attestation {
    /// Nothing.
    #[default]
    None,
    /// A `packed` statement signed with the credential's own key.
    PackedSelf,
}

/// How the signature counter behaves (WebAuthn §6.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Counter {
    /// Always 0, as synchronised passkeys do.
    #[default]
    Zero,
    /// 1 at registration, one more each time.
    Increasing,
}

/// Where the authenticator is (WebAuthn §5.4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attachment {
    /// Built into the client's device.
    Platform,
    /// Roaming.
    CrossPlatform,
}

impl Attachment {
    /// Its name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::CrossPlatform => "cross-platform",
        }
    }
}

/// One credential source (WebAuthn §4).
#[derive(Debug, Clone)]
pub struct Credential {
    /// The credential's id.
    pub id: Vec<u8>,
    /// The RP it is scoped to.
    pub rp_id: String,
    /// The user handle given at registration.
    pub user_handle: Vec<u8>,
    /// Whether it can be found without its id, and tells its user handle.
    pub discoverable: bool,
    /// The signature counter, as last sent.
    pub sign_count: u32,
    /// The key pair.
    pub key: Arc<Key>,
}

/// A software authenticator. A clone holds the same credentials and goes its own way from there: a cloned passkey.
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
    /// ES256, no attestation, verifies its user, keeps resident keys, not backed up, counter 0, attached as asked.
    #[must_use]
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

    /// What new credentials sign with.
    #[must_use]
    pub const fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// What it tells about itself, unless the options ask for none.
    #[must_use]
    pub const fn attestation(mut self, attestation: Attestation) -> Self {
        self.attestation = attestation;
        self
    }

    /// Its model.
    #[must_use]
    pub const fn aaguid(mut self, aaguid: [u8; 16]) -> Self {
        self.aaguid = aaguid;
        self
    }

    /// Whether it can verify its user. When it can, it does unless user verification is discouraged.
    #[must_use]
    pub const fn user_verification(mut self, able: bool) -> Self {
        self.user_verification = able;
        self
    }

    /// Whether it can keep discoverable credentials.
    #[must_use]
    pub const fn resident_keys(mut self, able: bool) -> Self {
        self.resident_keys = able;
        self
    }

    /// Its backup flags: whether credentials may be backed up, and whether they are.
    #[must_use]
    pub const fn backup(mut self, eligible: bool, state: bool) -> Self {
        self.backup_eligible = eligible;
        self.backup_state = state;
        self
    }

    /// How its signature counter behaves.
    #[must_use]
    pub const fn counter(mut self, counter: Counter) -> Self {
        self.counter = counter;
        self
    }

    /// Where it is. Without this it is wherever the options want it, else on the platform.
    #[must_use]
    pub const fn attachment(mut self, attachment: Attachment) -> Self {
        self.attachment = Some(attachment);
        self
    }

    /// How it says it can be reached. Without this, what is usual for its attachment.
    #[must_use]
    pub fn transports<I: IntoIterator<Item: Into<String>>>(mut self, transports: I) -> Self {
        self.transports = Some(transports.into_iter().map(Into::into).collect());
        self
    }

    /// The credentials it holds, the oldest first.
    #[must_use]
    pub fn credentials(&self) -> &[Credential] {
        &self.credentials
    }

    /// The same, to forge counters or user handles, or to lose one.
    pub const fn credentials_mut(&mut self) -> &mut Vec<Credential> {
        &mut self.credentials
    }

    /// UP, and UV, BE and BS as they apply.
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
        let usual = || match attachment {
            Attachment::Platform => vec!["hybrid".into(), "internal".into()],
            Attachment::CrossPlatform => vec!["nfc".into(), "usb".into()],
        };
        self.transports.clone().unwrap_or_else(usual)
    }

    /// Makes a credential and keeps it. A discoverable one replaces the user's earlier one (§6.3.2, step 7).
    pub(crate) fn make(
        &mut self,
        rp_id: &str,
        user_handle: Vec<u8>,
        discoverable: bool,
    ) -> Result<Credential, ClientError> {
        let mut id = vec![0; 32];
        rand::fill(&mut id).map_err(|_| ClientError::Crypto("no random bytes"))?;
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

    /// The newest credential for the RP that is allowed; any discoverable one when none are named.
    pub(crate) fn select(&mut self, rp_id: &str, allowed: &[Vec<u8>]) -> Option<&mut Credential> {
        self.credentials.iter_mut().rev().find(|credential| {
            credential.rp_id == rp_id
                && if allowed.is_empty() { credential.discoverable } else { allowed.contains(&credential.id) }
        })
    }
}
