//! Deletes users at the request of the tenant's application.

use doorward_shared::AuditType;
use serde_json::json;

use super::{Refusal, RequestContext, ServiceError, audit};
use crate::{
    db::DbError,
    store::users::{self, Deletion},
};

/// Deletes a user with credentials and transactions. Challenges of the user remain until they expire, but no ceremony can
/// end with them. Writes the audit entry of the deletion or of its refusal. `user_id` is the id in the tenant's system. Doorward's own id is not accepted, because a text can be
/// Doorward's id of one user and the tenant's id of another user.
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
        let deletion = context.app.db.write(move |connection| {
            let user = users::find_by_external(connection, tenant, &user_id)?;
            // On PostgreSQL, a concurrent request may have deleted the user since the read.
            let deletion = match &user {
                Some(user) => users::delete(connection, tenant, user.id, now, users::DELETED_AT_ONCE)?,
                None => Deletion::NotFound,
            };
            match (user, deletion) {
                (_, Deletion::Started) => {}
                (Some(user), Deletion::Done) => {
                    entry.detail(json!({ "id": user.id })).write(connection)?;
                }
                _ => entry.refused(FAILED, &Refusal::UserNotFound).write(connection)?,
            }
            Ok::<_, DbError>(deletion)
        });
        match deletion.await? {
            Deletion::Started => {}
            Deletion::Done => return Ok(()),
            Deletion::NotFound => return Err(Refusal::UserNotFound.into()),
        }
    }
}
