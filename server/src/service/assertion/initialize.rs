//! Starts logins, second-factor logins and transactions.

use std::sync::Arc;

use doorward_shared::{
    AuditId, Timestamp, TransactionRowId, UserId,
    config::{AssuranceLevel, Hint, UserVerification},
    public::{RequestOptions, TransactionInitRequest},
};

use super::super::{
    Refusal, RequestContext, ServiceError, assurance, audit,
    audited::{self, AuditedOutcome},
    ceremony::{Outcome, hints, includes, random_challenge},
    pending_ceremonies::PendingCeremony,
    validate,
};
use super::transaction_data;
use crate::{
    clock,
    db::{Connection, DbError},
    domain::{
        Ceremony, CeremonyState, Challenge, ChallengeValue, Credential, CredentialId, Metadata, Transaction, User,
        assurance::needs_user_verification, extensions,
    },
    store::{
        ceremony_steps::{FindUser, Start},
        challenges, transactions,
    },
    webauthn::{self, RequestExtras},
};

#[derive(Debug)]
pub enum LoginUser {
    /// Any user. The passkey identifies the user (discoverable login).
    Discoverable,
    Named(Result<String, Refusal>),
}

/// Optional members of a request.
#[derive(Debug, Default)]
pub struct RequestedExtras {
    pub hints: Option<Vec<Hint>>,
    pub extensions: Option<serde_json::Value>,
    /// Name of the lowest accepted level of assurance.
    pub min_acr: Option<String>,
}

impl RequestedExtras {
    /// Validates the optional members of a request. Without hints in the request, the tenant's hints are used. In a
    /// discoverable login, `external_id` is `None`.
    fn validate(
        self,
        context: &RequestContext,
        ceremony: Ceremony,
        external_id: Option<String>,
    ) -> Result<ValidRequest, Refusal> {
        let config = &context.tenant.tenant.config;
        let allowed = &config.webauthn.allowed_extensions;
        let extensions =
            extensions::of_assertion(self.extensions, allowed, external_id.is_some()).map_err(Refusal::Invalid)?;
        let extras = RequestExtras { hints: hints(context, ceremony, self.hints)?, extensions };
        let minimum = assurance::minimum(&config.acr, self.min_acr)?;
        Ok(ValidRequest { external_id, extras, minimum })
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
    let valid = user.and_then(|external_id| extras.validate(context, ceremony, external_id));
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
        let extras = RequestedExtras {
            hints: request.hints.take(),
            extensions: request.extensions.take(),
            min_acr: request.min_acr.take(),
        };
        let (user, identifier, data) = validate_transaction(request, max_bytes)?;
        Ok((extras.validate(context, ceremony, Some(user))?, identifier, data))
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
    /// The user id; `None` for a discoverable login.
    external_id: Option<String>,
    extras: RequestExtras,
    /// The lowest accepted level of assurance; `None` if every level is accepted.
    minimum: Option<AssuranceLevel>,
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
    let ValidRequest { external_id, mut extras, minimum } = request;
    context.app.db.check_space()?;
    let demanded = match minimum {
        Some(level) => Some((level, context.app.metadata().await?)),
        None => None,
    };
    let selected = match external_id {
        None => Ok(None),
        Some(external_id) => select_credentials(context, ceremony, &external_id, demanded.as_ref()).await?.map(Some),
    };
    let selected = match selected {
        Ok(selected) => selected,
        Err(refusal) => return Err(audit::refuse(context, entry, ceremony.init_event(false), refusal).await),
    };
    let policy = context.tenant.policy(ceremony);
    let mut offered = policy;
    if minimum.is_some_and(needs_user_verification) {
        offered.user_verification = UserVerification::Required;
    }
    let relying_party = &context.tenant.relying_party;
    let tenant_id = context.tenant.id();
    let ids = selected.as_ref().map(|(_, allowed)| allowed.iter().map(|credential| credential.id.clone()));
    let ids: Option<Vec<CredentialId>> = ids.map(Iterator::collect);
    extensions::keep_inputs_of(&mut extras.extensions, ids.as_deref().unwrap_or_default());
    let options = webauthn::request_options(relying_party, &offered, &value, ids.as_deref(), extras);
    let challenge = Challenge {
        tenant_id,
        value,
        ceremony,
        user_id: selected.as_ref().map(|(user, _)| user.id),
        transaction_id: transaction.as_ref().map(|transaction| transaction.id),
        // If the authenticator does not verify the user, the level may be below this minimum. The finalize request is
        // then refused, and the refusal names the level that was reached.
        state: CeremonyState { minimum_level: minimum, ..CeremonyState::new(relying_party, &policy, ids.as_deref()) },
        created_at: now,
        expires_at: now.plus_millis(policy.lifetime_ms.into()),
    };
    let transaction = transaction.zip(challenge.user_id).map(|(new, user)| new.of_user(&challenge, user));
    let is_transaction = transaction.is_some();
    // Transactions are not cached, because finalizing a transaction reads from the database anyway.
    let pending = selected.filter(|_| !is_transaction).map(|(user, credentials)| PendingCeremony {
        challenge: challenge.clone(),
        user,
        credentials,
    });
    let statement = context.app.db.shared(|| Start::new(&challenge, transaction.as_ref(), entry.event()))?;
    let store = move |connection: &mut Connection, started: Option<Option<AuditId>>| match started.flatten() {
        Some(id) => entry.count_with(connection, id, Ok(())),
        None => store(connection, &challenge, transaction.as_ref(), &entry),
    };
    audited::write_after(context, statement, store).await??;
    if let Some(pending) = pending {
        context.app.pending_ceremonies.insert(pending);
    }
    Ok(options)
}

/// Stores the challenge, the transaction and the audit entry. Refuses if the transaction's identifier was used before.
fn store(
    connection: &mut Connection,
    challenge: &Challenge,
    transaction: Option<&Transaction>,
    entry: &audit::Entry,
) -> AuditedOutcome<()> {
    match transaction.map(|transaction| transactions::insert(connection, transaction)).transpose() {
        Ok(_) => {}
        Err(DbError::Duplicate { .. }) => {
            let refusal = Refusal::TransactionExists;
            let entry = entry.clone().refused(challenge.ceremony.init_event(false), &refusal);
            return entry.write_with(connection, Err(refusal));
        }
        Err(error) => return Err(error),
    }
    challenges::insert(connection, challenge)?;
    entry.write_with(connection, Ok(()))
}

/// Returns the user and the credentials that may be used in the ceremony.
async fn select_credentials(
    context: &RequestContext,
    ceremony: Ceremony,
    external_id: &str,
    demanded: Option<&(AssuranceLevel, Arc<Metadata>)>,
) -> Outcome<(User, Vec<Credential>)> {
    let Some((user, all)) = context.app.db.query(FindUser::new(context.tenant.id(), external_id)).await? else {
        return Ok(Err(Refusal::UserNotFound));
    };
    if user.disabled_at.is_some() {
        return Ok(Err(Refusal::UserDisabled));
    }
    let is_allowed = |credential: &Credential| includes(ceremony, credential) && credential.disabled_at.is_none();
    let allowed: Vec<Credential> = all.into_iter().filter(is_allowed).collect();
    if allowed.is_empty() {
        return Ok(Err(Refusal::NoSuitableCredential));
    }
    let Some((minimum, metadata)) = demanded else { return Ok(Ok((user, allowed))) };
    let capable = assurance::capable(&context.tenant.tenant.config.acr, ceremony, *minimum, metadata, allowed);
    Ok(capable.map(|capable| (user, capable)))
}

impl NewTransaction {
    fn of_user(self, challenge: &Challenge, user_id: UserId) -> Transaction {
        Transaction {
            tenant_id: challenge.tenant_id,
            id: self.id,
            identifier: self.identifier,
            user_id,
            data: self.data,
            created_at: challenge.created_at,
            updated_at: challenge.created_at,
        }
    }
}
