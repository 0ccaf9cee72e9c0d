//! Checks that this program can read the formats of all sealed values, before an operation replaces the values.

use doorward_shared::Base64Url;

use super::context::AdminContext;
use crate::{
    crypto::{MasterKey, MasterKeyError},
    service::ServiceError,
    store::{installation, signing_keys as table},
};

/// Maximum number of signing keys that are read at once.
const BATCH: i64 = 500;

/// Checks the formats of all signing keys and of the digest key. Changes nothing. Damaged values are accepted.
///
/// # Errors
/// [`ServiceError::Internal`] if a newer version of Doorward encrypted one of the values.
pub async fn check(context: &AdminContext) -> Result<(), ServiceError> {
    let stored = context.read(|connection| Ok(installation::get(connection, installation::SEALED_DIGEST_KEY)?)).await?;
    if let Some(sealed) = stored.and_then(|text| Base64Url::decode(&text).ok()) {
        refuse_newer(sealed.as_bytes(), "the digest key of imported API keys")?;
    }
    let mut after = None;
    loop {
        let batch = context.read(move |connection| Ok(table::list_of_all(connection, after, BATCH)?)).await?;
        let Some(last) = batch.last() else { return Ok(()) };
        after = Some((last.tenant_id, last.id));
        for key in &batch {
            refuse_newer(&key.sealed_private_key, &format!("signing key {} of tenant {}", key.id, key.tenant_id))?;
        }
    }
}

fn refuse_newer(sealed: &[u8], name: &str) -> Result<(), ServiceError> {
    match MasterKey::check_format(sealed) {
        Err(error @ MasterKeyError::NewerFormat(_)) => {
            Err(ServiceError::Internal(format!("{name}: {error}. The database was not changed")))
        }
        _ => Ok(()),
    }
}
