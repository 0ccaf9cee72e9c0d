//! Authenticates callers of the public API by their API key.

use doorward_shared::{
    ApiKeyId, AuditType, ErrorCode, Timestamp,
    refusal::{Check, RefusalDetail},
};
use uuid::Uuid;

use super::{Refusal, RequestContext, ServiceError, audit};
use crate::crypto::{KeyKind, KeyScope, PresentedKey};

/// Reason why a request has no valid API key or admin token. The audit log records it. The client learns only whether
/// the key is missing, invalid or disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRejection {
    Missing,
    /// The value does not have the form of a key.
    Malformed,
    /// No key has this id, or the key was revoked.
    Unknown,
    Expired,
    /// The id is known, but the secret is wrong.
    Wrong,
    /// The key is correct, but an administrator disabled it.
    Disabled,
}

impl KeyRejection {
    const fn api_key_reason(self) -> &'static str {
        match self {
            Self::Missing => "the request carries no API key",
            Self::Malformed => "the API key does not have the form dw_<key id>_<secret>",
            Self::Unknown => "the tenant has no such API key, or it was revoked",
            Self::Expired => "the API key has expired",
            Self::Wrong => "the API key's secret is wrong",
            Self::Disabled => "the API key is disabled",
        }
    }

    pub const fn admin_token_reason(self) -> &'static str {
        match self {
            Self::Missing => "the request carries no admin token",
            Self::Malformed => "the admin token does not have the form dwa_<token id>_<secret>",
            Self::Unknown => "no admin token has this id, or it was revoked",
            Self::Expired => "the admin token has expired",
            Self::Wrong => "the admin token's secret is wrong",
            Self::Disabled => "the admin token is disabled",
        }
    }

    const fn code(self) -> ErrorCode {
        match self {
            Self::Missing => ErrorCode::ApiKeyMissing,
            Self::Malformed | Self::Unknown | Self::Expired | Self::Wrong => ErrorCode::ApiKeyInvalid,
            Self::Disabled => ErrorCode::ApiKeyDisabled,
        }
    }

    const fn check(self) -> Check {
        match self {
            Self::Missing => Check::KeyPresent,
            Self::Malformed => Check::KeyForm,
            Self::Unknown => Check::KeyKnown,
            Self::Expired => Check::KeyUnexpired,
            Self::Wrong => Check::KeySecret,
            Self::Disabled => Check::KeyEnabled,
        }
    }

    /// Adds the id of the presented key.
    pub const fn of(self, id: Uuid) -> RejectedKey {
        RejectedKey { reason: self, id: Some(id), expired_at: None, form: None }
    }

    /// Adds the expected form of keys, and a description of the presented value, which is not a key of this kind.
    pub fn of_form(self, kind: KeyKind, value: &str) -> RejectedKey {
        RejectedKey { form: Some((kind.form(), PresentedKey::describe_malformed(kind, value))), ..self.into() }
    }
}

/// A presented API key or admin token that is not valid. Contains no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RejectedKey {
    pub reason: KeyRejection,
    /// Public id of the presented key; `None` if the request contains none.
    id: Option<Uuid>,
    expired_at: Option<Timestamp>,
    /// For a malformed value: the expected form of keys, and a description of the value.
    form: Option<(&'static str, &'static str)>,
}

impl From<KeyRejection> for RejectedKey {
    fn from(reason: KeyRejection) -> Self {
        Self { reason, id: None, expired_at: None, form: None }
    }
}

impl RejectedKey {
    /// Creates the rejection of a key that expired at `time`.
    pub const fn expired(id: Uuid, time: Option<Timestamp>) -> Self {
        Self { expired_at: time, ..KeyRejection::Expired.of(id) }
    }

    /// Returns the failed check, for the audit entry.
    pub fn detail(&self) -> RefusalDetail {
        let detail = RefusalDetail::new(self.reason.check()).key(self.id);
        match (self.expired_at, self.form) {
            (Some(time), _) => detail.expected([format!("a request before {time}")]),
            (_, Some((form, found))) => detail.expected([form]).received(found),
            _ => detail,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    ApiKey(ApiKeyId),
    Anonymous(RejectedKey),
}

impl Identity {
    /// Returns the id of the presented API key, if the key is valid or only disabled.
    pub fn verified_key(&self) -> Option<ApiKeyId> {
        match self {
            Self::ApiKey(id) => Some(*id),
            Self::Anonymous(rejected) => {
                rejected.id.filter(|_| rejected.reason == KeyRejection::Disabled).map(ApiKeyId::new)
            }
        }
    }
}

/// The rate limits against which a request without a valid key is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountedAgainst {
    /// Only the limits of the caller's address and network: clients must be able to read the tenant's public keys even
    /// if others have used up the tenant's limit.
    Address,
    AddressAndTenant,
}

/// Verifies the presented API key. If there is no valid key, counts the request against the rate limits.
///
/// A valid key is never rate-limited. A wrong secret costs one Argon2 hash; a key with an unknown id costs none.
///
/// # Errors
/// [`Refusal::TooOften`] if a rate limit is exceeded; [`ServiceError::Internal`] for a damaged stored hash.
pub fn identify(
    context: &RequestContext,
    presented: Option<&str>,
    counted: CountedAgainst,
) -> Result<Identity, ServiceError> {
    let identity = verify(context, presented)?;
    match identity {
        Identity::ApiKey(id) => context.app.key_usage.used(context.tenant.id(), id, context.app.clock.now()),
        Identity::Anonymous(_) => {
            let (limits, address) = (&context.app.rate_limits, &context.meta.source_ip);
            match counted {
                CountedAgainst::Address => limits.count_address(address),
                CountedAgainst::AddressAndTenant => limits.count(context.tenant.id(), address),
            }
            .map_err(Refusal::TooOften)?;
        }
    }
    Ok(identity)
}

fn verify(context: &RequestContext, presented: Option<&str>) -> Result<Identity, ServiceError> {
    use KeyRejection::{Disabled, Missing, Unknown, Wrong};
    let Some(presented) = presented.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(Identity::Anonymous(Missing.into()));
    };
    let value = presented;
    let parsed = PresentedKey::parse(KeyKind::Api, value).map_or_else(|| imported_key(context, value), Ok);
    let presented = match parsed {
        Ok(presented) => presented,
        Err(rejected) => return Ok(Identity::Anonymous(rejected)),
    };
    let id = ApiKeyId::new(presented.id);
    let Some(key) = context.tenant.api_keys.get(&id) else {
        return Ok(Identity::Anonymous(Unknown.of(presented.id)));
    };
    if key.expires_at.is_some_and(|expiry| expiry <= context.app.clock.now()) {
        return Ok(Identity::Anonymous(RejectedKey::expired(presented.id, key.expires_at)));
    }
    let matches = context.app.keys.verify(KeyScope::Tenant(context.tenant.id()), &presented, &key.hash)?;
    // The secret is verified first, so that only a holder of the key learns that it is disabled.
    Ok(match (matches, key.disabled_at) {
        (false, _) => Identity::Anonymous(Wrong.of(presented.id)),
        (true, Some(_)) => Identity::Anonymous(Disabled.of(presented.id)),
        (true, None) => Identity::ApiKey(id),
    })
}

/// Finds an imported key by its digest, because imported keys contain no id. Verification costs at most one Argon2
/// hash.
fn imported_key(context: &RequestContext, value: &str) -> Result<PresentedKey, RejectedKey> {
    let malformed = || KeyRejection::Malformed.of_form(KeyKind::Api, value);
    let secret = context.tenant.imported_secret(value).ok_or_else(malformed)?;
    context.tenant.imported_key(secret).ok_or_else(|| KeyRejection::Unknown.into())
}

/// Refuses the request if its tenant is disabled, and writes an audit entry.
pub async fn require_enabled_tenant(context: &RequestContext) -> Result<(), ServiceError> {
    if context.tenant.tenant.disabled_at.is_none() {
        return Ok(());
    }
    let refusal = Refusal::TenantDisabled;
    audit::reject(context, AuditType::RequestRejected, refusal.code(), &refusal.reason(), &refusal.detail()).await?;
    Err(refusal.into())
}

/// Writes the audit entry of a request that was rejected because it has no valid API key.
pub async fn record_rejection(context: &RequestContext, rejected: RejectedKey) -> Result<(), ServiceError> {
    let (code, reason) = (rejected.reason.code(), rejected.reason.api_key_reason());
    audit::reject(context, AuditType::ApiKeyRejected, code, reason, &rejected.detail()).await
}
