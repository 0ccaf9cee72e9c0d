//! Lists, reads, renames and deletes credentials.

use doorward_shared::{
    AttestationTrust, AuditType, Base64Url,
    public::{CredentialItem, CredentialPatch},
};

use super::{
    Refusal, RequestContext, ServiceError, audit,
    audited::{self, AuditedOutcome},
    validate,
};
use crate::{
    db::{Connection, DbError},
    domain::{
        Credential, CredentialId, Metadata,
        audit::Total,
        list::{NumberedPage, PageQuery},
    },
    store::{credentials, users},
};

/// Returns a credential as both APIs show it.
pub fn item(credential: Credential, user_id: String, metadata: &Metadata) -> CredentialItem {
    let attested = credential.attested();
    let attestation_type = credential.attestation_type().to_owned();
    CredentialItem {
        id: Base64Url(credential.id.as_bytes().to_vec()),
        name: Some(credential.name).filter(|name| !name.is_empty()),
        algorithm: credential.algorithm.to_string(),
        public_key: Base64Url(credential.public_key),
        attestation_type,
        attested,
        attestation_stated: credential.attestation_format,
        attestation_trust: credential.attestation_trust,
        sign_count: credential.sign_count,
        aaguid: credential.aaguid,
        model: metadata.name(credential.aaguid, credential.attestation_key_id.as_ref()).map(str::to_owned),
        model_verified: credential.attestation_trust == AttestationTrust::Chain,
        last_used_at: credential.last_used_at,
        created_at: credential.created_at,
        disabled_at: credential.disabled_at,
        transports: credential.transports,
        backup_eligible: credential.backup_eligible,
        backup_state: credential.backup_state,
        is_mfa: credential.is_mfa,
        discoverable: credential.discoverable,
        user_id,
    }
}

/// Returns a page of the credentials of one user or of all users. An unknown user has no credentials.
pub async fn list(
    context: &RequestContext,
    user_id: Option<String>,
    query: PageQuery,
) -> Result<NumberedPage<CredentialItem>, ServiceError> {
    let tenant_id = context.tenant.id();
    let found = context
        .app
        .db
        .read(move |connection| {
            let user = match &user_id {
                None => None,
                Some(external_id) => match users::find_by_external(connection, tenant_id, external_id)? {
                    Some(user) => Some(user.id),
                    None => return Ok(NumberedPage { items: Vec::new(), total: Some(Total::Exact(0)), next: None }),
                },
            };
            credentials::page(connection, tenant_id, user, &query)
        })
        .await
        .map_err(|error: DbError| ServiceError::from(error))?;
    let metadata = context.app.metadata().await?;
    Ok(found.map(|(credential, user_id)| item(credential, user_id, &metadata)))
}

pub async fn get(context: &RequestContext, id: &str) -> Result<CredentialItem, ServiceError> {
    let not_found = || Refusal::CredentialNotFound(id.to_owned());
    let credential_id = CredentialId::parse(id).ok_or_else(not_found)?;
    let tenant_id = context.tenant.id();
    let found = context
        .app
        .db
        .read(move |connection| credentials::find_with_owner(connection, tenant_id, &credential_id))
        .await?;
    let (credential, user) = found.ok_or_else(not_found)?;
    Ok(item(credential, user.external_id, context.app.metadata().await?.as_ref()))
}

/// Renames a credential.
pub async fn rename(
    context: &RequestContext,
    id: &str,
    patch: Result<CredentialPatch, Refusal>,
) -> Result<(), ServiceError> {
    let named = patch.and_then(|patch| validate::label("name", patch.name));
    change(context, id, Change::Rename(named)).await
}

pub async fn delete(context: &RequestContext, id: &str) -> Result<(), ServiceError> {
    change(context, id, Change::Delete).await
}

#[derive(Debug)]
enum Change {
    Rename(Result<String, Refusal>),
    Delete,
}

impl Change {
    const fn event(&self, succeeded: bool) -> AuditType {
        match (self, succeeded) {
            (Self::Rename(_), true) => AuditType::WebauthnCredentialUpdated,
            (Self::Rename(_), false) => AuditType::WebauthnCredentialUpdateFailed,
            (Self::Delete, true) => AuditType::WebauthnCredentialDeleted,
            (Self::Delete, false) => AuditType::WebauthnCredentialDeleteFailed,
        }
    }
}

/// Changes a credential and writes the audit entry of the change or of its refusal.
async fn change(context: &RequestContext, id: &str, change: Change) -> Result<(), ServiceError> {
    let now = context.app.clock.now();
    let tenant_id = context.tenant.id();
    let failed = change.event(false);
    let entry = audit::event(&context.app, tenant_id, &context.meta, change.event(true), now)?;
    let not_found = Refusal::CredentialNotFound(id.to_owned());
    let Some(credential_id) = CredentialId::parse(id) else {
        return Err(audit::refuse(context, entry, failed, not_found).await);
    };
    let entry = entry.credential(&credential_id);
    let name = match change {
        Change::Rename(Err(refusal)) => return Err(audit::refuse(context, entry, failed, refusal).await),
        Change::Rename(Ok(name)) => Some(name),
        Change::Delete => None,
    };
    let unit = move |connection: &mut Connection| -> AuditedOutcome<()> {
        let entry = entry.clone();
        let Some((before, user)) = credentials::find_with_owner(connection, tenant_id, &credential_id)? else {
            return entry.refused(failed, &not_found).write_with(connection, Err(not_found.clone()));
        };
        let entry = entry.by(user.external_id);
        let found = match &name {
            Some(name) => credentials::rename(connection, tenant_id, &credential_id, name, now)?,
            None => credentials::delete(connection, tenant_id, &credential_id)?,
        };
        // On PostgreSQL, a concurrent request may have deleted the credential since the credential was read.
        if !found {
            return entry.refused(failed, &not_found).write_with(connection, Err(not_found.clone()));
        }
        let entry = match &name {
            Some(name) => entry.detail(serde_json::json!({ "name": { "before": before.name, "after": name } })),
            None => entry,
        };
        entry.write_with(connection, Ok(()))
    };
    Ok(audited::write(context, unit).await??)
}
