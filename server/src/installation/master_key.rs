//! Checks that a database uses a given master key. For this purpose, the database contains a fixed text, the check
//! text, encrypted with its master key.

use doorward_shared::{Base64Url, SigningKeyId, TenantId};

use super::{error::OpenError, files::Files, location::Location, purpose::Purpose, rotation_file};
use crate::{
    clock::Entropy,
    crypto::{MasterKey, MasterKeyError, MasterKeySource},
    db::{Connection, DbError},
    store::installation,
};

/// The check text, not encrypted.
const KEY_CHECK_TEXT: &[u8] = b"doorward";

/// How an operation uses the master key of an existing installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MasterKeyUse {
    Required,
    /// The key may be missing. A wrong key is still an error, because the data folder then belongs to another database.
    IfPresent,
    /// Any key is accepted, because the operation replaces all signing keys. A check text that a newer program
    /// encrypted is still an error.
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

    /// Loads the key and checks it against the check text of the database.
    pub(super) fn load(self, files: &Files, check_text: &str) -> Result<MasterKey, OpenError> {
        if self == Self::Unchecked {
            refuse_newer_format(check_text)?;
        }
        match files.master_key.load() {
            Err(error) if self != Self::Required && is_unavailable(&error) => Ok(MasterKey::not_loaded(error)),
            Ok(key) if decrypts(&key, check_text) => Ok(key),
            Ok(key) if self == Self::Unchecked => match wrong_key(&files.master_key, check_text) {
                // An unfinished rotation is an error, because `master-key rotate` can complete it without losing
                // signing keys.
                OpenError::UnfinishedRotation => Err(OpenError::UnfinishedRotation),
                _ => Ok(key),
            },
            Ok(_) => Err(wrong_key(&files.master_key, check_text)),
            Err(error) => Err(error.into()),
        }
    }
}

/// Returns whether the key is missing, or its command or descriptor failed. The operator must fix all other errors.
fn is_unavailable(error: &MasterKeyError) -> bool {
    match error {
        MasterKeyError::Missing(_)
        | MasterKeyError::DanglingLink { .. }
        | MasterKeyError::NotProvided(_)
        | MasterKeyError::Command { .. }
        | MasterKeyError::Descriptor { .. } => true,
        MasterKeyError::NotLoaded(reason) => is_unavailable(reason),
        _ => false,
    }
}

/// Returns an error if a newer program encrypted the check text.
fn refuse_newer_format(check_text: &str) -> Result<(), OpenError> {
    let format = Base64Url::decode(check_text).map(|sealed| MasterKey::check_format(sealed.as_bytes()));
    match format {
        Ok(Err(error @ MasterKeyError::NewerFormat(_))) => Err(error.into()),
        _ => Ok(()),
    }
}

/// Checks that `check_text`, which comes from a database, was encrypted with the master key at `location`.
pub fn check_master_key(location: &Location, check_text: &str) -> Result<(), OpenError> {
    let source = &location.master_key;
    if decrypts(&source.load()?, check_text) { Ok(()) } else { Err(wrong_key(source, check_text)) }
}

/// Returns the error for a key that is not the master key of the database.
pub(super) fn wrong_key(source: &MasterKeySource, check_text: &str) -> OpenError {
    if let Err(error) = refuse_newer_format(check_text) {
        return error;
    }
    let is_rotated = rotation_file::load(source).is_some_and(|new| decrypts(&new, check_text));
    if is_rotated { OpenError::UnfinishedRotation } else { OpenError::WrongMasterKey(source.origin().clone()) }
}

/// Returns whether the data folder contains both keys of an interrupted rotation. `master-key rotate` can then complete
/// the rotation without losing signing keys, so the signing keys need not be replaced.
pub(super) fn can_complete_rotation(
    connection: &mut Connection,
    files: &Files,
    check_text: &str,
) -> Result<bool, DbError> {
    let Some(marker) = installation::get(connection, installation::ROTATION)? else { return Ok(false) };
    let has_old = files.master_key.load().is_ok_and(|old| decrypts(&old, check_text));
    Ok(has_old && rotation_file::load(&files.master_key).is_some_and(|new| decrypts(&new, &marker)))
}

/// Encrypts the check text with a master key.
pub(super) fn seal_check_text(key: &MasterKey, entropy: &dyn Entropy) -> Result<String, MasterKeyError> {
    let sealed = key.seal(TenantId::INSTALLATION, check_key_id(), KEY_CHECK_TEXT, entropy)?;
    Ok(Base64Url::encode(&sealed))
}

pub(super) fn decrypts(key: &MasterKey, check_text: &str) -> bool {
    Base64Url::decode(check_text)
        .ok()
        .and_then(|sealed| key.open(TenantId::INSTALLATION, check_key_id(), sealed.as_bytes()).ok())
        .is_some_and(|text| text.as_slice() == KEY_CHECK_TEXT)
}

fn check_key_id() -> SigningKeyId {
    SigningKeyId::new(uuid::Uuid::nil())
}
