//! Steps that registrations and assertions share.

use super::{Refusal, RequestContext, ServiceError, audit};
use crate::{
    clock,
    db::DbError,
    domain::{Ceremony, ChallengeValue, Credential},
    store::challenges,
};

/// Result of a unit of work that also commits its refusals, because each one has an audit entry.
pub(super) type Outcome<T> = Result<Result<T, Refusal>, DbError>;

pub(super) fn random_challenge(context: &RequestContext) -> Result<ChallengeValue, ServiceError> {
    Ok(ChallengeValue(clock::random::<32>(context.app.entropy.as_ref())?.to_vec()))
}

/// Whether the credential counts for the ceremony. Second-factor ceremonies include passkeys; all others exclude
/// credentials that are only second factors.
pub(super) const fn includes(ceremony: Ceremony, credential: &Credential) -> bool {
    ceremony.is_mfa() || !credential.is_mfa
}

/// Rejects a finalize: deletes the challenge, writes the audit entry and returns the refusal as an error.
pub(super) async fn reject(
    context: &RequestContext,
    entry: audit::Entry,
    ceremony: Ceremony,
    challenge: &ChallengeValue,
    refusal: Refusal,
) -> ServiceError {
    let tenant_id = context.tenant.id();
    let value = challenge.clone();
    let entry = entry.refused(ceremony.final_event(false), &refusal);
    let written = context
        .app
        .db
        .write(move |connection| {
            challenges::take(connection, tenant_id, &value)?;
            entry.write(connection)
        })
        .await;
    match written {
        Ok(()) => refusal.into(),
        Err(error) => error.into(),
    }
}
