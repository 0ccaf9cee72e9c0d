//! Starts logins, second-factor logins and transactions.

use doorward_shared::{
    TenantId, Timestamp, TransactionRowId,
    config::Hint,
    public::{RequestOptions, TransactionInitRequest},
};

use super::super::{
    Refusal, RequestContext, ServiceError, audit,
    ceremony::{Outcome, hints, includes, random_challenge},
    pending_ceremonies::PendingCeremony,
    validate,
};
use super::transaction_data;
use crate::{
    clock,
    db::{Connection, DbError},
    domain::{
        Ceremony, CeremonyState, Challenge, ChallengeValue, Credential, CredentialId, Transaction, User, extensions,
    },
    store::{challenges, credentials, transactions},
    webauthn::{self, RequestExtras},
};

#[derive(Debug)]
pub enum LoginUser {
    /// Any user. The passkey identifies the user (discoverable login).
    Discoverable,
    Named(Result<String, Refusal>),
}

/// Optional members of the options that a request contains.
#[derive(Debug, Default)]
pub struct RequestedExtras {
    pub hints: Option<Vec<Hint>>,
    pub extensions: Option<serde_json::Value>,
}

impl RequestedExtras {
    /// Validates the members, and adds those of the tenant.
    fn validate(self, context: &RequestContext, ceremony: Ceremony, is_named: bool) -> Result<RequestExtras, Refusal> {
        let allowed = &context.tenant.tenant.config.webauthn.allowed_extensions;
        let extensions = extensions::of_assertion(self.extensions, allowed, is_named).map_err(Refusal::Invalid)?;
        Ok(RequestExtras { hints: hints(context, ceremony, self.hints)?, extensions })
    }
}

/// Starts a passkey login or a second-factor login.
pub async fn initialize(
    context: &RequestContext,
    ceremony: Ceremony,
    user: LoginUser,
    extras: RequestedExtras,
) -> Result<RequestOptions, ServiceError> {
    let now = context.app.clock.now();
    let entry = audit::event(&context.app, context.tenant.id(), &context.meta, ceremony.init_event(true), now)?;
    let user = match user {
        LoginUser::Discoverable => Ok(None),
        LoginUser::Named(user) => user.map(Some),
    };
    let entry = entry.by(user.as_ref().ok().cloned().flatten());
    let valid = user.and_then(|external_id| {
        let extras = extras.validate(context, ceremony, external_id.is_some())?;
        Ok(ValidRequest { external_id, extras })
    });
    let request = match valid {
        Ok(request) => request,
        Err(refusal) => return Err(audit::refuse(context, entry, ceremony.init_event(false), refusal).await),
    };
    let value = random_challenge(context)?;
    start(context, ceremony, entry, request, value, None, now).await
}

/// Starts a transaction. Its challenge contains a hash of the data that the user confirms.
pub async fn initialize_transaction(
    context: &RequestContext,
    request: Result<TransactionInitRequest, Refusal>,
) -> Result<RequestOptions, ServiceError> {
    let now = context.app.clock.now();
    let ceremony = Ceremony::Transaction;
    let entry = audit::event(&context.app, context.tenant.id(), &context.meta, ceremony.init_event(true), now)?;
    let named = request.as_ref().ok().map(|request| (request.user_id.clone(), request.transaction_id.clone()));
    let (user, transaction) = named.unwrap_or_default();
    let entry = entry.by(user).transaction(transaction);
    let max_bytes = context.tenant.tenant.config.limits.transaction_data_bytes;
    let valid = request.and_then(|mut request| {
        let extras = RequestedExtras { hints: request.hints.take(), extensions: request.extensions.take() };
        let extras = extras.validate(context, ceremony, true)?;
        let (user, identifier, data) = validate_transaction(request, max_bytes)?;
        Ok((ValidRequest { external_id: Some(user), extras }, identifier, data))
    });
    let (request, identifier, data) = match valid {
        Ok(valid) => valid,
        Err(refusal) => return Err(audit::refuse(context, entry, ceremony.init_event(false), refusal).await),
    };
    let value = webauthn::transaction_challenge(clock::random(context.app.entropy.as_ref())?, &identifier, &data);
    let id = TransactionRowId::new(clock::new_uuid(now, context.app.entropy.as_ref())?);
    let transaction = NewTransaction { id, identifier, data };
    start(context, ceremony, entry, request, value, Some(transaction), now).await
}

fn validate_transaction(request: TransactionInitRequest, max_bytes: u32) -> Result<(String, String, String), Refusal> {
    let user_id = validate::user_id(request.user_id)?;
    let identifier = validate::label("transaction_id", request.transaction_id)?;
    let data = request.transaction_data;
    let data = data.ok_or_else(|| Refusal::Invalid("transaction_data is a required field".to_owned()))?;
    Ok((user_id, identifier, transaction_data::canonical_text(&data, max_bytes)?))
}

/// A validated request.
#[derive(Debug)]
struct ValidRequest {
    /// The user; `None` for a discoverable login.
    external_id: Option<String>,
    extras: RequestExtras,
}

#[derive(Debug)]
struct NewTransaction {
    id: TransactionRowId,
    identifier: String,
    data: String,
}

async fn start(
    context: &RequestContext,
    ceremony: Ceremony,
    entry: audit::Entry,
    request: ValidRequest,
    value: ChallengeValue,
    transaction: Option<NewTransaction>,
    now: Timestamp,
) -> Result<RequestOptions, ServiceError> {
    let ValidRequest { external_id, mut extras } = request;
    context.app.db.check_space()?;
    let policy = context.tenant.policy(ceremony);
    let relying_party = context.tenant.relying_party.clone();
    let tenant_id = context.tenant.id();
    let outcome = context
        .app
        .db
        .write(move |connection| {
            let selected = match external_id {
                None => Ok(None),
                Some(external_id) => select_credentials(connection, ceremony, tenant_id, &external_id)?.map(Some),
            };
            let started = selected.map(|selected| {
                let ids = selected.as_ref().map(|(_, allowed)| allowed.iter().map(|credential| credential.id.clone()));
                let ids: Option<Vec<CredentialId>> = ids.map(Iterator::collect);
                extensions::keep_inputs_of(&mut extras.extensions, ids.as_deref().unwrap_or_default());
                let options = webauthn::request_options(&relying_party, &policy, &value, ids.as_deref(), extras);
                let challenge = Challenge {
                    tenant_id,
                    value,
                    ceremony,
                    user_id: selected.as_ref().map(|(user, _)| user.id),
                    transaction_id: transaction.as_ref().map(|transaction| transaction.id),
                    state: CeremonyState::new(&relying_party, &policy, ids.as_deref()),
                    created_at: now,
                    expires_at: now.plus_millis(policy.lifetime_ms.into()),
                };
                (options, challenge, selected)
            });
            let is_transaction = transaction.is_some();
            let outcome = match started {
                Ok((options, challenge, selected)) if insert_transaction(connection, &challenge, transaction)? => {
                    challenges::insert(connection, &challenge)?;
                    let pending = selected.map(|(user, credentials)| PendingCeremony { challenge, user, credentials });
                    // Transactions are not cached, because finalizing one reads from the database anyway.
                    Ok((options, pending.filter(|_| !is_transaction)))
                }
                Ok(_) => Err(Refusal::TransactionExists),
                Err(refusal) => Err(refusal),
            };
            match &outcome {
                Ok(_) => entry.write(connection)?,
                Err(refusal) => entry.refused(ceremony.init_event(false), refusal).write(connection)?,
            }
            Ok::<_, DbError>(outcome)
        })
        .await?;
    let (options, pending) = outcome?;
    if let Some(pending) = pending {
        context.app.pending_ceremonies.insert(pending);
    }
    Ok(options)
}

/// Returns the user and the credentials that may be used in the ceremony.
fn select_credentials(
    connection: &mut Connection,
    ceremony: Ceremony,
    tenant_id: TenantId,
    external_id: &str,
) -> Outcome<(User, Vec<Credential>)> {
    let Some((user, all)) = credentials::of_external_user(connection, tenant_id, external_id)? else {
        return Ok(Err(Refusal::UserNotFound));
    };
    if user.disabled_at.is_some() {
        return Ok(Err(Refusal::UserDisabled));
    }
    let is_allowed = |credential: &Credential| includes(ceremony, credential) && credential.disabled_at.is_none();
    let allowed: Vec<Credential> = all.into_iter().filter(is_allowed).collect();
    Ok(if allowed.is_empty() { Err(Refusal::NoSuitableCredential) } else { Ok((user, allowed)) })
}

/// Stores the transaction, if any. Returns `false` when its identifier was used before.
fn insert_transaction(
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
