//! Verifies tokens with the public part of a signing key (RFC 7515 §5.2).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use doorward_shared::{
    Base64Url, SigningKeyId,
    admin::SigningAlgorithm,
    public::{Jwk, TokenClaims},
};
use serde::Deserialize;

/// First byte of an uncompressed point (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 4;

/// Header of a token. The key, not the header, decides how the signature is verified.
#[derive(Debug, Deserialize)]
struct Header {
    alg: SigningAlgorithm,
    kid: SigningKeyId,
}

/// A token in compact serialisation (RFC 7515 §7.1) whose signature is not verified yet.
#[derive(Debug)]
pub(super) struct UnverifiedToken<'a> {
    header: Header,
    signed: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
}

impl<'a> UnverifiedToken<'a> {
    pub(super) fn parse(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        Some(Self {
            header: serde_json::from_slice(&decode(header)?).ok()?,
            signed,
            payload,
            signature: decode(signature)?,
        })
    }

    pub(super) const fn key_id(&self) -> SigningKeyId {
        self.header.kid
    }

    /// Returns the claims if the signature is valid.
    pub(super) fn verify(&self, key: &Jwk, parsed: &ParsedPublicKey) -> Option<TokenClaims> {
        let is_valid = self.header.alg == key.alg
            && self.header.kid == key.kid
            && parsed.verify_sig(self.signed.as_bytes(), &self.signature).is_ok();
        is_valid.then(|| serde_json::from_slice(&decode(self.payload)?).ok()).flatten()
    }
}

/// Decodes base64url without padding (RFC 7515 §2).
fn decode(text: &str) -> Option<Vec<u8>> {
    Base64Url::decode(text).ok().filter(|_| !text.ends_with('=')).map(|bytes| bytes.0)
}

/// Parses a public key. Returns `None` if a member is missing or invalid.
pub(super) fn parse_key(jwk: &Jwk) -> Option<ParsedPublicKey> {
    let bytes = |member: &Option<String>| Base64Url::decode(member.as_deref()?).ok().map(|bytes| bytes.0);
    let parsed = match jwk.alg {
        SigningAlgorithm::Es256 => {
            let point = [&[UNCOMPRESSED][..], &bytes(&jwk.x)?, &bytes(&jwk.y)?].concat();
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        }
        SigningAlgorithm::Rs256 => RsaPublicKeyComponents { n: bytes(&jwk.n)?, e: bytes(&jwk.e)? }
            .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256),
        SigningAlgorithm::EdDsa => ParsedPublicKey::new(&ED25519, bytes(&jwk.x)?),
    };
    parsed.ok()
}
