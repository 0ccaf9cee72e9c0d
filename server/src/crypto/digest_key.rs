//! Keyed digests by which imported API keys are found.
//!
//! An imported key contains no key id. Its digest (HMAC-SHA-256) selects the one stored hash against which the key is
//! verified. The digest key is random, belongs to the installation and is stored encrypted under the master key. A
//! rotation of the master key therefore re-encrypts the digest key, and the digests stay the same.

use std::fmt;

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use doorward_shared::{Base64Url, SigningKeyId, TenantId};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    master_key::{MasterKey, MasterKeyError},
    secret::PlainSecret,
};
use crate::{
    clock::{Entropy, random},
    domain::SecretDigest,
};

const KEY_BYTES: usize = 32;
/// The key id under which the digest key is sealed, together with the tenant id [`TenantId::INSTALLATION`].
pub const SEALED_FOR: SigningKeyId = SigningKeyId::new(Uuid::from_u128(1));

/// The digest key of an installation. `Debug` does not print it.
pub struct DigestKey(hmac::Key);

impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestKey(…)")
    }
}

impl DigestKey {
    /// Generates a digest key. Returns it sealed, as the text to store.
    pub fn generate(master: &MasterKey, entropy: &dyn Entropy) -> Result<String, MasterKeyError> {
        let key = Zeroizing::new(random::<KEY_BYTES>(entropy)?);
        let sealed = master.seal(TenantId::INSTALLATION, SEALED_FOR, key.as_slice(), entropy)?;
        Ok(Base64Url::encode(&sealed))
    }

    /// Decrypts a stored digest key.
    ///
    /// # Errors
    /// [`MasterKeyError::NotLoaded`] without a master key; [`MasterKeyError::Open`] if `sealed` is damaged or was
    /// sealed with another master key; [`MasterKeyError::NewerFormat`] if a newer version of Doorward sealed it.
    pub fn open(master: &MasterKey, sealed: &str) -> Result<Self, MasterKeyError> {
        let sealed = Base64Url::decode(sealed).map_err(|_| MasterKeyError::Open)?;
        let key = master.open(TenantId::INSTALLATION, SEALED_FOR, sealed.as_bytes())?;
        Ok(Self(hmac::Key::new(HMAC_SHA256, &key)))
    }

    /// Encrypts a stored digest key with another master key. Returns the text to store; `None` if the digest key is
    /// already encrypted with `new`.
    ///
    /// # Errors
    /// [`MasterKeyError::Open`] if neither master key decrypts `sealed`.
    pub fn reseal(
        old: &MasterKey,
        new: &MasterKey,
        sealed: &str,
        entropy: &dyn Entropy,
    ) -> Result<Option<String>, MasterKeyError> {
        if Self::open(new, sealed).is_ok() {
            return Ok(None);
        }
        let sealed = Base64Url::decode(sealed).map_err(|_| MasterKeyError::Open)?;
        let key = old.open(TenantId::INSTALLATION, SEALED_FOR, sealed.as_bytes())?;
        let sealed = new.seal(TenantId::INSTALLATION, SEALED_FOR, &key, entropy)?;
        Ok(Some(Base64Url::encode(&sealed)))
    }

    /// Returns the digest of a tenant's secret. Equal secrets of two tenants have different digests.
    pub fn digest(&self, tenant: TenantId, secret: &PlainSecret) -> SecretDigest {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(tenant.uuid().as_bytes());
        context.update(secret.expose().as_bytes());
        SecretDigest::new(Base64Url::encode(context.sign().as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemEntropy;

    fn secret(text: &str) -> PlainSecret {
        PlainSecret::new(text.to_owned())
    }

    #[test]
    fn digest_depends_on_key_tenant_and_secret() {
        let (master, entropy) = (MasterKey::from_bytes(&[7; 32]).unwrap(), SystemEntropy::default());
        let sealed = DigestKey::generate(&master, &entropy).unwrap();
        let key = DigestKey::open(&master, &sealed).unwrap();
        let other = DigestKey::open(&master, &DigestKey::generate(&master, &entropy).unwrap()).unwrap();
        let (one, two) = (TenantId::new(Uuid::from_u128(1)), TenantId::new(Uuid::from_u128(2)));
        let digest = key.digest(one, &secret("a"));
        assert_eq!(digest, DigestKey::open(&master, &sealed).unwrap().digest(one, &secret("a")));
        assert_ne!(digest, key.digest(one, &secret("b")));
        assert_ne!(digest, key.digest(two, &secret("a")));
        assert_ne!(digest, other.digest(one, &secret("a")));
    }

    #[test]
    fn digests_survive_a_change_of_the_master_key() {
        let (old, new) = (MasterKey::from_bytes(&[7; 32]).unwrap(), MasterKey::from_bytes(&[8; 32]).unwrap());
        let entropy = SystemEntropy::default();
        let before = DigestKey::generate(&old, &entropy).unwrap();
        let after = DigestKey::reseal(&old, &new, &before, &entropy).unwrap().unwrap();
        let digest = |master: &MasterKey, sealed: &str| {
            DigestKey::open(master, sealed).unwrap().digest(TenantId::INSTALLATION, &secret("a"))
        };
        assert_eq!(digest(&old, &before), digest(&new, &after));
        assert!(DigestKey::open(&old, &after).is_err());
        assert_eq!(DigestKey::reseal(&old, &new, &after, &entropy).unwrap(), None, "an interrupted run is repeated");
        let other = MasterKey::from_bytes(&[9; 32]).unwrap();
        assert!(DigestKey::reseal(&other, &new, &before, &entropy).is_err());
    }

    #[test]
    fn sealed_key_opens_only_with_its_master_key() {
        let master = MasterKey::from_bytes(&[7; 32]).unwrap();
        let sealed = DigestKey::generate(&master, &SystemEntropy::default()).unwrap();
        let other = MasterKey::from_bytes(&[8; 32]).unwrap();
        assert!(matches!(DigestKey::open(&other, &sealed), Err(MasterKeyError::Open)));
        assert!(matches!(DigestKey::open(&master, "no base64url!"), Err(MasterKeyError::Open)));
        assert_eq!(format!("{:?}", DigestKey::open(&master, &sealed).unwrap()), "DigestKey(…)");
    }
}
