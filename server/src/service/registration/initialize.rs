//! Starts a registration.

use doorward_shared::{
    CoseAlgorithm, Timestamp, UserId,
    config::{TenantConfig, TrustMode},
    extensions::RegistrationExtensions,
    public::{CreationOptions, Mediation, RegistrationInitRequest},
};

use super::super::{
    Refusal, RequestContext, ServiceError, audit, audited,
    ceremony::{hints, includes, random_challenge},
    validate,
};
use crate::{
    clock,
    db::Connection,
    domain::{Ceremony, CeremonyState, Challenge, CredentialId, User, extensions},
    store::{challenges, credentials, users},
    webauthn::{self, CreationExtras},
};

/// Reason for refusing an automatic passkey upgrade for a user with a second factor. A person who has only this user's
/// password could otherwise create a passkey, and then log in with the passkey instead of the second factor.
const UPGRADE_WITH_SECOND_FACTOR: &str = "mediation is not possible for a user with a second factor: a session that was \
                                          started with a password alone could replace it";

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
    let valid = request.and_then(|mut request| {
        let extras = validate_extras(context, ceremony, &mut request)?;
        Ok((validate_user(context, request, id, now)?, extras))
    });
    let (user, extras) = match valid {
        Ok(valid) => valid,
        Err(refusal) => return Err(audit::refuse(context, entry, ceremony.init_event(false), refusal).await),
    };
    context.app.db.check_space()?;
    let value = random_challenge(context)?;
    let conditional = extras.mediation.is_some();
    let policy = context.tenant.policy(ceremony);
    let policy = if conditional { policy.conditional() } else { policy };
    let algorithms = offered(&context.tenant.tenant.config, ceremony);
    let relying_party = context.tenant.relying_party.clone();
    let tenant_id = context.tenant.id();
    let limit = context.tenant.tenant.config.limits.credentials_per_user;
    let excludes = context.tenant.tenant.config.webauthn.exclude_credentials;
    let refused = entry.clone();
    let unit = move |connection: &mut Connection| {
        let user = users::upsert(connection, &user)?;
        if user.disabled_at.is_some() {
            return Err(ServiceError::from(Refusal::UserDisabled));
        }
        // Disabled credentials are excluded as well, so that their authenticators do not register another credential.
        // The registration of a second factor excludes passkeys too: it could overwrite the passkey on the same
        // authenticator. The registration of a passkey does not exclude second factors.
        let stored = credentials::for_user(connection, tenant_id, user.id)?;
        if stored.len() as u64 >= limit.into() {
            return Err(ServiceError::from(Refusal::TooManyCredentials(limit)));
        }
        if conditional && stored.iter().any(|credential| credential.is_mfa) {
            return Err(ServiceError::from(Refusal::Invalid(UPGRADE_WITH_SECOND_FACTOR.to_owned())));
        }
        let excluded: Vec<CredentialId> = stored
            .into_iter()
            .filter(|credential| excludes && includes(ceremony, credential))
            .map(|credential| credential.id)
            .collect();
        let options =
            webauthn::creation_options(&relying_party, &policy, &algorithms, &user, &value, &excluded, extras.clone());
        let state = CeremonyState::new(&relying_party, &policy, Some(&excluded));
        challenges::insert(
            connection,
            &Challenge {
                tenant_id,
                value: value.clone(),
                ceremony,
                user_id: Some(user.id),
                transaction_id: None,
                state: CeremonyState { algorithms: algorithms.clone(), conditional, ..state },
                created_at: now,
                expires_at: now.plus_millis(policy.lifetime_ms.into()),
            },
        )?;
        Ok(entry.write_with(connection, options)?)
    };
    let options = audited::write(context, unit).await;
    match options {
        // The refusal rolled back the unit of work that changed the user, so another unit writes the audit entry.
        Err(ServiceError::Refused(
            refusal @ (Refusal::TooManyCredentials(_) | Refusal::UserDisabled | Refusal::Invalid(_)),
        )) => Err(audit::refuse(context, refused, ceremony.init_event(false), refusal).await),
        options => options,
    }
}

/// Validates the optional members of the request, and adds the members that the tenant configures.
fn validate_extras(
    context: &RequestContext,
    ceremony: Ceremony,
    request: &mut RegistrationInitRequest,
) -> Result<CreationExtras, Refusal> {
    let settings = &context.tenant.tenant.config.webauthn;
    let mediation = request.mediation;
    if mediation.is_some() && ceremony.is_mfa() {
        let reason = "mediation is possible only for passkeys: a password manager that creates a second factor without \
                      the user's action would not be a second factor";
        return Err(Refusal::Invalid(reason.to_owned()));
    }
    let policy = context.tenant.tenant.config.trust.of(ceremony.is_mfa());
    if mediation.is_some() && policy.registration == TrustMode::Enforce && policy.needs_attestation() {
        let reason = "mediation is not possible: the tenant's trust policy needs an attestation, and the password manager \
                      sends none without the user's action";
        return Err(Refusal::Invalid(reason.to_owned()));
    }
    let hints = hints(context, ceremony, request.hints.take())?;
    let mut requested = |others: &RegistrationExtensions| {
        extensions::of_registration(request.extensions.take(), &settings.allowed_extensions, others)
            .map_err(Refusal::Invalid)
    };
    Ok(match mediation {
        None => CreationExtras {
            mediation,
            hints,
            attestation_formats: settings.attestation_formats.clone(),
            extensions: requested(&settings.extensions)?,
        },
        // With conditional mediation the browser shows no dialog. Hints then have no effect, and an extension that the
        // browser cannot satisfy makes the registration fail. Therefore, the tenant's hints, attestation formats and
        // extensions are ignored, except for the extension `credProps`.
        Some(Mediation::Conditional) => {
            let cred_props = settings.extensions.cred_props;
            let extensions = requested(&RegistrationExtensions { cred_props, ..RegistrationExtensions::default() })?;
            CreationExtras { mediation, extensions, ..CreationExtras::default() }
        }
    })
}

/// Returns the tenant's algorithms that its trust policy accepts for new credentials.
fn offered(config: &TenantConfig, ceremony: Ceremony) -> Vec<CoseAlgorithm> {
    let policy = config.trust.of(ceremony.is_mfa());
    config.webauthn.algorithms.iter().copied().filter(|algorithm| policy.offers(*algorithm)).collect()
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
