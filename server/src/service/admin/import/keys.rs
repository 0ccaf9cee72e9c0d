//! The digest key of imported API keys, and signing keys for tenants that have none.

use std::sync::Arc;

use doorward_shared::{TenantId, admin::SigningAlgorithm};

use super::super::{context::AdminContext, signing_keys};
use crate::{crypto::DigestKey, domain::SigningKeyRecord, service::ServiceError, store::installation};

/// Returns the installation's digest key of imported API keys, and creates it at the first import.
pub async fn digest_key(context: &AdminContext) -> Result<DigestKey, ServiceError> {
    let app = Arc::clone(&context.app);
    let new = DigestKey::generate(&app.master_key, app.entropy.as_ref()).map_err(internal)?;
    let put = move |connection: &mut _| installation::put_if_absent(connection, installation::SEALED_DIGEST_KEY, &new);
    let sealed = app.db.write_and_invalidate(put).await?;
    DigestKey::open(&app.master_key, &sealed).map_err(internal)
}

/// Returns the stored digest key; `None` if no import has created it yet.
pub async fn stored_digest_key(context: &AdminContext) -> Result<Option<DigestKey>, ServiceError> {
    let stored = context.read(|connection| Ok(installation::get(connection, installation::SEALED_DIGEST_KEY)?)).await?;
    stored.map(|sealed| DigestKey::open(&context.app.master_key, &sealed)).transpose().map_err(internal)
}

/// Generates a signing key for a tenant that has none in the other system, without storing it.
pub async fn new_signing_key(
    context: &AdminContext,
    tenant: TenantId,
    algorithm: SigningAlgorithm,
) -> Result<SigningKeyRecord, ServiceError> {
    let now = context.app.clock.now();
    signing_keys::generate(context, tenant, algorithm, now, now).await
}

fn internal(error: impl std::fmt::Display) -> ServiceError {
    ServiceError::Internal(error.to_string())
}
