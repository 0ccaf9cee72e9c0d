//! RSA private keys in the form of a JWK (RFC 7518 §6.3.2).

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPairComponents, PublicKeyComponents},
    signature::RsaKeyPair,
};
use doorward_shared::Base64Url;
use serde::Deserialize;
use zeroize::Zeroizing;

/// Members of the JWK. Other members are ignored.
#[derive(Deserialize)]
struct Members {
    kid: String,
    n: Base64Url,
    e: Base64Url,
    d: Base64Url,
    p: Base64Url,
    q: Base64Url,
    dp: Base64Url,
    dq: Base64Url,
    qi: Base64Url,
}

/// A private key with the id that its JWK states.
pub struct RsaPrivateKey {
    pub key_id: String,
    pub pkcs8: Zeroizing<Vec<u8>>,
}

impl RsaPrivateKey {
    /// Parses a private RSA JWK; `None` if the JSON is not such a JWK, or if its numbers contradict each other.
    pub fn from_jwk(json: &[u8]) -> Option<Self> {
        let jwk: Members = serde_json::from_slice(json).ok()?;
        let bytes = |number: Base64Url| Zeroizing::new(number.0);
        let [d, p, q, dp, dq, qi] = [jwk.d, jwk.p, jwk.q, jwk.dp, jwk.dq, jwk.qi].map(bytes);
        let pair = RsaKeyPair::from_components(&KeyPairComponents {
            public_key: PublicKeyComponents { n: jwk.n.as_bytes(), e: jwk.e.as_bytes() },
            d: d.as_slice(),
            p: p.as_slice(),
            q: q.as_slice(),
            dP: dp.as_slice(),
            dQ: dq.as_slice(),
            qInv: qi.as_slice(),
        });
        let pair = pair.ok()?;
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).ok()?;
        Some(Self { key_id: jwk.kid, pkcs8: Zeroizing::new(der.as_ref().to_vec()) })
    }
}
