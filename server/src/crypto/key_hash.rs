//! Argon2id hashes (RFC 9106) of API keys and admin tokens, stored as PHC strings.
//!
//! A secret has at least 192 random bits, so nobody can guess it, even if computing a hash costs nothing. The Argon2
//! parameters are therefore so small that the thread of the request can compute the hash.

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::secret::PlainSecret;
use crate::{
    clock::{Entropy, NoEntropy, random},
    domain::SecretHash,
};

// Measured in release mode on an x86-64 core (as `examples/key_cost.rs` does): a verification takes 25 µs with 64 KiB
// and one pass, 40 µs with two passes or 128 KiB, 71 µs with 256 KiB. With 64 KiB and one pass, slower machines also
// stay below 60 µs.
const MEMORY_KIB: u32 = 64;
const PASSES: u32 = 1;
const LANES: u32 = 1;

/// Salt length in bytes, as RFC 9106 §3.1 recommends.
const SALT_BYTES: usize = 16;

// Limits for stored hashes, so that a damaged or manipulated database row cannot block a request thread.
const MAX_MEMORY_KIB: u32 = 256;
const MAX_PASSES: u32 = 2;
const MAX_LANES: u32 = 1;

/// Error of hashing or verifying a secret. A wrong secret is not an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// The stored hash is not a PHC string of Argon2id version 1.3 within the limits of this module.
    #[error("the stored key hash is damaged")]
    Corrupt,
    #[error("Argon2 could not hash the key")]
    Argon2,
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

/// Hashes a secret with a new random salt.
pub fn hash(secret: &PlainSecret, entropy: &dyn Entropy) -> Result<SecretHash, HashError> {
    let salt = random::<SALT_BYTES>(entropy)?;
    let phc = phc(secret, &salt).map_err(|_| HashError::Argon2)?;
    Ok(SecretHash::new(phc.to_string()))
}

fn phc(secret: &PlainSecret, salt: &[u8]) -> argon2::password_hash::Result<PasswordHash> {
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(output.len()))?;
    derive(params.clone(), secret, salt, &mut output)?;
    Ok(PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params)?,
        salt: Some(Salt::new(salt)?),
        hash: Some(Output::new(&output)?),
    })
}

/// Verifies a secret against a stored hash, with the parameters of that hash. The stored and the computed hash are
/// compared in constant time.
///
/// # Errors
/// [`HashError::Corrupt`] if `hash` is damaged or outside the limits of this module.
pub fn verify(secret: &PlainSecret, hash: &SecretHash) -> Result<bool, HashError> {
    let phc = PasswordHash::new(hash.expose()).map_err(|_| HashError::Corrupt)?;
    let params = Params::try_from(&phc).map_err(|_| HashError::Corrupt)?;
    let within_limits =
        params.m_cost() <= MAX_MEMORY_KIB && params.t_cost() <= MAX_PASSES && params.p_cost() <= MAX_LANES;
    let supported = phc.algorithm == Algorithm::Argon2id.ident() && phc.version == Some(Version::V0x13.into());
    // A hash without salt or output is rejected here. Otherwise, verification would return "wrong secret", which hides
    // the damaged row.
    let (Some(salt), Some(expected), true) = (phc.salt, phc.hash, within_limits && supported) else {
        return Err(HashError::Corrupt);
    };
    let mut output = vec![0; expected.len()];
    derive(params, secret, &salt, &mut output).map_err(|_| HashError::Corrupt)?;
    Ok(verify_slices_are_equal(&output, expected.as_bytes()).is_ok())
}

fn derive(params: Params, secret: &PlainSecret, salt: &[u8], output: &mut [u8]) -> argon2::Result<()> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
        secret.expose().as_bytes(),
        salt,
        output,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemEntropy;

    fn secret(text: &str) -> PlainSecret {
        PlainSecret::new(text.to_owned())
    }

    fn hash_of(text: &str) -> SecretHash {
        hash(&secret(text), &SystemEntropy::default()).unwrap()
    }

    #[test]
    fn only_the_hashed_secret_verifies() {
        let hash = hash_of("right");
        assert_eq!(verify(&secret("right"), &hash), Ok(true));
        assert_eq!(verify(&secret("wrong"), &hash), Ok(false));
    }

    #[test]
    fn each_hash_has_its_own_salt() {
        assert_ne!(hash_of("right"), hash_of("right"));
    }

    #[test]
    fn hashes_use_argon2id_with_the_chosen_parameters() {
        let hash = hash_of("right");
        assert!(hash.expose().starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{}", hash.expose());
    }

    #[test]
    fn hash_with_other_parameters_verifies() {
        // From the test suite of Argon2's reference implementation.
        let hash = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        let hash = SecretHash::new(hash.to_owned());
        assert_eq!(verify(&secret("password"), &hash), Ok(true));
        assert_eq!(verify(&secret("Password"), &hash), Ok(false));
    }

    #[test]
    fn damaged_or_too_expensive_hash_is_an_error_and_not_a_wrong_secret() {
        let good = hash_of("right");
        for damaged in [
            "",
            "$",
            "plain text",
            "$argon2id$v=19$m=64,t=1,p=1",
            "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0",
            "$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHRzYWx0$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=1,r=8,p=1$c2FsdHNhbHRzYWx0$AAAAAAAAAAAAAAAAAAAAAA",
            &good.expose().replace("m=64", "m=eight"),
            &good.expose().replace("m=64", "m=257"),
            &good.expose().replace("t=1", "t=3"),
            &good.expose().replace("p=1", "p=2"),
            &good.expose().replace("argon2id", "argon2d"),
        ] {
            let verified = verify(&secret("right"), &SecretHash::new(damaged.to_owned()));
            assert_eq!(verified, Err(HashError::Corrupt), "{damaged}");
        }
    }

    #[test]
    fn hashing_fails_without_entropy() {
        #[derive(Debug)]
        struct Empty;
        impl Entropy for Empty {
            fn fill(&self, _: &mut [u8]) -> Result<(), NoEntropy> {
                Err(NoEntropy)
            }
        }
        assert_eq!(hash(&secret("right"), &Empty), Err(HashError::NoEntropy(NoEntropy)));
    }
}
