//! Registrations: of passkeys and of second factors (WebAuthn §7.1).

use doorward_shared::{
    Base64Url, Timestamp, UserId,
    public::{CreationOptions, RegistrationInitRequest},
};

use super::{Refusal, RequestContext, ServiceError, audit, token, validate};
use crate::{
    clock,
    db::{Connection, DbError},
    domain::{
        Ceremony, CeremonyState, Challenge, ChallengeValue, Credential, CredentialId, User, aaguid::default_name,
    },
    store::{challenges, credentials, users},
    webauthn::{self, ParsedRegistration, VerifiedRegistration},
};

/// Starts a registration: makes the user known, and a challenge that waits for [`finalize`].
///
/// # Errors
/// [`Refusal::Invalid`] for fields that are missing or wrong.
pub async fn initialize(
    call: &RequestContext,
    ceremony: Ceremony,
    request: Result<RegistrationInitRequest, Refusal>,
) -> Result<CreationOptions, ServiceError> {
    let now = call.app.clock.now();
    let event = audit::event(&call.app, call.tenant.id(), &call.meta, ceremony.init_event(true), now)?;
    let named = request.as_ref().ok().and_then(|request| request.user_id.clone());
    let event = event.by(named);
    let user = match request.and_then(|request| validated(call, request, now)) {
        Ok(user) => user,
        Err(refusal) => return Err(audit::refuse(call, event, ceremony.init_event(false), refusal).await),
    };
    let user = User { id: UserId::new(clock::new_uuid(now, call.app.entropy.as_ref())?), ..user };
    let value = ChallengeValue(clock::random::<32>(call.app.entropy.as_ref())?.to_vec());
    let policy = if ceremony.is_mfa() { call.tenant.mfa_policy } else { call.tenant.passkey_policy };
    let relying_party = call.tenant.relying_party.clone();
    let tenant_id = call.tenant.id();
    call.app
        .db
        .write(move |connection| {
            let user = users::upsert(connection, &user)?;
            let excluded: Vec<CredentialId> = credentials::for_user(connection, tenant_id, user.id)?
                .into_iter()
                .filter(|credential| excludes(ceremony, credential))
                .map(|credential| credential.id)
                .collect();
            let options = webauthn::creation_options(&relying_party, &policy, &user, &value, &excluded);
            let ids = excluded.iter().map(|id| Base64Url(id.as_bytes().to_vec())).collect();
            challenges::insert(
                connection,
                &Challenge {
                    tenant_id,
                    value,
                    ceremony,
                    user_id: Some(user.id),
                    transaction_id: None,
                    state: CeremonyState { relying_party, policy, credentials: Some(ids) },
                    created_at: now,
                    expires_at: now.plus_millis(i64::from(policy.timeout_ms)),
                },
            )?;
            event.write(connection)?;
            Ok(options)
        })
        .await
}

/// Which of the user's credentials keep their authenticators from being registered again.
///
/// A passkey is a second factor too, and a new credential could overwrite it on its authenticator; a second factor may
/// be joined by a passkey on the same authenticator.
const fn excludes(ceremony: Ceremony, credential: &Credential) -> bool {
    ceremony.is_mfa() || !credential.is_mfa
}

fn validated(call: &RequestContext, request: RegistrationInitRequest, now: Timestamp) -> Result<User, Refusal> {
    let external_id = validate::user_id(request.user_id)?;
    let name = validate::label("username", request.username)?;
    let display_name = match request.display_name.filter(|name| !name.trim().is_empty()) {
        Some(display_name) => validate::short("display_name", display_name)?,
        None => name.clone(),
    };
    let icon = validate::url("icon", request.icon)?.unwrap_or_default();
    Ok(User {
        tenant_id: call.tenant.id(),
        id: UserId::new(uuid::Uuid::nil()),
        external_id,
        name,
        display_name,
        icon,
        created_at: now,
        updated_at: now,
    })
}

/// Ends a registration: verifies what the authenticator made, stores the credential, answers a token.
///
/// The challenge is used up, whatever comes of it.
///
/// # Errors
/// The refusals of the contract's table; each leaves its audit row.
pub async fn finalize(
    call: &RequestContext,
    ceremony: Ceremony,
    body: Result<&[u8], Refusal>,
) -> Result<String, ServiceError> {
    let now = call.app.clock.now();
    let event = audit::event(&call.app, call.tenant.id(), &call.meta, ceremony.final_event(true), now)?;
    let parsed = body.and_then(|body| {
        webauthn::parse_registration(body).map_err(|malformed| Refusal::MalformedCredential(malformed.reason))
    });
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(refusal) => return Err(audit::refuse(call, event, ceremony.final_event(false), refusal).await),
    };
    let event = event.credential(parsed.credential_id());
    let tenant_id = call.tenant.id();
    let value = parsed.challenge().clone();
    let found = call
        .app
        .db
        .read(move |connection| {
            let Some(challenge) = challenges::find(connection, tenant_id, &value)? else { return Ok(None) };
            let user = challenge.user_id.map(|id| users::find(connection, tenant_id, id)).transpose()?.flatten();
            Ok::<_, DbError>(Some((challenge, user)))
        })
        .await?;
    let user_name = found.as_ref().and_then(|(_, user)| user.as_ref()).map(|user| user.external_id.clone());
    let event = event.by(user_name);
    let (challenge, user, verified) = match check(ceremony, found, &parsed, now) {
        Ok(checked) => checked,
        Err(refusal) => return Err(consume(call, event, ceremony, parsed.challenge(), refusal).await),
    };
    let token = token::issue(
        call,
        &token::Subject {
            ceremony,
            user: &user.external_id,
            rp_id: &challenge.state.relying_party.id,
            credential: &verified.credential_id,
            user_verified: verified.user_verified,
            backup_eligible: verified.backup_eligible,
            transaction: None,
        },
        now,
    )?;
    let credential = credential(&user, ceremony, verified, now);
    let outcome = call
        .app
        .db
        .write(move |connection| store_credential(connection, ceremony, &challenge, &credential, event))
        .await?;
    outcome.map(|()| token).map_err(ServiceError::from)
}

/// The write that ends a registration: the challenge goes, the credential comes, and the audit row says what happened.
fn store_credential(
    connection: &mut Connection,
    ceremony: Ceremony,
    challenge: &Challenge,
    credential: &Credential,
    event: audit::Entry,
) -> Result<Result<(), Refusal>, DbError> {
    let refusal = if challenges::take(connection, challenge.tenant_id, &challenge.value)? {
        match credentials::insert(connection, credential) {
            Ok(()) => None,
            Err(DbError::Duplicate { .. }) => Some(Refusal::CredentialExists),
            // The user was deleted since the read, and the challenges with it.
            Err(DbError::Orphan) => Some(Refusal::ChallengeUnknown),
            Err(error) => return Err(error),
        }
    } else {
        Some(Refusal::ChallengeUnknown)
    };
    match &refusal {
        None => event.write(connection)?,
        Some(refusal) => event.refused(ceremony.final_event(false), refusal).write(connection)?,
    }
    Ok(refusal.map_or(Ok(()), Err))
}

fn check(
    ceremony: Ceremony,
    found: Option<(Challenge, Option<User>)>,
    parsed: &ParsedRegistration,
    now: Timestamp,
) -> Result<(Challenge, User, VerifiedRegistration), Refusal> {
    let Some((challenge, Some(user))) = found else { return Err(Refusal::ChallengeUnknown) };
    if challenge.ceremony != ceremony {
        return Err(Refusal::ChallengeUnknown);
    }
    if challenge.expires_at <= now {
        return Err(Refusal::ChallengeExpired);
    }
    let verified =
        webauthn::verify_registration(&challenge.state, &challenge.value, parsed).map_err(Refusal::Verification)?;
    Ok((challenge, user, verified))
}

/// Ends a ceremony without success: the challenge is used up, the refusal has its row.
pub(super) async fn consume(
    call: &RequestContext,
    event: audit::Entry,
    ceremony: Ceremony,
    challenge: &ChallengeValue,
    refusal: Refusal,
) -> ServiceError {
    let tenant_id = call.tenant.id();
    let value = challenge.clone();
    let event = event.refused(ceremony.final_event(false), &refusal);
    let written = call
        .app
        .db
        .write(move |connection| {
            challenges::take(connection, tenant_id, &value)?;
            event.write(connection)
        })
        .await;
    match written {
        Ok(()) => refusal.into(),
        Err(error) => error.into(),
    }
}

fn credential(user: &User, ceremony: Ceremony, verified: VerifiedRegistration, now: Timestamp) -> Credential {
    Credential {
        tenant_id: user.tenant_id,
        user_id: user.id,
        name: default_name(verified.aaguid, &verified.credential_id),
        id: verified.credential_id,
        public_key: verified.public_key,
        attestation_format: verified.attestation_format,
        attested: verified.attested,
        aaguid: verified.aaguid,
        sign_count: verified.sign_count,
        transports: verified.transports,
        backup_eligible: verified.backup_eligible,
        backup_state: verified.backup_state,
        is_mfa: ceremony.is_mfa(),
        user_verified: verified.user_verified,
        last_used_at: None,
        created_at: now,
        updated_at: now,
    }
}
