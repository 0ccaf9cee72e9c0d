//! Authenticator data (WebAuthn §6.1), before it is signed.

/// The bits of the flags byte.
pub mod flags {
    /// User present.
    pub const UP: u8 = 0x01;
    /// User verified.
    pub const UV: u8 = 0x04;
    /// Backup eligible.
    pub const BE: u8 = 0x08;
    /// Backup state.
    pub const BS: u8 = 0x10;
    /// Attested credential data follows.
    pub const AT: u8 = 0x40;
    /// Extension data follows.
    pub const ED: u8 = 0x80;
}

/// Authenticator data. The parts are written as they are: a flag does not make its part appear, nor the other way round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticatorData {
    /// SHA-256 of the RP ID; 32 bytes unless forged.
    pub rp_id_hash: Vec<u8>,
    /// See [`flags`].
    pub flags: u8,
    /// The signature counter.
    pub sign_count: u32,
    /// The new credential; in registrations only.
    pub attested: Option<AttestedCredential>,
    /// The extensions' outputs, CBOR.
    pub extensions: Option<Vec<u8>>,
    /// Bytes that do not belong there.
    pub trailing: Vec<u8>,
    /// Where to cut it off, in bytes.
    pub cut: Option<usize>,
}

impl AuthenticatorData {
    /// The bytes that are signed and sent.
    #[must_use]
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
    /// The authenticator's model.
    pub aaguid: [u8; 16],
    /// The length to claim, when not the credential id's.
    pub claimed_length: Option<u16>,
    /// The credential's id.
    pub credential_id: Vec<u8>,
    /// The `COSE_Key`, CBOR.
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
