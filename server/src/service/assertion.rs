//! Assertions: passkey login, second-factor login and transaction confirmation (WebAuthn §7.2).

use doorward_shared::{
    Base64Url, ErrorCode, Timestamp, TransactionRowId,
    public::{RequestOptions, TransactionInitRequest},
};

use super::{
    Refusal, RequestContext, ServiceError, audit, pending_ceremonies::PendingCeremony, registration::consume, token,
    validate,
};
use crate::{
    clock,
    db::{Connection, DbError},
    domain::{
        Ceremony, CeremonyState, Challenge, ChallengeValue, Credential, CredentialId, Transaction, User,
        user::external_ids_of_handle,
    },
    store::{challenges, credentials, credentials::CredentialUse, transactions, users},
    webauthn::{self, ParsedAssertion, VerifiedAssertion},
};

/// Whom a login is for.
#[derive(Debug)]
pub enum LoginUser {
    /// Whoever the passkey belongs to.
    Discoverable,
    /// This user of the tenant.
    Named(Result<String, Refusal>),
}

/// Starts a passkey login or a second-factor login.
///
/// # Errors
/// [`Refusal::UserNotFound`], [`Refusal::NoSuitableCredential`], [`Refusal::Invalid`].
pub async fn initialize(
    call: &RequestContext,
    ceremony: Ceremony,
    user: LoginUser,
) -> Result<RequestOptions, ServiceError> {
    let now = call.app.clock.now();
    let event = audit::event(&call.app, call.tenant.id(), &call.meta, ceremony.init_event(true), now)?;
    let external_id = match user {
        LoginUser::Discoverable => None,
        LoginUser::Named(Ok(external_id)) => Some(external_id),
        LoginUser::Named(Err(refusal)) => {
            return Err(audit::refuse(call, event, ceremony.init_event(false), refusal).await);
        }
    };
    let value = ChallengeValue(clock::random::<32>(call.app.entropy.as_ref())?.to_vec());
    start(call, ceremony, event.by(external_id.clone()), external_id, value, None, now).await
}

/// Starts the confirmation of a transaction: its challenge carries a hash of what is confirmed.
///
/// # Errors
/// [`Refusal::UserNotFound`], [`Refusal::NoSuitableCredential`], [`Refusal::TransactionExists`], [`Refusal::Invalid`].
pub async fn initialize_transaction(
    call: &RequestContext,
    request: Result<TransactionInitRequest, Refusal>,
) -> Result<RequestOptions, ServiceError> {
    let now = call.app.clock.now();
    let ceremony = Ceremony::Transaction;
    let event = audit::event(&call.app, call.tenant.id(), &call.meta, ceremony.init_event(true), now)?;
    let named = request.as_ref().ok().map(|request| (request.user_id.clone(), request.transaction_id.clone()));
    let (user, transaction) = named.unwrap_or_default();
    let event = event.by(user).transaction(transaction);
    let (external_id, identifier, data) = match request.and_then(validated) {
        Ok(valid) => valid,
        Err(refusal) => return Err(audit::refuse(call, event, ceremony.init_event(false), refusal).await),
    };
    let value = webauthn::transaction_challenge(clock::random(call.app.entropy.as_ref())?, &identifier, &data);
    let id = TransactionRowId::new(clock::new_uuid(now, call.app.entropy.as_ref())?);
    start(call, ceremony, event, Some(external_id), value, Some(NewTransaction { id, identifier, data }), now).await
}

fn validated(request: TransactionInitRequest) -> Result<(String, String, String), Refusal> {
    let user_id = validate::user_id(request.user_id)?;
    let identifier = validate::label("transaction_id", request.transaction_id)?;
    let data = match request.transaction_data {
        None | Some(serde_json::Value::Null) => {
            return Err(Refusal::Invalid("transaction_data is a required field".to_owned()));
        }
        Some(data) => data.to_string(),
    };
    Ok((user_id, identifier, data))
}

#[derive(Debug)]
struct NewTransaction {
    id: TransactionRowId,
    identifier: String,
    data: String,
}

async fn start(
    call: &RequestContext,
    ceremony: Ceremony,
    event: audit::Entry,
    external_id: Option<String>,
    value: ChallengeValue,
    transaction: Option<NewTransaction>,
    now: Timestamp,
) -> Result<RequestOptions, ServiceError> {
    let policy = if ceremony.is_mfa() { call.tenant.mfa_policy } else { call.tenant.passkey_policy };
    let relying_party = call.tenant.relying_party.clone();
    let tenant_id = call.tenant.id();
    let outcome = call
        .app
        .db
        .write(move |connection| {
            let selected = match external_id {
                None => Ok(None),
                Some(external_id) => select(connection, ceremony, tenant_id, &external_id)?.map(Some),
            };
            let started = selected.map(|selected| {
                let ids = selected.as_ref().map(|(_, allowed)| allowed.iter().map(|credential| credential.id.clone()));
                let ids: Option<Vec<CredentialId>> = ids.map(Iterator::collect);
                let options = webauthn::request_options(&relying_party, &policy, &value, ids.as_deref());
                let credentials = ids.map(|ids| ids.iter().map(|id| Base64Url(id.as_bytes().to_vec())).collect());
                let challenge = Challenge {
                    tenant_id,
                    value,
                    ceremony,
                    user_id: selected.as_ref().map(|(user, _)| user.id),
                    transaction_id: transaction.as_ref().map(|transaction| transaction.id),
                    state: CeremonyState { relying_party, policy, credentials },
                    created_at: now,
                    expires_at: now.plus_millis(i64::from(policy.timeout_ms)),
                };
                (options, challenge, selected)
            });
            let is_transaction = transaction.is_some();
            let begun = match started {
                Ok((options, challenge, selected)) if begin_transaction(connection, &challenge, transaction)? => {
                    challenges::insert(connection, &challenge)?;
                    let begun = selected.map(|(user, credentials)| PendingCeremony { challenge, user, credentials });
                    // The end of a transaction reads the transaction anyway.
                    Ok((options, begun.filter(|_| !is_transaction)))
                }
                Ok(_) => Err(Refusal::TransactionExists),
                Err(refusal) => Err(refusal),
            };
            match &begun {
                Ok(_) => event.write(connection)?,
                Err(refusal) => event.refused(ceremony.init_event(false), refusal).write(connection)?,
            }
            Ok::<_, DbError>(begun)
        })
        .await?;
    let (options, begun) = outcome?;
    if let Some(begun) = begun {
        call.app.pending_ceremonies.insert(begun);
    }
    Ok(options)
}

type Selected = (User, Vec<Credential>);

/// The user and the credentials that may end the ceremony: passkeys, and for a second factor all of them.
fn select(
    connection: &mut Connection,
    ceremony: Ceremony,
    tenant_id: doorward_shared::TenantId,
    external_id: &str,
) -> Result<Result<Selected, Refusal>, DbError> {
    let Some((user, all)) = credentials::of_external_user(connection, tenant_id, external_id)? else {
        return Ok(Err(Refusal::UserNotFound));
    };
    let fitting: Vec<Credential> = all.into_iter().filter(|credential| accepts(ceremony, credential)).collect();
    Ok(if fitting.is_empty() { Err(Refusal::NoSuitableCredential) } else { Ok((user, fitting)) })
}

/// Second factors never end a login or a transaction; passkeys are second factors too.
const fn accepts(ceremony: Ceremony, credential: &Credential) -> bool {
    ceremony.is_mfa() || !credential.is_mfa
}

/// Stores the transaction, if there is one; `false` when its identifier was used before.
fn begin_transaction(
    connection: &mut Connection,
    challenge: &Challenge,
    transaction: Option<NewTransaction>,
) -> Result<bool, DbError> {
    let (Some(NewTransaction { id, identifier, data }), Some(user_id)) = (transaction, challenge.user_id) else {
        return Ok(true);
    };
    let transaction = Transaction {
        tenant_id: challenge.tenant_id,
        id,
        identifier,
        user_id,
        data,
        created_at: challenge.created_at,
        updated_at: challenge.created_at,
    };
    match transactions::insert(connection, &transaction) {
        Ok(()) => Ok(true),
        Err(DbError::Duplicate { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What the second step finds of the first.
#[derive(Debug)]
struct Found {
    challenge: Option<Challenge>,
    transaction: Option<Transaction>,
    owned: Option<(Credential, User)>,
    handle_known: bool,
}

/// Ends a login, a second-factor login or a transaction: verifies the assertion, uses up the challenge, answers a token.
///
/// One read, one verification, one signature, one write. The challenge is used up, whatever comes of it; of concurrent
/// finalizes of one challenge, only the one whose write deletes it succeeds.
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
        webauthn::parse_assertion(body).map_err(|malformed| Refusal::MalformedCredential(malformed.reason))
    });
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(refusal) => return Err(audit::refuse(call, event, ceremony.final_event(false), refusal).await),
    };
    let found = find(call, &parsed).await?;
    let event = event
        .credential(parsed.credential_id())
        .by(found.owned.as_ref().map(|(_, user)| user.external_id.clone()))
        .transaction(found.transaction.as_ref().map(|transaction| transaction.identifier.clone()));
    let (challenge, transaction) = (found.challenge.clone(), found.transaction.clone());
    let checked = match check(ceremony, found, &parsed, now) {
        Ok(checked) => checked,
        Err(refusal) => return Err(consume(call, event, ceremony, parsed.challenge(), refusal).await),
    };
    let Some(challenge) = challenge else { return Err(Refusal::ChallengeUnknown.into()) };
    let token = token::issue(
        call,
        &token::Subject {
            ceremony,
            user: &checked.user.external_id,
            rp_id: &challenge.state.relying_party.id,
            credential: &checked.credential.id,
            user_verified: checked.verified.user_verified,
            backup_eligible: checked.verified.backup_eligible,
            transaction: transaction.as_ref().map(|transaction| transaction.identifier.as_str()),
        },
        now,
    )?;
    let event = if checked.verified.backup_upgraded {
        event.detail(serde_json::json!({ "backup_eligible": { "before": false, "after": true } }))
    } else {
        event
    };
    let outcome =
        call.app.db.write(move |connection| settle(connection, ceremony, &challenge, &checked, event, now)).await?;
    outcome.map(|()| token).map_err(ServiceError::from)
}

/// What this process remembers of the first step, or the one read of a finalize.
async fn find(call: &RequestContext, parsed: &ParsedAssertion) -> Result<Found, ServiceError> {
    let tenant_id = call.tenant.id();
    if let Some(PendingCeremony { challenge, user, credentials }) =
        call.app.pending_ceremonies.take(tenant_id, parsed.challenge())
        && let Some(credential) = credentials.into_iter().find(|credential| credential.id == *parsed.credential_id())
    {
        let owned = Some((credential, user));
        return Ok(Found { challenge: Some(challenge), transaction: None, owned, handle_known: true });
    }
    let value = parsed.challenge().clone();
    let credential_id = parsed.credential_id().clone();
    let handle = parsed.user_handle().map(<[u8]>::to_vec);
    call.app
        .db
        .read_inline(move |connection| {
            let challenge = challenges::find(connection, tenant_id, &value)?;
            let transaction = match challenge.as_ref().and_then(|challenge| challenge.transaction_id) {
                Some(id) => transactions::find(connection, tenant_id, id)?,
                None => None,
            };
            let owned = credentials::find_with_owner(connection, tenant_id, &credential_id)?;
            let handle_known = match (&owned, &handle) {
                (Some(_), _) | (None, None) => true,
                (None, Some(handle)) => {
                    let mut known = false;
                    for external_id in external_ids_of_handle(handle) {
                        known |= users::find_by_external(connection, tenant_id, &external_id)?.is_some();
                    }
                    known
                }
            };
            Ok::<_, DbError>(Found { challenge, transaction, owned, handle_known })
        })
        .await
        .map_err(ServiceError::from)
}

/// An assertion that verified.
#[derive(Debug)]
struct Checked {
    credential: Credential,
    user: User,
    verified: VerifiedAssertion,
}

fn check(ceremony: Ceremony, found: Found, parsed: &ParsedAssertion, now: Timestamp) -> Result<Checked, Refusal> {
    let challenge = found.challenge.filter(|challenge| challenge.ceremony == ceremony);
    let challenge = challenge.ok_or(Refusal::ChallengeUnknown)?;
    if challenge.expires_at <= now {
        return Err(Refusal::ChallengeExpired);
    }
    if !found.handle_known {
        return Err(Refusal::UserHandle(ErrorCode::UserNotFound, "the user handle belongs to no user of this tenant"));
    }
    let not_allowed = |reason: &str| {
        Refusal::Verification(webauthn::VerificationError {
            code: ErrorCode::CredentialNotAllowed,
            reason: reason.to_owned(),
        })
    };
    let (credential, user) =
        found.owned.ok_or_else(|| not_allowed("the credential is not registered with this tenant"))?;
    match parsed.user_handle() {
        Some(handle) if !user.owns_handle(handle) => {
            return Err(Refusal::UserHandle(
                ErrorCode::UserHandleMismatch,
                "the user handle belongs to another user than the credential",
            ));
        }
        None if challenge.user_id.is_none() => {
            return Err(Refusal::UserHandle(
                ErrorCode::UserHandleMissing,
                "a login without user_id needs the user handle",
            ));
        }
        _ => {}
    }
    if challenge.user_id.is_some_and(|user_id| user_id != user.id) {
        return Err(not_allowed("the credential belongs to another user than the challenge"));
    }
    if !accepts(ceremony, &credential) {
        return Err(not_allowed("the credential is registered as a second factor only"));
    }
    let verified = webauthn::verify_assertion(&challenge.state, &challenge.value, &credential, parsed)
        .map_err(Refusal::Verification)?;
    Ok(Checked { credential, user, verified })
}

/// The write that ends a ceremony: goes on only if it deletes the challenge, and if the credential is still as it was.
fn settle(
    connection: &mut Connection,
    ceremony: Ceremony,
    challenge: &Challenge,
    checked: &Checked,
    event: audit::Entry,
    now: Timestamp,
) -> Result<Result<(), Refusal>, DbError> {
    let refusal = if challenges::take(connection, challenge.tenant_id, &challenge.value)? {
        record_use(connection, checked, now)?
    } else {
        Some(Refusal::ChallengeUnknown)
    };
    if let Some(refusal) = refusal {
        event.refused(ceremony.final_event(false), &refusal).write(connection)?;
        return Ok(Err(refusal));
    }
    if let Some(id) = challenge.transaction_id {
        transactions::confirm(connection, challenge.tenant_id, id, now)?;
    }
    event.write(connection)?;
    Ok(Ok(()))
}

/// Stores counter and backup flags; a credential that changed since it was read is judged again by what it is now.
fn record_use(connection: &mut Connection, checked: &Checked, at: Timestamp) -> Result<Option<Refusal>, DbError> {
    let verified = &checked.verified;
    let using = CredentialUse {
        sign_count: verified.sign_count,
        backup_state: verified.backup_state,
        backup_eligible: verified.backup_eligible,
        at,
    };
    let refused = |code: ErrorCode, reason: &str| {
        Ok(Some(Refusal::Verification(webauthn::VerificationError { code, reason: reason.to_owned() })))
    };
    let mut observed = checked.credential.clone();
    // On PostgreSQL each round may lose to another login of the same credential; each that wins moves the counter on.
    while !credentials::record_use(connection, &observed, &using)? {
        let present = credentials::find(connection, observed.tenant_id, &observed.id)?.filter(|present| {
            (present.user_id, present.created_at, &present.public_key)
                == (observed.user_id, observed.created_at, &observed.public_key)
        });
        let Some(present) = present else {
            return refused(ErrorCode::CredentialNotAllowed, "the credential was deleted meanwhile");
        };
        if present.backup_eligible && !using.backup_eligible {
            let reason = "the credential was eligible for backup and now says it is not";
            return refused(ErrorCode::BackupStateInvalid, reason);
        }
        if !webauthn::counter_advances(present.sign_count, using.sign_count) {
            let reason = "the signature counter was overtaken by a concurrent login";
            return refused(ErrorCode::CounterRegression, reason);
        }
        observed = present;
    }
    Ok(None)
}
