//! Deletes users at the request of the tenant's application, and returns signals about users.

use doorward_shared::{
    AuditType, Base64Url,
    public::{AllAcceptedCredentials, CurrentUserDetails, UserSignals},
};
use serde_json::json;

use super::{
    Refusal, RequestContext, ServiceError, audit,
    audited::{self, Audited},
};
use crate::{
    domain::{Credential, User},
    store::{
        ceremony_steps::FindUser,
        users::{self, Deletion},
    },
};

/// Deletes a user and the user's credentials and transactions. Challenges of the user stay stored until they expire,
/// but requests that finalize their ceremonies are refused. Writes the audit entry of the deletion or of its refusal.
/// The internal id of the user is not accepted, because a text can be the internal id of one user and the user id of
/// another user.
pub async fn delete(context: &RequestContext, user_id: &str) -> Result<(), ServiceError> {
    const FAILED: AuditType = AuditType::WebauthnUserDeleteFailed;
    let (now, tenant) = (context.app.clock.now(), context.tenant.id());
    let entry = audit::event(&context.app, tenant, &context.meta, AuditType::WebauthnUserDeleted, now)?;
    let entry = entry.by(user_id.to_owned());
    // PostgreSQL cannot store U+0000, so no user has such an id.
    if user_id.contains('\0') {
        return Err(audit::refuse(context, entry, FAILED, Refusal::UserNotFound).await);
    }
    loop {
        let (user_id, entry) = (user_id.to_owned(), entry.clone());
        let deletion = audited::write(context, move |connection| {
            let user = users::find_by_external(connection, tenant, &user_id)?;
            // On PostgreSQL, a concurrent request may have deleted the user since the user was read.
            let deletion = match &user {
                Some(user) => users::delete(connection, tenant, user.id, now, users::DELETED_AT_ONCE)?,
                None => Deletion::NotFound,
            };
            let entry = match (user, deletion) {
                (_, Deletion::Started) => return Ok(Audited::without_entry(deletion)),
                (Some(user), Deletion::Done) => entry.clone().detail(json!({ "id": user.id })),
                _ => entry.clone().refused(FAILED, &Refusal::UserNotFound),
            };
            entry.write_with(connection, deletion)
        });
        match deletion.await? {
            Deletion::Started => {}
            Deletion::Done => return Ok(()),
            Deletion::NotFound => return Err(Refusal::UserNotFound.into()),
        }
    }
}

/// Returns the signals about a user.
///
/// # Errors
/// [`Refusal::UserNotFound`].
pub async fn signals(context: &RequestContext, user_id: String) -> Result<UserSignals, ServiceError> {
    // PostgreSQL cannot store U+0000, so no user has such an id.
    if user_id.contains('\0') {
        return Err(Refusal::UserNotFound.into());
    }
    let found = context.app.db.query(FindUser::new(context.tenant.id(), &user_id)).await?;
    let (user, credentials) = found.ok_or(Refusal::UserNotFound)?;
    Ok(signals_of(&context.tenant.relying_party.id, &user, &credentials))
}

/// Returns the signals about the user. They list all of the user's credentials, because some authenticators delete
/// credentials that the signals do not list. Second factors are listed too, because a password manager may store them
/// as passkeys. Disabled credentials are listed, because they can be enabled again.
fn signals_of(rp_id: &str, user: &User, credentials: &[Credential]) -> UserSignals {
    let ids = || credentials.iter().map(|credential| Base64Url(credential.id.as_bytes().to_vec())).collect();
    let mut signals = UserSignals { all_accepted_credentials: Vec::new(), current_user_details: Vec::new() };
    for handle in user.handles() {
        signals.all_accepted_credentials.push(AllAcceptedCredentials {
            rp_id: rp_id.to_owned(),
            user_id: Base64Url(handle.clone()),
            all_accepted_credential_ids: ids(),
        });
        signals.current_user_details.push(CurrentUserDetails {
            rp_id: rp_id.to_owned(),
            user_id: Base64Url(handle),
            name: user.name.clone(),
            display_name: user.display_name.clone(),
        });
    }
    signals
}
