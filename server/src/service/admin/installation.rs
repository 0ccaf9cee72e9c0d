//! Creates an installation in an empty database.

use doorward_shared::{AdminTokenId, AuditType, TenantId, admin::Role};

use super::{
    admin_tokens,
    context::{AdminContext, unless_duplicate},
};
use crate::{
    crypto::{GeneratedSecret, KeyKind, PresentedKey},
    domain::AdminToken,
    service::{Refusal, ServiceError, audited::Audited},
    store::{admin_tokens as table, installation},
};

/// Stores the check text (a fixed text that is encrypted with the master key) and the first admin token in one
/// transaction. Returns `false` and changes nothing if the database already contains an installation.
pub async fn create(context: &AdminContext, check_text: String, token: PresentedKey) -> Result<bool, ServiceError> {
    let now = context.app.clock.now();
    let secret = GeneratedSecret::from_presented(KeyKind::Admin, token, context.app.entropy.as_ref())?;
    let token = AdminToken {
        id: AdminTokenId::new(secret.id),
        name: "first".to_owned(),
        role: Role::Admin,
        tenants: None,
        hint: secret.hint,
        hash: secret.hash,
        created_at: now,
        expires_at: admin_tokens::latest_expiry(&context.app, now),
        last_used_at: None,
    };
    let entry = context.event(TenantId::INSTALLATION, AuditType::AdminTokenCreated, now)?;
    let entry = entry.detail(admin_tokens::describe(&token));
    context
        .change(move |connection| {
            let stored = installation::put_if_absent(connection, installation::SEALED_WORD, &check_text)?;
            if stored != check_text {
                return Ok(Audited::without_entry(false));
            }
            unless_duplicate(table::insert(connection, &token), || {
                Refusal::Conflict("an admin token named `first` exists already".to_owned())
            })?;
            Ok(entry.write_with(connection, true)?)
        })
        .await
}
