//! Verifies Doorward's tokens as every application should: checks the algorithm against a fixed list, the signature
//! with a key of the tenant's JWKS, and then each claim (RFC 7519 §4.1, RFC 8725 §3).

use doorward_shared::{
    Timestamp,
    public::{CeremonyName, TokenClaims},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, errors::ErrorKind, jwk::JwkSet};
use serde::Serialize;

/// Accepted algorithms: those with which Doorward signs. The header of a token cannot select any other algorithm.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::ES256, Algorithm::RS256, Algorithm::EdDSA];
/// Allowed difference in seconds between this machine's clock and the issuer's clock.
const LEEWAY: i64 = 5;

#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub audience: &'a str,
    pub ceremony: CeremonyName,
    /// User id of the user for whom the ceremony was started; `None` for a discoverable login.
    pub subject: Option<&'a str>,
    pub transaction: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("it is not a JWT with the expected claims")]
    Malformed,
    #[error("its algorithm is not ES256, RS256 or EdDSA, or differs from that of its key")]
    Algorithm,
    #[error("its key is not in the tenant's JWKS")]
    UnknownKey,
    #[error("its signature does not verify")]
    Signature,
    #[error("it has another issuer")]
    Issuer,
    #[error("it is meant for another relying party")]
    Audience,
    #[error("it has expired, or was issued in the future")]
    Time,
    #[error("it belongs to another ceremony")]
    Ceremony,
    #[error("it names another user")]
    Subject,
    #[error("it confirms another transaction")]
    Transaction,
}

/// A verified token, with the list of checks for the demo page.
#[derive(Debug, Clone, Serialize)]
pub struct VerifiedToken {
    /// The text of the token, which the demo page decodes.
    raw: String,
    #[serde(skip)]
    pub claims: TokenClaims,
    checks: Vec<Check>,
}

#[derive(Debug, Clone, Serialize)]
struct Check {
    name: &'static str,
    value: String,
}

/// Returns the key id in the header of the token. The id must not be trusted before the signature is verified.
pub fn key_id(token: &str) -> Option<String> {
    decode_header(token).ok()?.kid
}

pub fn verify(token: &str, keys: &JwkSet, now: Timestamp, expected: Expected<'_>) -> Result<VerifiedToken, TokenError> {
    let header = decode_header(token).map_err(|error| token_error(error.kind()))?;
    let kid = header.kid.as_deref().ok_or(TokenError::UnknownKey)?;
    let jwk = keys.find(kid).ok_or(TokenError::UnknownKey)?;
    let named = jwk.common.key_algorithm.and_then(|algorithm| algorithm.to_string().parse::<Algorithm>().ok());
    if !ALGORITHMS.contains(&header.alg) || named != Some(header.alg) {
        return Err(TokenError::Algorithm);
    }
    let key = DecodingKey::from_jwk(jwk).map_err(|_| TokenError::Algorithm)?;

    let mut validation = Validation::new(header.alg);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.audience]);
    validation.sub = expected.subject.map(str::to_owned);
    // The library compares times with the system clock. This function compares them with `now` below instead.
    validation.validate_exp = false;
    let claims = decode::<TokenClaims>(token, &key, &validation).map_err(|error| token_error(error.kind()))?.claims;

    let seconds = now.seconds();
    if claims.exp <= seconds - LEEWAY || claims.iat > seconds + LEEWAY {
        return Err(TokenError::Time);
    }
    if claims.ceremony != expected.ceremony {
        return Err(TokenError::Ceremony);
    }
    if claims.trans.as_deref() != expected.transaction {
        return Err(TokenError::Transaction);
    }

    let check = |name, value: &dyn std::fmt::Display| Check { name, value: value.to_string() };
    let mut checks = vec![
        check("alg", &format_args!("{:?}, from our own list", header.alg)),
        check("signature", &format_args!("verifies with key {kid} of jwks.json")),
        check("iss", &claims.iss),
        check("aud", &expected.audience),
        check("exp", &format_args!("{} seconds left", claims.exp - seconds)),
        check("ceremony", &claims.ceremony),
        check("sub", &claims.sub),
    ];
    if let Some(transaction) = &claims.trans {
        checks.push(check("trans", transaction));
    }
    Ok(VerifiedToken { raw: token.to_owned(), claims, checks })
}

fn token_error(kind: &ErrorKind) -> TokenError {
    match kind {
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName | ErrorKind::UnsupportedAlgorithm => {
            TokenError::Algorithm
        }
        ErrorKind::InvalidSignature => TokenError::Signature,
        ErrorKind::InvalidIssuer => TokenError::Issuer,
        ErrorKind::InvalidAudience => TokenError::Audience,
        ErrorKind::InvalidSubject => TokenError::Subject,
        _ => TokenError::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
    use doorward_shared::Base64Url;
    use jsonwebtoken::{EncodingKey, Header, encode, jwk::Jwk};
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_764_000_000_000);
    const EXPECTED: Expected<'static> = Expected {
        issuer: "doorward",
        audience: "localhost",
        ceremony: CeremonyName::Mfa,
        subject: Some("alice"),
        transaction: None,
    };

    struct Issuer {
        key: EncodingKey,
        keys: JwkSet,
    }

    impl Issuer {
        fn new(kid: &str) -> Self {
            let rng = aws_lc_rs::rand::SystemRandom::new();
            let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng).unwrap();
            let key = EncodingKey::from_ec_der(pkcs8.as_ref());
            let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
            jwk.common.key_id = Some(kid.to_owned());
            Self { key, keys: JwkSet { keys: vec![jwk] } }
        }

        fn sign(&self, claims: &Value) -> String {
            let header = Header { kid: Some("k1".into()), ..Header::new(Algorithm::ES256) };
            encode(&header, claims, &self.key).unwrap()
        }
    }

    fn claims(change: Value) -> Value {
        let mut claims = json!({
            "iss": "doorward", "sub": "alice", "aud": ["localhost"], "cred": "AAAA", "jti": "j1", "amr": ["pop"],
            "ceremony": "mfa", "uv": true, "acr": "aal2", "auth_time": NOW.seconds(), "be": false, "bs": false,
            "attested": false, "iat": NOW.seconds(), "exp": NOW.seconds() + 300,
        });
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    fn rejection(change: Value) -> TokenError {
        let issuer = Issuer::new("k1");
        verify(&issuer.sign(&claims(change)), &issuer.keys, NOW, EXPECTED).unwrap_err()
    }

    #[test]
    fn valid_token_is_accepted_with_its_checks() {
        let issuer = Issuer::new("k1");
        let token = verify(&issuer.sign(&claims(json!({}))), &issuer.keys, NOW, EXPECTED).unwrap();
        assert_eq!(token.claims.sub, "alice");
        assert_eq!(token.checks.len(), 7);
    }

    #[test]
    fn every_claim_is_checked() {
        assert_eq!(rejection(json!({ "iss": "elsewhere" })), TokenError::Issuer);
        assert_eq!(rejection(json!({ "aud": ["example.com"] })), TokenError::Audience);
        assert_eq!(rejection(json!({ "sub": "mallory" })), TokenError::Subject);
        assert_eq!(rejection(json!({ "ceremony": "login" })), TokenError::Ceremony);
        assert_eq!(rejection(json!({ "trans": "p1" })), TokenError::Transaction);
        assert_eq!(rejection(json!({ "exp": NOW.seconds() - LEEWAY })), TokenError::Time);
        assert_eq!(rejection(json!({ "iat": NOW.seconds() + LEEWAY + 1 })), TokenError::Time);
        assert_eq!(rejection(json!({ "exp": null })), TokenError::Malformed);
    }

    #[test]
    fn transaction_token_confirms_only_its_own_transaction() {
        let issuer = Issuer::new("k1");
        let token = issuer.sign(&claims(json!({ "ceremony": "transaction", "trans": "p1" })));
        let expected =
            |transaction| Expected { ceremony: CeremonyName::Transaction, transaction: Some(transaction), ..EXPECTED };
        assert!(verify(&token, &issuer.keys, NOW, expected("p1")).is_ok());
        assert_eq!(verify(&token, &issuer.keys, NOW, expected("p2")).unwrap_err(), TokenError::Transaction);
    }

    #[test]
    fn another_key_with_the_same_id_is_rejected() {
        let token = Issuer::new("k1").sign(&claims(json!({})));
        assert_eq!(verify(&token, &Issuer::new("k1").keys, NOW, EXPECTED).unwrap_err(), TokenError::Signature);
        assert_eq!(verify(&token, &Issuer::new("k2").keys, NOW, EXPECTED).unwrap_err(), TokenError::UnknownKey);
    }

    #[test]
    fn token_header_cannot_choose_the_algorithm() {
        let issuer = Issuer::new("k1");
        let body = Base64Url::encode(claims(json!({})).to_string().as_bytes());
        let forged = |header: Value| format!("{}.{body}.", Base64Url::encode(header.to_string().as_bytes()));
        for header in [json!({ "alg": "none", "kid": "k1" }), json!({ "alg": "HS256", "kid": "k1" })] {
            assert!(verify(&forged(header), &issuer.keys, NOW, EXPECTED).is_err());
        }
        let secret = EncodingKey::from_secret(serde_json::to_string(&issuer.keys).unwrap().as_bytes());
        let header = Header { kid: Some("k1".into()), ..Header::new(Algorithm::HS256) };
        let confused = encode(&header, &claims(json!({})), &secret).unwrap();
        assert_eq!(verify(&confused, &issuer.keys, NOW, EXPECTED).unwrap_err(), TokenError::Algorithm);
    }

    #[test]
    fn text_that_is_not_a_token_is_rejected() {
        for text in ["", ".", "..", "a.b.c", "eyJhbGciOiJFUzI1NiJ9..", "🔑.🔑.🔑"] {
            assert!(verify(text, &Issuer::new("k1").keys, NOW, EXPECTED).is_err());
        }
    }
}
