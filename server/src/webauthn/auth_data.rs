//! Authenticator data (WebAuthn §6.1).

use doorward_shared::refusal::AuthenticatorState;
use uuid::Uuid;

use super::cbor::Reader;

const RP_ID_HASH_BYTES: usize = 32;

#[derive(Debug, Clone)]
pub(super) struct AuthData {
    pub(super) rp_id_hash: [u8; RP_ID_HASH_BYTES],
    flags: u8,
    pub(super) sign_count: u32,
    pub(super) attested: Option<AttestedCredential>,
    pub(super) extensions: AuthenticatorExtensions,
}

/// Outputs of authenticator extensions that Doorward reads; `None` for a missing output. All other outputs, such as
/// encrypted `hmac-secret` outputs, are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuthenticatorExtensions {
    /// Level of credential protection, 1 to 3 (CTAP 2.1 §12.1).
    pub cred_protect: Option<u8>,
    /// Minimum length of the PIN in code points (CTAP 2.1 §12.4).
    pub min_pin_length: Option<u32>,
}

impl AuthenticatorExtensions {
    /// Parses the map of extension outputs and returns the bytes after it. Outputs of unexpected types are ignored.
    fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let mut reader = Reader::new(bytes);
        let mut outputs = Self::default();
        for _ in 0..reader.map()? {
            let (mut name, mut value) = (Reader::new(reader.encoded_item()?), Reader::new(reader.encoded_item()?));
            match name.text() {
                Some("credProtect") => outputs.cred_protect = value.integer().and_then(|level| level.try_into().ok()),
                Some("minPinLength") => {
                    outputs.min_pin_length = value.integer().and_then(|length| length.try_into().ok())
                }
                _ => {}
            }
        }
        Some((outputs, reader.rest()))
    }
}

/// Attested credential data (WebAuthn §6.5.2).
#[derive(Debug, Clone)]
pub(super) struct AttestedCredential {
    pub(super) aaguid: Uuid,
    pub(super) credential_id: Vec<u8>,
    /// COSE_Key, exactly as it was sent.
    pub(super) public_key: Vec<u8>,
}

impl AuthData {
    const UP: u8 = 0x01;
    const UV: u8 = 0x04;
    const BE: u8 = 0x08;
    const BS: u8 = 0x10;
    const AT: u8 = 0x40;
    const ED: u8 = 0x80;

    pub(super) const fn user_present(&self) -> bool {
        self.flags & Self::UP != 0
    }
    pub(super) const fn user_verified(&self) -> bool {
        self.flags & Self::UV != 0
    }
    pub(super) const fn backup_eligible(&self) -> bool {
        self.flags & Self::BE != 0
    }
    pub(super) const fn backup_state(&self) -> bool {
        self.flags & Self::BS != 0
    }

    /// Returns flags and counter, for audit entries.
    pub(super) const fn state(&self) -> AuthenticatorState {
        AuthenticatorState {
            up: self.user_present(),
            uv: self.user_verified(),
            be: self.backup_eligible(),
            bs: self.backup_state(),
            sign_count: self.sign_count,
        }
    }

    /// Parses authenticator data. The content must match the flags exactly. In contrast, webauthn-rs ignores extra
    /// bytes. The error names the problem.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let (rp_id_hash, rest) =
            bytes.split_first_chunk::<RP_ID_HASH_BYTES>().ok_or("authenticator data is too short")?;
        let (&[flags, a, b, c, d], rest) = rest.split_first_chunk::<5>().ok_or("authenticator data is too short")?;
        let (attested, rest) = if flags & Self::AT == 0 {
            (None, rest)
        } else {
            let (attested, rest) = AttestedCredential::parse(rest)?;
            (Some(attested), rest)
        };
        let (extensions, rest) = if flags & Self::ED == 0 {
            (AuthenticatorExtensions::default(), rest)
        } else {
            AuthenticatorExtensions::parse(rest).ok_or("the extensions in authenticator data are not a CBOR map")?
        };
        if rest.is_empty() {
            let sign_count = u32::from_be_bytes([a, b, c, d]);
            Ok(Self { rp_id_hash: *rp_id_hash, flags, sign_count, attested, extensions })
        } else {
            Err("authenticator data is longer than its flags indicate")
        }
    }
}

impl AttestedCredential {
    fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), &'static str> {
        let too_short = "attested credential data is too short";
        let (aaguid, rest) = bytes.split_first_chunk::<16>().ok_or(too_short)?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(too_short)?;
        let (credential_id, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(too_short)?;
        let mut reader = Reader::new(rest);
        let public_key = reader.encoded_item().ok_or("the credential public key is not CBOR")?;
        let parsed = Self {
            aaguid: Uuid::from_bytes(*aaguid),
            credential_id: credential_id.to_vec(),
            public_key: public_key.to_vec(),
        };
        Ok((parsed, reader.rest()))
    }
}
