//! Steps that registrations and assertions share.

use doorward_shared::{Timestamp, config::Hint};

use super::{Refusal, RequestContext, ServiceError, audit, audited};
use crate::{
    clock,
    db::{Connection, DbError},
    domain::{Ceremony, Challenge, ChallengeValue, Credential, config_rules},
    store::challenges,
    webauthn::Malformed,
};

/// Result of a unit of work that is committed even if the request is refused, so that the audit entry is kept.
pub(super) type Outcome<T> = Result<Result<T, Refusal>, DbError>;

pub(super) fn random_challenge(context: &RequestContext) -> Result<ChallengeValue, ServiceError> {
    Ok(ChallengeValue(clock::random::<32>(context.app.entropy.as_ref())?.to_vec()))
}

/// Returns the hints of the request; if it contains none, those of the tenant.
pub(super) fn hints(
    context: &RequestContext,
    ceremony: Ceremony,
    requested: Option<Vec<Hint>>,
) -> Result<Vec<Hint>, Refusal> {
    let Some(hints) = requested else {
        let config = &context.tenant.tenant.config;
        return Ok(if ceremony.is_mfa() { &config.mfa.hints } else { &config.webauthn.hints }.clone());
    };
    config_rules::distinct(&hints).map_err(|message| Refusal::Invalid(format!("hints {message}")))?;
    Ok(hints)
}

/// Returns whether the credential may be used in this ceremony. Second-factor ceremonies also accept passkeys. All
/// other ceremonies exclude credentials that are only second factors.
pub(super) const fn includes(ceremony: Ceremony, credential: &Credential) -> bool {
    ceremony.is_mfa() || !credential.is_mfa
}

/// Parses the body of a finalize request and creates the request's audit entry. A malformed body is refused.
pub(super) async fn parse<T>(
    context: &RequestContext,
    ceremony: Ceremony,
    now: Timestamp,
    body: Result<&[u8], Refusal>,
    parse: impl FnOnce(&[u8]) -> Result<T, Malformed>,
) -> Result<(audit::Entry, T), ServiceError> {
    let entry = audit::event(&context.app, context.tenant.id(), &context.meta, ceremony.final_event(true), now)?;
    match body.and_then(|body| parse(body).map_err(|malformed| Refusal::MalformedCredential(malformed.reason))) {
        Ok(parsed) => Ok((entry, parsed)),
        Err(refusal) => Err(audit::refuse(context, entry, ceremony.final_event(false), refusal).await),
    }
}

/// Deletes the challenge of a ceremony that succeeds. Refuses if the challenge no longer exists or if the tenant is
/// disabled.
pub(super) fn take_challenge(connection: &mut Connection, challenge: &Challenge) -> Outcome<()> {
    let Challenge { tenant_id, value, .. } = challenge;
    if challenges::take_if_enabled(connection, *tenant_id, value)? {
        return Ok(Ok(()));
    }
    let is_disabled = challenges::take(connection, *tenant_id, value)?;
    Ok(Err(if is_disabled { Refusal::TenantDisabled } else { Refusal::ChallengeUnknown }))
}

/// Rejects a finalize request: deletes the challenge, writes the audit entry and returns the refusal as an error.
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
    let unit = move |connection: &mut Connection| {
        challenges::take(connection, tenant_id, &value)?;
        entry.write_with(connection, ())
    };
    match audited::write(context, unit).await {
        Ok(()) => refusal.into(),
        Err(error) => error.into(),
    }
}
