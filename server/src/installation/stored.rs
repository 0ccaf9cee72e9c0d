//! Reads what a database contains about its installation.

use super::error::OpenError;
use crate::{
    db::{Connection, DbError},
    store::{installation, signing_keys},
    transfer,
};

/// Returns the encrypted check text of the installation in a database; `None` if there is no installation.
pub(super) fn check_text(connection: Option<&mut Connection>) -> Result<Option<String>, OpenError> {
    let Some(connection) = connection else { return Ok(None) };
    if !installation::table_exists(connection)? {
        return Ok(None);
    }
    if installation::get(connection, transfer::CHECKPOINT)?.is_some() {
        return Err(OpenError::Incomplete);
    }
    Ok(installation::get(connection, installation::SEALED_WORD)?)
}

/// Returns an error if a rotation of the master key was interrupted before the database used the new key.
pub(super) fn refuse_unfinished_rotation(connection: &mut Connection) -> Result<(), OpenError> {
    match installation::get(connection, installation::ROTATION)? {
        Some(_) => Err(OpenError::UnfinishedRotation),
        None => Ok(()),
    }
}

/// Returns whether the database contains signing keys. A database without the installation table contains none.
pub(super) fn holds_sealed_keys(connection: &mut Connection) -> Result<bool, DbError> {
    Ok(installation::table_exists(connection)? && !signing_keys::list_of_all(connection, None, 1)?.is_empty())
}
