//! API keys, signing keys and the master key.
//!
//! * [`secret`]: a secret in plain text; [`api_key`]: generates and parses API keys and admin tokens; [`digest_key`]:
//!   digests by which imported API keys are found
//! * [`key_hash`]: Argon2id hashes of keys; [`verified_key_cache`]: keys that were already verified; [`key_verifier`]:
//!   verifies a key with the cache or the hash, for every request that presents a key
//! * [`master_key`]: encrypts private keys at rest; [`signing_key`], [`key_set`]: tokens and the keys that verify them;
//!   `token_signature` verifies a token
//!
//! Nothing here depends on a database or on HTTP. Errors are closed enums.

pub mod api_key;
pub mod digest_key;
pub mod key_hash;
pub mod key_set;
pub mod key_verifier;
pub mod master_key;
mod master_key_command;
pub mod master_key_source;
pub mod rsa_jwk;
pub mod secret;
pub mod signing_key;
mod token_signature;
pub mod verified_key_cache;

pub use api_key::{GeneratedSecret, PresentedKey};
pub use digest_key::DigestKey;
pub use key_hash::HashError;
pub use key_set::KeySet;
pub use key_verifier::KeyVerifier;
pub use master_key::{MasterKey, MasterKeyError};
pub use master_key_source::{MasterKeySource, is_mounted};
pub use rsa_jwk::RsaPrivateKey;
pub use secret::PlainSecret;
pub use signing_key::{SigningKey, SigningKeyError, TOKEN_LIFETIME_SECONDS};
pub use verified_key_cache::{KeyScope, VerifiedKeyCache};

pub use doorward_shared::key_format::KeyKind;
