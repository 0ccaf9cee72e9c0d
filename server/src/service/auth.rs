//! Who calls: API keys of tenants.

use doorward_shared::{ApiKeyId, AuditType, ErrorCode};

use super::{Refusal, RequestContext, ServiceError, audit};
use crate::crypto::{KeyKind, KeyScope, PresentedKey};

/// Why a key was not accepted. The client learns only that it was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rejected {
    Missing,
    Malformed,
    Unknown,
    Expired,
    Wrong,
}

impl Rejected {
    const fn reason(self) -> &'static str {
        match self {
            Self::Missing => "the request carries no API key",
            Self::Malformed => "the API key has not the form dw_<key id>_<secret>",
            Self::Unknown => "the tenant has no such API key, or it was revoked",
            Self::Expired => "the API key has expired",
            Self::Wrong => "the API key's secret is wrong",
        }
    }
}

/// Checks the presented API key against the tenant's.
///
/// Answers the key's id, or `None` after writing an `api_key_rejected` row. At most one hash is computed, and none for a
/// key that was verified lately or whose id the tenant does not have.
///
/// # Errors
/// [`Refusal::TooOften`] in place of the row when the caller has filled too many rows lately; when the hashing queue is
/// full, or the database cannot take the row.
pub async fn api_key(call: &RequestContext, presented: Option<&str>) -> Result<Option<ApiKeyId>, ServiceError> {
    let rejected = match check(call, presented).await? {
        Ok(id) => {
            call.app.key_usage.used(call.tenant.id(), id, call.app.clock.now());
            return Ok(Some(id));
        }
        Err(rejected) => rejected,
    };
    // Only those who were rejected are counted, so that a backend whose key is good is never kept waiting by the limit.
    call.app.rate_limits.visit(call.tenant.id(), &call.meta.source_ip).map_err(Refusal::TooOften)?;
    let code = if rejected == Rejected::Missing { ErrorCode::ApiKeyMissing } else { ErrorCode::ApiKeyInvalid };
    audit::reject(call, AuditType::ApiKeyRejected, code, rejected.reason()).await?;
    Ok(None)
}

async fn check(call: &RequestContext, presented: Option<&str>) -> Result<Result<ApiKeyId, Rejected>, ServiceError> {
    let Some(presented) = presented.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(Err(Rejected::Missing));
    };
    let Some(presented) = PresentedKey::parse(KeyKind::Api, presented) else { return Ok(Err(Rejected::Malformed)) };
    let id = ApiKeyId::new(presented.id);
    let Some(key) = call.tenant.api_keys.get(&id) else { return Ok(Err(Rejected::Unknown)) };
    if key.expires_at.is_some_and(|expiry| expiry <= call.app.clock.now()) {
        return Ok(Err(Rejected::Expired));
    }
    let scope = KeyScope::Tenant(call.tenant.id());
    let matches = call.app.keys.matches(scope, &presented, &key.hash).await?;
    Ok(if matches { Ok(id) } else { Err(Rejected::Wrong) })
}

/// Whether the presented key is one of the tenant's that was verified lately. Costs no hash and leaves no row.
#[must_use]
pub fn is_remembered(call: &RequestContext, presented: &str) -> bool {
    let Some(presented) = PresentedKey::parse(KeyKind::Api, presented) else { return false };
    let Some(key) = call.tenant.api_keys.get(&ApiKeyId::new(presented.id)) else { return false };
    key.expires_at.is_none_or(|expiry| expiry > call.app.clock.now())
        && call.app.keys.remembers(KeyScope::Tenant(call.tenant.id()), &presented, &key.hash)
}
