//! Base64url and SHA-256.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// Encodes base64url without padding (WebAuthn §3).
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes base64url. Like browsers, rejects padding and the characters of the standard alphabet.
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    // Both slices have 32 bytes, so this cannot panic.
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}
