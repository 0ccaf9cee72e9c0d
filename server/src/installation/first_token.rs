//! The first admin token. Its file is written under a temporary name before the token is committed, and renamed after
//! the commit. After a crash between these steps, the next start finds the temporary file and completes the
//! installation.

use std::{fs, io, path::Path};

use doorward_shared::AdminTokenId;

use super::{error::OpenError, files::Files};
use crate::{
    clock::Entropy,
    crypto::{GeneratedSecret, KeyKind, PresentedKey},
    db::Database,
    secret_file,
    service::ServiceError,
    store::admin_tokens,
};

/// Returns the token in the temporary file. Creates the file, unless another process or an interrupted start has
/// already created it.
pub(super) fn prepare(files: &Files, entropy: &dyn Entropy) -> Result<PresentedKey, OpenError> {
    let path = &files.unfinished_token;
    let failed = |error| OpenError::File { path: path.clone(), error };
    if let Some(token) = read(path).map_err(failed)? {
        return Ok(token);
    }
    let secret = GeneratedSecret::new(KeyKind::Admin, entropy).map_err(|error| OpenError::Create(error.into()))?;
    secret_file::create(path, secret.plain.expose().as_bytes(), entropy).map_err(failed)?;
    let written = read(path).map_err(failed)?;
    written.ok_or_else(|| OpenError::Create(ServiceError::Internal(format!("{} is not a token", path.display()))))
}

/// Renames the temporary file if its token was committed, otherwise deletes it. Returns whether it was renamed.
pub(super) async fn finish(db: &Database, files: &Files) -> Result<bool, OpenError> {
    let path = &files.unfinished_token;
    let failed = |error| OpenError::File { path: path.clone(), error };
    if !path.exists() {
        return Ok(false);
    }
    let committed = match read(path).map_err(failed)? {
        Some(token) => {
            let id = AdminTokenId::new(token.id);
            db.read(move |connection| admin_tokens::find(connection, id)).await?.is_some()
        }
        None => false,
    };
    let changed = if committed { fs::rename(path, &files.admin_token) } else { fs::remove_file(path) };
    match changed {
        // Another process with the same data folder has already renamed the file.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed(error)),
        Ok(()) => {
            secret_file::sync_folder(path).map_err(failed)?;
            Ok(committed)
        }
    }
}

/// Returns the token in a file; `None` if the file does not exist or is damaged. A damaged file is deleted.
fn read(path: &Path) -> io::Result<Option<PresentedKey>> {
    match fs::read_to_string(path) {
        Ok(text) => match PresentedKey::parse(KeyKind::Admin, &text) {
            Some(token) => Ok(Some(token)),
            None => fs::remove_file(path).map(|()| None),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
