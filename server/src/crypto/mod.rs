//! Key hashes, signing keys, the master key.
