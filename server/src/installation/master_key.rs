//! Checks that a master key belongs to a database. The database contains a text that was encrypted with its master key.

use std::path::Path;

use doorward_shared::{Base64Url, SigningKeyId, TenantId};

use super::{
    error::OpenError,
    files::{Files, MASTER_KEY_FILE},
    purpose::Purpose,
};
use crate::{
    clock::Entropy,
    crypto::{MasterKey, MasterKeyError},
};

/// Plaintext of the check text.
const KEY_CHECK_TEXT: &[u8] = b"doorward";

/// How an operation uses the master key of an existing installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MasterKeyUse {
    Required,
    /// The key may be missing. A wrong key is still an error, because the data folder then belongs to another database.
    IfPresent,
    /// Any key is accepted, because the operation replaces all signing keys.
    Unchecked,
}

impl MasterKeyUse {
    pub(super) const fn of(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Create | Purpose::Serve => Self::Required,
            Purpose::Administer => Self::IfPresent,
            Purpose::ReplaceSigningKeys => Self::Unchecked,
        }
    }

    /// Loads the key and checks it with the check text of the database.
    pub(super) fn load(self, files: &Files, check_text: &str) -> Result<MasterKey, OpenError> {
        let path = &files.master_key;
        match MasterKey::load(path) {
            Err(MasterKeyError::Missing(_)) if self != Self::Required => Ok(MasterKey::lost(path.clone())),
            Ok(key) if self == Self::Unchecked || decrypts(&key, check_text) => Ok(key),
            Ok(_) => Err(OpenError::WrongMasterKey(path.clone())),
            Err(error) => Err(error.into()),
        }
    }
}

/// Checks that the master key in the data folder encrypted the check text of a database.
pub fn check_master_key(data_dir: &Path, check_text: &str) -> Result<(), OpenError> {
    let file = data_dir.join(MASTER_KEY_FILE);
    if decrypts(&MasterKey::load(&file)?, check_text) { Ok(()) } else { Err(OpenError::WrongMasterKey(file)) }
}

/// Encrypts the check text for a database.
pub(super) fn seal_check_text(key: &MasterKey, entropy: &dyn Entropy) -> Result<String, MasterKeyError> {
    let sealed = key.seal(TenantId::INSTALLATION, check_key_id(), KEY_CHECK_TEXT, entropy)?;
    Ok(Base64Url::encode(&sealed))
}

fn decrypts(key: &MasterKey, check_text: &str) -> bool {
    Base64Url::decode(check_text)
        .ok()
        .and_then(|sealed| key.open(TenantId::INSTALLATION, check_key_id(), sealed.as_bytes()).ok())
        .is_some_and(|text| text.as_slice() == KEY_CHECK_TEXT)
}

fn check_key_id() -> SigningKeyId {
    SigningKeyId::new(uuid::Uuid::nil())
}
