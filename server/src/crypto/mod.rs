//! Key hashes, signing keys, the master key.
//!
//! * [`secret`]: a secret in the clear, for as long as it must be; [`api_key`]: how keys and tokens are written
//! * [`hasher`]: Argon2id on its own threads; [`verified`]: what was verified before, so that it is not hashed again;
//!   [`check`]: both together, the one call a request makes
//! * [`master_key`]: seals private keys at rest; [`signing_key`]: tokens and the keys that verify them
//!
//! Nothing here knows a database or HTTP. Each module has its own closed error type.

pub mod api_key;
pub mod check;
pub mod hasher;
pub mod key_set;
pub mod master_key;
pub mod secret;
pub mod signing_key;
pub mod verified;

pub use api_key::{GeneratedSecret, KeyKind, PresentedKey};
pub use check::KeyCheck;
pub use hasher::{HashCost, HashCounts, HashError, Hasher};
pub use key_set::KeySet;
pub use master_key::{MasterKey, MasterKeyError};
pub use secret::PlainSecret;
pub use signing_key::{SigningKey, SigningKeyError, TOKEN_LIFETIME_SECONDS};
pub use verified::{KeyScope, VerifiedKeys};
