//! `min_acr`: the lowest level of assurance that a login or transaction must have.

use doorward_shared::{
    AttestationTrust, ErrorCode,
    config::{AcrNames, AssuranceLevel},
    refusal::{Check, RefusalDetail},
};

use super::{Refusal, RequestContext, ServiceError};
use crate::{
    domain::{Ceremony, Credential, Metadata, assurance},
    webauthn::VerificationError,
};

/// Returns whether the attestation of a credential proves a model that is certified and not compromised. Reads the
/// metadata only if the attestation proves a model.
pub(super) async fn is_certified(context: &RequestContext, credential: &Credential) -> Result<bool, ServiceError> {
    Ok(credential.attestation_trust == AttestationTrust::Chain
        && assurance::is_certified(credential, context.app.metadata().await?.as_ref()))
}

/// Returns the level that a request demands; `None` if it demands none.
///
/// # Errors
/// [`Refusal::Invalid`] if the tenant has no level with this name.
pub(super) fn minimum(names: &AcrNames, min_acr: Option<String>) -> Result<Option<AssuranceLevel>, Refusal> {
    let Some(name) = min_acr else { return Ok(None) };
    let level = names.level(&name).ok_or_else(|| {
        let allowed: Vec<&str> = names.at_least(AssuranceLevel::Aal1).collect();
        Refusal::Invalid(format!("min_acr must be one of {}", allowed.join(", ")))
    });
    level.map(Some)
}

/// Returns the credentials that can reach a level.
///
/// # Errors
/// [`Refusal::AcrUnreachable`] if no credential can reach the level.
pub(super) fn capable(
    names: &AcrNames,
    ceremony: Ceremony,
    minimum: AssuranceLevel,
    metadata: &Metadata,
    credentials: Vec<Credential>,
) -> Result<Vec<Credential>, Refusal> {
    let highest = credentials.iter().map(|credential| assurance::reachable(ceremony, credential, metadata)).max();
    let capable = |credential: &Credential| assurance::reachable(ceremony, credential, metadata) >= minimum;
    let capable: Vec<Credential> = credentials.into_iter().filter(capable).collect();
    if capable.is_empty() {
        let accepted = names.at_least(minimum).map(str::to_owned).collect();
        let highest = names.name(highest.unwrap_or(AssuranceLevel::Aal1)).to_owned();
        return Err(Refusal::AcrUnreachable { accepted, highest });
    }
    Ok(capable)
}

/// Refuses a ceremony whose level is lower than the level that its initialize request demanded.
pub(super) fn check(names: &AcrNames, minimum: Option<AssuranceLevel>, level: AssuranceLevel) -> Result<(), Refusal> {
    let Some(minimum) = minimum.filter(|minimum| level < *minimum) else { return Ok(()) };
    let (required, reached) = (names.name(minimum), names.name(level));
    let reason = format!("min_acr is {required}, but the authentication reached only {reached}");
    let detail = RefusalDetail::new(Check::Acr).expected(names.at_least(minimum)).received(reached);
    Err(Refusal::Verification(VerificationError::new(ErrorCode::AcrTooLow, reason, detail)))
}
