//! What Doorward keeps about the visitor: credentials and audit entries.

use actix_web::{HttpResponse, web};
use doorward_shared::{ErrorCode, audit::AuditLogItem, public::CredentialItem};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{
        Demo,
        backend::Trail,
        reply::{DemoError, Done, answer},
    },
    SignedIn,
};

type State = web::Data<Demo>;

impl Demo {
    /// A user's credentials, oldest first. Doorward hears of a user with the first registration; until then there are none.
    pub(super) async fn credentials_of(
        &self,
        trail: &mut Trail,
        user_id: &str,
    ) -> Result<Vec<CredentialItem>, DemoError> {
        let query = [("user_id", user_id), ("per_page", "100"), ("order", "asc")];
        match self.backend.get(trail, &["credentials"], &query).await {
            Err(refusal) if refusal.is(ErrorCode::UserNotFound) => Ok(Vec::new()),
            answer => answer,
        }
    }

    /// The API key opens every credential of the tenant: whose it is, the application must ask itself.
    async fn own_credential(&self, trail: &mut Trail, visitor: &SignedIn, id: &str) -> Result<(), DemoError> {
        let credential: CredentialItem = self.backend.get(trail, &["credentials", id], &[]).await?;
        if credential.user_id == visitor.session.user_id {
            return Ok(());
        }
        Err(DemoError::new(404, "credential_not_found", "You have no such passkey", ""))
    }
}

/// The visitor's credentials, oldest first.
pub(super) async fn credentials(demo: State, visitor: SignedIn) -> HttpResponse {
    answer(async |trail| Ok(Done::with(json!(demo.credentials_of(trail, &visitor.session.user_id).await?)))).await
}

#[derive(Deserialize)]
pub(super) struct NewName {
    name: String,
}

/// Renames one of them.
pub(super) async fn rename(
    demo: State,
    visitor: SignedIn,
    id: web::Path<String>,
    body: web::Json<NewName>,
) -> HttpResponse {
    answer(async |trail| {
        demo.own_credential(trail, &visitor, &id).await?;
        demo.backend.patch(trail, &["credentials", &id], &json!({ "name": body.name.trim() })).await?;
        Ok(Done::with(Value::Null))
    })
    .await
}

/// Deletes one of them.
pub(super) async fn delete(demo: State, visitor: SignedIn, id: web::Path<String>) -> HttpResponse {
    answer(async |trail| {
        demo.own_credential(trail, &visitor, &id).await?;
        demo.backend.delete(trail, &["credentials", &id]).await?;
        Ok(Done::with(Value::Null))
    })
    .await
}

/// What the visitor caused, newest first.
pub(super) async fn audit(demo: State, visitor: SignedIn) -> HttpResponse {
    answer(async |trail| {
        let user_id = visitor.session.user_id.as_str();
        let query = [("actor_user_id", user_id), ("per_page", "30")];
        let rows: Vec<AuditLogItem> = demo.backend.get(trail, &["audit_logs"], &query).await?;
        // The filter finds parts of ids as well; a visitor sees only rows of their own.
        let own = rows.into_iter().filter(|row| row.actor_user_id.as_deref() == Some(user_id));
        Ok(Done::with(json!(own.collect::<Vec<_>>())))
    })
    .await
}
