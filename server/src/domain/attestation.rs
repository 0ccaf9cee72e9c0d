//! Attestations that are kept with their credentials.

/// Data that is needed to judge an attestation again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAttestation {
    /// Attestation object without unknown members (WebAuthn §6.5.4).
    pub object: Vec<u8>,
    /// SHA-256 of the client data.
    pub client_data_hash: Vec<u8>,
}

impl KeptAttestation {
    /// Maximum length of an attestation object in bytes; longer objects are not kept. Objects from TPMs and Android
    /// devices have 4 to 6 KB.
    pub const MAX_BYTES: usize = 16 * 1024;
}
