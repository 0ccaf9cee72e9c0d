//! Starts a registration.

use doorward_shared::{
    Timestamp, UserId,
    public::{CreationOptions, RegistrationInitRequest},
};

use super::super::{
    Refusal, RequestContext, ServiceError, audit,
    ceremony::{includes, random_challenge},
    validate,
};
use crate::{
    clock,
    domain::{Ceremony, CeremonyState, Challenge, CredentialId, User, challenge::MAX_LIFETIME_MS},
    store::{challenges, credentials, users},
    webauthn,
};

/// Starts a registration: creates or updates the user and stores a challenge.
pub async fn initialize(
    context: &RequestContext,
    ceremony: Ceremony,
    request: Result<RegistrationInitRequest, Refusal>,
) -> Result<CreationOptions, ServiceError> {
    let now = context.app.clock.now();
    let entry = audit::event(&context.app, context.tenant.id(), &context.meta, ceremony.init_event(true), now)?;
    let entry = entry.by(request.as_ref().ok().and_then(|request| request.user_id.clone()));
    let id = UserId::new(clock::new_uuid(now, context.app.entropy.as_ref())?);
    let user = match request.and_then(|request| validate_user(context, request, id, now)) {
        Ok(user) => user,
        Err(refusal) => return Err(audit::refuse(context, entry, ceremony.init_event(false), refusal).await),
    };
    context.app.db.check_space()?;
    let value = random_challenge(context)?;
    let policy = context.tenant.policy(ceremony);
    let algorithms = context.tenant.tenant.config.webauthn.algorithms.clone();
    let relying_party = context.tenant.relying_party.clone();
    let tenant_id = context.tenant.id();
    let limit = context.tenant.tenant.config.limits.credentials_per_user;
    let refused = entry.clone();
    let options = context
        .app
        .db
        .write(move |connection| {
            let user = users::upsert(connection, &user)?;
            if user.disabled_at.is_some() {
                return Err(ServiceError::from(Refusal::UserDisabled));
            }
            // Disabled credentials are excluded as well, so that an authenticator does not register a second one.
            // Passkeys are excluded because they are also second factors, and a new second factor could overwrite the
            // passkey on the same authenticator. A second factor does not prevent a passkey on the same authenticator.
            let stored = credentials::for_user(connection, tenant_id, user.id)?;
            if stored.len() as u64 >= limit.into() {
                return Err(ServiceError::from(Refusal::TooManyCredentials(limit)));
            }
            let excluded: Vec<CredentialId> = stored
                .into_iter()
                .filter(|credential| includes(ceremony, credential))
                .map(|credential| credential.id)
                .collect();
            let options = webauthn::creation_options(&relying_party, &policy, &algorithms, &user, &value, &excluded);
            challenges::insert(
                connection,
                &Challenge {
                    tenant_id,
                    value,
                    ceremony,
                    user_id: Some(user.id),
                    transaction_id: None,
                    state: CeremonyState { algorithms, ..CeremonyState::new(&relying_party, &policy, Some(&excluded)) },
                    created_at: now,
                    expires_at: now.plus_millis(policy.timeout_ms.min(MAX_LIFETIME_MS).into()),
                },
            )?;
            entry.write(connection)?;
            Ok(options)
        })
        .await;
    match options {
        // The refusal rolled back the unit of work that changed the user, so another unit writes the audit entry.
        Err(ServiceError::Refused(refusal @ (Refusal::TooManyCredentials(_) | Refusal::UserDisabled))) => {
            Err(audit::refuse(context, refused, ceremony.init_event(false), refusal).await)
        }
        options => options,
    }
}

fn validate_user(
    context: &RequestContext,
    request: RegistrationInitRequest,
    id: UserId,
    now: Timestamp,
) -> Result<User, Refusal> {
    let external_id = validate::user_id(request.user_id)?;
    let name = validate::label("username", request.username)?;
    let display_name = match request.display_name.filter(|name| !name.trim().is_empty()) {
        Some(display_name) => validate::short("display_name", display_name)?,
        None => name.clone(),
    };
    let icon = validate::url("icon", request.icon)?.unwrap_or_default();
    let tenant_id = context.tenant.id();
    Ok(User {
        tenant_id,
        id,
        external_id,
        name,
        display_name,
        icon,
        created_at: now,
        updated_at: now,
        disabled_at: None,
    })
}
