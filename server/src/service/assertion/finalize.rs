//! Finalizes logins, second-factor logins and transactions.

use doorward_shared::{
    ErrorCode, TenantId, Timestamp, UserId,
    refusal::{Check, RefusalDetail},
};

use super::super::{
    Refusal, RequestContext, ServiceError, assurance, audit,
    audited::{self, Audited},
    ceremony,
    pending_ceremonies::PendingCeremony,
    refusal_detail::handle_text,
    token,
    trust::TrustCheck,
};
use crate::{
    db::{Connection, DbError},
    domain::{
        Ceremony, Challenge, Credential, CredentialId, Transaction, User, assurance::Evidence, trust::TrustFacts,
        user::external_ids_of_handle,
    },
    store::{
        ceremony_steps::{FindAssertion, Finish, Finished, FoundAssertion},
        credentials,
        credentials::CredentialUse,
        transactions, users,
    },
    webauthn::{self, ParsedAssertion, VerificationError, VerifiedAssertion},
};

/// Maximum number of attempts to record the use of a credential. Each concurrent change of the credential causes one
/// more attempt.
const MAX_ATTEMPTS: u32 = 100;
/// Maximum number of attempts to verify an assertion. An attempt is repeated only if metadata was imported during the
/// previous attempt.
const MAX_JUDGEMENTS: u32 = 3;

/// Reason why the unit of work of an assertion is rolled back.
#[derive(Debug)]
enum Rollback {
    /// The trust in the credential's attestation has changed since the credential was read.
    JudgedAgain,
    Failed(DbError),
}

impl From<DbError> for Rollback {
    fn from(error: DbError) -> Self {
        Self::Failed(error)
    }
}

/// Result of recording the use of a credential; see [`Outcome`](ceremony::Outcome). Contains the stored counter if the
/// assertion's counter regressed and the counter policy accepts this.
type Use = Result<Option<u32>, Refusal>;

/// Stored data that an assertion refers to.
#[derive(Debug)]
struct Stored {
    challenge: Option<Challenge>,
    transaction: Option<Transaction>,
    credential: Option<(Credential, User)>,
    /// Whether the user handle is absent or belongs to a user of the tenant.
    handle_known: bool,
}

/// Finalizes a login, second-factor login or transaction: verifies the assertion and returns a token.
///
/// This takes one read, one verification, one signature and one write. The challenge is deleted even if the assertion
/// is rejected. If several requests use the same challenge, only the request whose transaction deletes the challenge
/// succeeds.
///
/// # Errors
/// [`ServiceError::Refused`] with the first failed check. An audit entry is written for each refusal.
pub async fn finalize(
    context: &RequestContext,
    ceremony: Ceremony,
    body: Result<&[u8], Refusal>,
) -> Result<String, ServiceError> {
    let now = context.app.clock.now();
    let (entry, parsed) = ceremony::parse(context, ceremony, now, body, webauthn::parse_assertion).await?;
    for _ in 0..MAX_JUDGEMENTS {
        if let Some(token) = attempt(context, ceremony, entry.clone(), &parsed, now).await? {
            return Ok(token);
        }
    }
    Err(ServiceError::Unavailable("each attempt was overtaken by an import of metadata".to_owned()))
}

/// Verifies an assertion and returns a token. Returns `None` and stores nothing if the trust in the credential's
/// attestation has changed since the credential was read, because the token would state the old trust.
async fn attempt(
    context: &RequestContext,
    ceremony: Ceremony,
    entry: audit::Entry,
    parsed: &ParsedAssertion,
    now: Timestamp,
) -> Result<Option<String>, ServiceError> {
    let stored = load(context, parsed).await?;
    let entry = entry
        .credential(parsed.credential_id())
        .by(stored.credential.as_ref().map(|(_, user)| user.external_id.clone()))
        .transaction(stored.transaction.as_ref().map(|transaction| transaction.identifier.clone()))
        .challenge(ceremony, stored.challenge.as_ref())
        .authenticator(parsed.authenticator_state())
        .stored_credential(stored.credential.as_ref().map(|(credential, _)| credential));
    let trust = TrustCheck::of_login(context).await?;
    let certified = match &stored.credential {
        Some((credential, _)) => assurance::is_certified(context, credential).await?,
        None => false,
    };
    let assertion = match verify(ceremony, stored, parsed, &trust, certified, now) {
        Ok(assertion) => assertion,
        Err(refusal) => return Err(ceremony::reject(context, entry, ceremony, parsed.challenge(), refusal).await),
    };
    let Assertion { challenge, transaction, credential, user, verified, distrusted, .. } = &assertion;
    let token = token::issue(
        context,
        &token::Subject {
            evidence: assertion.evidence(),
            user: &user.external_id,
            rp_id: &challenge.state.rp_id,
            credential,
            user_present: true,
            backup_state: verified.backup_state,
            transaction: transaction.as_ref().map(|transaction| transaction.identifier.as_str()),
        },
        now,
    )?;
    let entry = if verified.backup_upgraded {
        entry.detail(serde_json::json!({ "backup_eligible": { "before": false, "after": true } }))
    } else {
        entry
    };
    let entry = distrusted.iter().fold(entry, audit::Entry::monitored);
    let distrusted = distrusted.clone();
    let statement = finish_statement(context, &assertion, &entry, now)?;
    let commit = move |connection: &mut Connection, finished: Option<Finished>| {
        commit_assertion(connection, ceremony, &assertion, &entry, now, finished.unwrap_or_default())
    };
    let outcome = match audited::write_after(context, statement, commit).await {
        Ok(outcome) => outcome,
        Err(Rollback::JudgedAgain) => return Ok(None),
        Err(Rollback::Failed(error)) => return Err(error.into()),
    };
    if let Some(stored) = outcome? {
        warn_about_counter(context, stored, parsed.authenticator_state().sign_count);
    }
    trust.count(&context.app, distrusted.as_ref());
    Ok(Some(token))
}

/// Returns the database statement that finalizes the ceremony. Returns `None` on SQLite, or if the ceremony must also
/// set the credential's backup eligibility, which happens at most once per credential.
fn finish_statement(
    context: &RequestContext,
    assertion: &Assertion,
    entry: &audit::Entry,
    now: Timestamp,
) -> Result<Option<Finish>, DbError> {
    let Assertion { challenge, credential, verified, .. } = assertion;
    if verified.backup_eligible != credential.backup_eligible {
        return Ok(None);
    }
    context.app.db.shared(|| {
        let regressed = verified.counter_regressed.then_some(credential.sign_count);
        let entry = assertion.with_regression(entry.clone(), regressed);
        Ok(Finish::new(challenge, credential, &assertion.usage(now), entry.event()))
    })
}

/// Counts and logs an accepted assertion whose signature counter did not increase.
fn warn_about_counter(context: &RequestContext, stored: u32, received: u32) {
    context.app.metrics.counter_regressions_accepted.increment(1);
    let (meta, tenant) = (&context.meta, context.tenant.id());
    let (request_id, client) = (&*meta.request_id, &*meta.source_ip);
    tracing::warn!(request_id, %tenant, client, stored, received, "accepted a signature counter that did not increase");
}

/// Returns the stored data that the assertion refers to, from the cache or from the database.
async fn load(context: &RequestContext, parsed: &ParsedAssertion) -> Result<Stored, ServiceError> {
    let tenant_id = context.tenant.id();
    if let Some(PendingCeremony { challenge, user, credentials }) =
        context.app.pending_ceremonies.take(tenant_id, parsed.challenge())
        && let Some(credential) = credentials.into_iter().find(|credential| credential.id == *parsed.credential_id())
    {
        let credential = Some((credential, user));
        return Ok(Stored { challenge: Some(challenge), transaction: None, credential, handle_known: true });
    }
    let found = context.app.db.query(FindAssertion::new(tenant_id, parsed.challenge(), parsed.credential_id())).await?;
    let FoundAssertion { challenge, transaction, credential } = found;
    if credential.is_some() {
        return Ok(Stored { challenge, transaction, credential, handle_known: true });
    }
    let handle = parsed.user_handle().map(<[u8]>::to_vec);
    let user = challenge.as_ref().and_then(|challenge| challenge.user_id);
    let (handle_known, user_exists) = context
        .app
        .db
        .read_inline(move |connection| find_users(connection, tenant_id, handle.as_deref(), user))
        .await?;
    // A challenge can still exist after its user was deleted. Such a challenge is treated as unknown.
    let challenge = challenge.filter(|_| user_exists);
    Ok(Stored { challenge, transaction, credential, handle_known })
}

/// Returns whether the user handle is absent or belongs to a user, and whether the challenge's user, if any, exists.
fn find_users(
    connection: &mut Connection,
    tenant_id: TenantId,
    handle: Option<&[u8]>,
    user: Option<UserId>,
) -> Result<(bool, bool), DbError> {
    let mut handle_known = handle.is_none();
    for external_id in handle.into_iter().flat_map(external_ids_of_handle) {
        handle_known |= users::find_by_external(connection, tenant_id, &external_id)?.is_some();
    }
    let exists = match user {
        Some(id) => users::find(connection, tenant_id, id)?.is_some(),
        None => true,
    };
    Ok((handle_known, exists))
}

/// A verified assertion and the stored data that it refers to.
#[derive(Debug)]
struct Assertion {
    challenge: Challenge,
    transaction: Option<Transaction>,
    credential: Credential,
    user: User,
    verified: VerifiedAssertion,
    /// Whether the credential's attestation proves a model that is certified and not compromised.
    certified: bool,
    /// The refusal that the trust policy would have caused if its mode were `enforce`.
    distrusted: Option<Refusal>,
}

impl Assertion {
    /// Returns the properties of the assertion that determine its level of assurance.
    const fn evidence(&self) -> Evidence {
        let VerifiedAssertion { user_verified, backup_eligible, .. } = self.verified;
        Evidence { ceremony: self.challenge.ceremony, user_verified, backup_eligible, certified: self.certified }
    }

    /// Refuses a level of assurance below the minimum of the challenge.
    fn check_level(&self, trust: &TrustCheck) -> Result<(), Refusal> {
        assurance::check(trust.acr_names(), self.challenge.state.minimum_level, self.evidence().level())
    }
}

impl Assertion {
    /// Adds the stored and the received signature counter to the entry of an assertion whose counter regressed.
    fn with_regression(&self, entry: audit::Entry, stored: Option<u32>) -> audit::Entry {
        let Some(stored) = stored else { return entry };
        let received = self.verified.sign_count;
        entry.add_detail("counter_regression", serde_json::json!({ "stored": stored, "received": received }))
    }

    fn usage(&self, at: Timestamp) -> CredentialUse {
        CredentialUse {
            sign_count: self.verified.sign_count,
            backup_state: self.verified.backup_state,
            backup_eligible: self.verified.backup_eligible,
            at,
        }
    }
}

fn unknown(id: &CredentialId, reason: &str) -> Refusal {
    let detail = RefusalDetail::new(Check::CredentialRegistered).received(id.start());
    Refusal::Verification(VerificationError::new(ErrorCode::CredentialUnknown, reason, detail))
}

fn not_allowed(reason: &str, detail: RefusalDetail) -> Refusal {
    Refusal::Verification(VerificationError::new(ErrorCode::CredentialNotAllowed, reason, detail))
}

/// Refuses a disabled user or credential.
fn check_enabled(user: &User, credential: &Credential) -> Result<(), Refusal> {
    if user.disabled_at.is_some() {
        return Err(Refusal::UserDisabled);
    }
    if credential.disabled_at.is_some() {
        let reason = "an administrator disabled the credential";
        let detail = RefusalDetail::new(Check::CredentialEnabled);
        return Err(Refusal::Verification(VerificationError::new(ErrorCode::CredentialDisabled, reason, detail)));
    }
    Ok(())
}

fn verify(
    ceremony: Ceremony,
    stored: Stored,
    parsed: &ParsedAssertion,
    trust: &TrustCheck,
    certified: bool,
    now: Timestamp,
) -> Result<Assertion, Refusal> {
    let challenge = stored.challenge.filter(|challenge| challenge.ceremony == ceremony);
    let challenge = challenge.ok_or(Refusal::ChallengeUnknown)?;
    if challenge.expires_at <= now {
        return Err(Refusal::ChallengeExpired);
    }
    if !stored.handle_known {
        let reason = "the tenant has neither this credential nor a user with this user handle";
        let detail = RefusalDetail::new(Check::CredentialRegistered).received(parsed.credential_id().start());
        return Err(Refusal::UserHandle(ErrorCode::CredentialUnknown, reason, Box::new(detail)));
    }
    let (credential, user) = stored
        .credential
        .ok_or_else(|| unknown(parsed.credential_id(), "the credential is not registered with this tenant"))?;
    match parsed.user_handle() {
        Some(handle) if !user.owns_handle(handle) => {
            return Err(Refusal::UserHandle(
                ErrorCode::UserHandleMismatch,
                "the user handle belongs to another user than the credential",
                Box::new(
                    RefusalDetail::new(Check::UserHandleOwner)
                        .expected([&user.external_id])
                        .received(handle_text(handle)),
                ),
            ));
        }
        None if challenge.user_id.is_none() => {
            return Err(Refusal::UserHandle(
                ErrorCode::UserHandleMissing,
                "a login without user_id needs the user handle",
                Box::new(RefusalDetail::new(Check::UserHandlePresent)),
            ));
        }
        _ => {}
    }
    if let Some(user_id) = challenge.user_id.filter(|user_id| *user_id != user.id) {
        let detail = RefusalDetail::new(Check::CredentialOwner);
        let detail = detail.expected([format!("user with the id {user_id}")]);
        let detail = detail.received(format!("credential of the user with the id {}", user.id));
        return Err(not_allowed("the credential belongs to another user than the challenge", detail));
    }
    // Anybody can start a login without `user_id`. In such a login, only the holder of the credential may learn that
    // the credential is disabled.
    if challenge.user_id.is_some() {
        check_enabled(&user, &credential)?;
    }
    if !ceremony::includes(ceremony, &credential) {
        let detail = RefusalDetail::new(Check::CredentialUse).expected(["a passkey"]).received("a second factor");
        return Err(not_allowed("the credential is registered as a second factor only", detail));
    }
    let verified = webauthn::verify_assertion(&challenge.state, &challenge.value, &credential, parsed)
        .map_err(Refusal::Verification)?;
    check_enabled(&user, &credential)?;
    let distrusted = trust.judge(&facts(&credential, &verified))?;
    let transaction = stored.transaction;
    let assertion = Assertion { challenge, transaction, credential, user, verified, certified, distrusted };
    assertion.check_level(trust)?;
    Ok(assertion)
}

/// Returns the properties of the credential that trust policies examine. A credential that becomes eligible for backup
/// in this ceremony is judged as eligible.
fn facts(credential: &Credential, verified: &VerifiedAssertion) -> TrustFacts {
    TrustFacts { backup_eligible: verified.backup_eligible, ..TrustFacts::of(credential) }
}

/// Deletes the challenge, updates the credential and writes the audit entry, except for the steps that the statement of
/// [`finish_statement`] has already done according to `finished`. Refuses the assertion if the challenge no longer
/// exists, or if the tenant, the user or the credential is disabled. Also refuses the assertion if the stored
/// credential has changed and the assertion is invalid for the changed credential.
fn commit_assertion(
    connection: &mut Connection,
    ceremony: Ceremony,
    assertion: &Assertion,
    entry: &audit::Entry,
    now: Timestamp,
    finished: Finished,
) -> Result<Audited<Use>, Rollback> {
    if let Some(id) = finished.entry {
        let regressed = assertion.verified.counter_regressed.then_some(assertion.credential.sign_count);
        return Ok(entry.count_with(connection, id, Ok(regressed))?);
    }
    let challenge = &assertion.challenge;
    let taken = if finished.taken { Ok(()) } else { ceremony::take_challenge(connection, challenge)? };
    let outcome = match taken {
        Ok(()) => record_use(connection, assertion, now)?,
        Err(refusal) => Err(refusal),
    };
    let regressed = match outcome {
        Ok(regressed) => regressed,
        Err(refusal) => {
            let entry = entry.clone().refused(ceremony.final_event(false), &refusal);
            return Ok(entry.write_with(connection, Err(refusal))?);
        }
    };
    if let Some(id) = challenge.transaction_id {
        transactions::confirm(connection, challenge.tenant_id, id, now)?;
    }
    Ok(assertion.with_regression(entry.clone(), regressed).write_with(connection, Ok(regressed))?)
}

/// Stores the counter and the backup flags. If the credential has changed since it was read, checks the assertion
/// against the new state of the credential. Returns the previously stored counter if the assertion's counter regressed
/// and the counter policy accepts this.
fn record_use(connection: &mut Connection, assertion: &Assertion, at: Timestamp) -> Result<Use, Rollback> {
    let (verified, used) = (&assertion.verified, assertion.usage(at));
    let refused = |code, reason: &str, detail: RefusalDetail| {
        Ok(Err(Refusal::Verification(VerificationError::new(code, reason, detail))))
    };
    let mut expected = assertion.credential.clone();
    let mut regressed = verified.counter_regressed;
    // On PostgreSQL, a concurrent login may change the row before this update. The assertion is then checked against
    // the changed row, and the update is repeated. If the credential was disabled before the update and enabled again
    // before the read, the next attempt succeeds.
    for _ in 0..MAX_ATTEMPTS {
        if credentials::record_use(connection, &expected, &used)? {
            return Ok(Ok(regressed.then_some(expected.sign_count)));
        }
        let current = credentials::find_with_owner(connection, expected.tenant_id, &expected.id)?;
        let current = current.filter(|(current, _)| {
            (current.user_id, current.created_at, &current.public_key)
                == (expected.user_id, expected.created_at, &expected.public_key)
        });
        let Some((current, user)) = current else {
            if assertion.challenge.user_id.is_some()
                && users::find(connection, expected.tenant_id, expected.user_id)?.is_none()
            {
                return Ok(Err(Refusal::ChallengeUnknown));
            }
            return Ok(Err(unknown(&expected.id, "the credential was deleted meanwhile")));
        };
        if let Err(refusal) = check_enabled(&user, &current) {
            return Ok(Err(refusal));
        }
        // An import of metadata changed what the attestation proves. The decision of the trust policy, the level of
        // assurance and the token depend on this proof.
        if current.attestation_trust != assertion.credential.attestation_trust {
            return Err(Rollback::JudgedAgain);
        }
        if current.backup_eligible && !used.backup_eligible {
            let detail = webauthn::backup_downgraded();
            return refused(ErrorCode::BackupStateInvalid, webauthn::BACKUP_DOWNGRADED, detail);
        }
        let reason = "a concurrent login has already used a higher signature counter";
        let policy = assertion.challenge.state.counter_policy;
        match webauthn::check_counter(policy, &current, used.sign_count, reason) {
            Ok(accepted) => regressed = accepted,
            Err(error) => return Ok(Err(Refusal::Verification(error))),
        }
        expected = current;
    }
    let id = expected.id.start();
    let reason = format!("credential {id}: its copy of the user's disabled_at differs from the user's");
    Err(DbError::Corrupt(reason).into())
}
