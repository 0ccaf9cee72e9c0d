//! Authenticator data before signing (WebAuthn §6.1).

pub mod flags {
    /// User present.
    pub const UP: u8 = 0x01;
    /// User verified.
    pub const UV: u8 = 0x04;
    /// Backup eligible.
    pub const BE: u8 = 0x08;
    /// Backup state.
    pub const BS: u8 = 0x10;
    /// Attested credential data included.
    pub const AT: u8 = 0x40;
    /// Extension data included.
    pub const ED: u8 = 0x80;
}

/// Authenticator data. Flags and parts can be set independently, so that tests can create inconsistent data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticatorData {
    /// SHA-256 hash of the RP ID. Tests may use lengths other than 32 bytes.
    pub rp_id_hash: Vec<u8>,
    pub flags: u8,
    pub sign_count: u32,
    /// The new credential, in registrations only.
    pub attested: Option<AttestedCredential>,
    /// Extension outputs in CBOR.
    pub extensions: Option<Vec<u8>>,
    /// Invalid bytes to append at the end.
    pub trailing: Vec<u8>,
    /// Number of bytes after which the data is cut off; `None` for complete data.
    pub cut: Option<usize>,
}

impl AuthenticatorData {
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend(&self.rp_id_hash);
        bytes.push(self.flags);
        bytes.extend(self.sign_count.to_be_bytes());
        if let Some(attested) = &self.attested {
            attested.write(&mut bytes);
        }
        bytes.extend(self.extensions.iter().flatten());
        bytes.extend(&self.trailing);
        bytes.truncate(self.cut.unwrap_or(usize::MAX));
        bytes
    }
}

/// Attested credential data (WebAuthn §6.5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestedCredential {
    pub aaguid: [u8; 16],
    /// Value of the length field, if it differs from the length of the credential id.
    pub claimed_length: Option<u16>,
    pub credential_id: Vec<u8>,
    /// Public key as a CBOR `COSE_Key`.
    pub public_key: Vec<u8>,
}

impl AttestedCredential {
    fn write(&self, bytes: &mut Vec<u8>) {
        let length = u16::try_from(self.credential_id.len()).unwrap_or(u16::MAX);
        bytes.extend(self.aaguid);
        bytes.extend(self.claimed_length.unwrap_or(length).to_be_bytes());
        bytes.extend(&self.credential_id);
        bytes.extend(&self.public_key);
    }
}
