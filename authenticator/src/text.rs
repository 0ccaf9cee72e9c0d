//! Base64url and SHA-256, as WebAuthn uses them everywhere.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// Base64url without padding (WebAuthn §3).
#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64url without padding, as browsers do: padding and the standard alphabet are refused.
#[must_use]
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// SHA-256: of the RP ID, of `clientDataJSON`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    // The lengths are equal by the algorithm's definition.
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}
