//! The JWT that ends a ceremony.

use doorward_shared::{Timestamp, public::TokenClaims};

use super::{RequestContext, ServiceError};
use crate::{
    clock,
    crypto::TOKEN_LIFETIME_SECONDS,
    domain::{Ceremony, CredentialId},
};

/// What a token says about the ceremony it ends.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The operation.
    pub ceremony: Ceremony,
    /// The tenant's own id of the user.
    pub user: &'a str,
    /// RP ID the authenticator signed for.
    pub rp_id: &'a str,
    /// The credential.
    pub credential: &'a CredentialId,
    /// Whether the authenticator verified its user.
    pub user_verified: bool,
    /// Whether the private key may leave its authenticator (backup eligible).
    pub backup_eligible: bool,
    /// The caller's transaction id.
    pub transaction: Option<&'a str>,
}

/// Signs a token with the tenant's present signing key.
///
/// # Errors
/// When the tenant has no key that signs now, or signing fails: internal faults both.
pub fn issue(call: &RequestContext, subject: &Subject<'_>, now: Timestamp) -> Result<String, ServiceError> {
    let key = call
        .tenant
        .signing_keys
        .active(now)
        .ok_or_else(|| ServiceError::Internal(format!("tenant {} has no active signing key", call.tenant.id())))?;
    let claims = TokenClaims {
        iss: call.app.settings.issuer.clone(),
        sub: subject.user.to_owned(),
        aud: vec![subject.rp_id.to_owned()],
        cred: subject.credential.to_string(),
        iat: now.seconds(),
        exp: now.seconds() + TOKEN_LIFETIME_SECONDS,
        jti: clock::new_uuid(now, call.app.entropy.as_ref())?.to_string(),
        amr: authentication_methods(subject),
        ceremony: subject.ceremony.claim(),
        uv: subject.user_verified,
        trans: subject.transaction.map(str::to_owned),
    };
    Ok(key.sign(&claims)?)
}

/// RFC 8176: possession of a key in hardware or software, presence of the user (always checked), and both factors where
/// the authenticator also verified its user.
fn authentication_methods(subject: &Subject<'_>) -> Vec<String> {
    let key = if subject.backup_eligible { "swk" } else { "hwk" };
    let factors = subject.user_verified.then_some("mfa");
    [Some(key), Some("user"), factors].into_iter().flatten().map(str::to_owned).collect()
}
