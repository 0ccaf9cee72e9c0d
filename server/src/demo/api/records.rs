//! Credentials and audit entries of the visitor.

use actix_web::{HttpResponse, web};
use doorward_shared::{
    ErrorCode,
    audit::AuditLogItem,
    public::{CredentialItem, UserSignals},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{
        reply::{DemoError, Outcome, respond},
        request_log::RequestLog,
        state::Demo,
    },
    SignedIn,
};

type State = web::Data<Demo>;

impl Demo {
    /// Returns a user's credentials, oldest first. The list is empty if Doorward does not know the user yet.
    pub(super) async fn credentials_of(
        &self,
        log: &mut RequestLog,
        user_id: &str,
    ) -> Result<Vec<CredentialItem>, DemoError> {
        let query = [("user_id", user_id), ("per_page", "100"), ("order", "asc")];
        match self.backend.get(log, &["credentials"], &query).await {
            Err(error) if error.is(ErrorCode::UserNotFound) => Ok(Vec::new()),
            result => result,
        }
    }

    /// Checks that the credential belongs to the visitor. With the API key, the application can access all credentials
    /// of the tenant, so it must check the owner itself.
    async fn check_owner(&self, log: &mut RequestLog, visitor: &SignedIn, id: &str) -> Result<(), DemoError> {
        let credential: CredentialItem = self.backend.get(log, &["credentials", id], &[]).await?;
        if credential.user_id == visitor.session.user_id {
            return Ok(());
        }
        Err(DemoError::new(404, "credential_not_found", "You have no such passkey", ""))
    }
}

pub(super) async fn credentials(demo: State, visitor: SignedIn) -> HttpResponse {
    respond(async |log| Ok(Outcome::new(json!(demo.credentials_of(log, &visitor.session.user_id).await?)))).await
}

#[derive(Deserialize)]
pub(super) struct NewName {
    name: String,
}

pub(super) async fn rename(
    demo: State,
    visitor: SignedIn,
    id: web::Path<String>,
    body: web::Json<NewName>,
) -> HttpResponse {
    respond(async |log| {
        demo.check_owner(log, &visitor, &id).await?;
        demo.backend.patch(log, &["credentials", &id], &json!({ "name": body.name.trim() })).await?;
        Ok(Outcome::new(Value::Null))
    })
    .await
}

/// Deletes a credential and returns the signals with which the page removes it from the visitor's authenticators.
pub(super) async fn delete(demo: State, visitor: SignedIn, id: web::Path<String>) -> HttpResponse {
    respond(async |log| {
        demo.check_owner(log, &visitor, &id).await?;
        demo.backend.delete(log, &["credentials", &id]).await?;
        let path = ["users", &visitor.session.user_id, "signals"];
        // The credential is already deleted, so the request succeeds even if the signals cannot be read.
        let signals: Option<UserSignals> = demo.backend.get(log, &path, &[]).await.ok();
        Ok(Outcome::new(json!(signals)))
    })
    .await
}

/// Returns the visitor's audit entries, newest first.
pub(super) async fn audit(demo: State, visitor: SignedIn) -> HttpResponse {
    respond(async |log| {
        let user_id = visitor.session.user_id.as_str();
        let query = [("actor_user_id", user_id), ("per_page", "30")];
        let entries: Vec<AuditLogItem> = demo.backend.get(log, &["audit_logs"], &query).await?;
        // The filter also matches parts of ids, but visitors may see only their own entries.
        let own = entries.into_iter().filter(|entry| entry.actor_user_id.as_deref() == Some(user_id));
        Ok(Outcome::new(json!(own.collect::<Vec<_>>())))
    })
    .await
}
