//! Tokens (JWTs) that finalize endpoints return.

use doorward_shared::{Timestamp, config::TokenAudience, public::TokenClaims};

use super::{RequestContext, ServiceError};
use crate::{
    clock,
    crypto::TOKEN_LIFETIME_SECONDS,
    domain::{Ceremony, CredentialId},
};

/// Content of a token.
#[derive(Debug)]
pub struct Subject<'a> {
    pub ceremony: Ceremony,
    /// The user's id in the tenant's system.
    pub user: &'a str,
    pub rp_id: &'a str,
    pub credential: &'a CredentialId,
    /// Whether the authenticator detected the user.
    pub user_present: bool,
    pub user_verified: bool,
    /// The transaction's id in the tenant's system.
    pub transaction: Option<&'a str>,
}

/// Signs a token with the tenant's active signing key.
///
/// # Errors
/// [`ServiceError::Internal`] when the tenant has no active signing key or signing fails.
pub fn issue(context: &RequestContext, subject: &Subject<'_>, now: Timestamp) -> Result<String, ServiceError> {
    let key =
        context.tenant.signing_keys.active(now).ok_or_else(|| {
            ServiceError::Internal(format!("tenant {} has no active signing key", context.tenant.id()))
        })?;
    let claims = TokenClaims {
        iss: context.app.settings.issuer.clone(),
        sub: subject.user.to_owned(),
        aud: vec![audience(context, subject)],
        cred: subject.credential.to_string(),
        iat: now.seconds(),
        exp: now.seconds() + TOKEN_LIFETIME_SECONDS,
        jti: clock::new_uuid(now, context.app.entropy.as_ref())?.to_string(),
        amr: authentication_methods(subject.user_present, subject.user_verified),
        ceremony: subject.ceremony.claim(),
        uv: subject.user_verified,
        trans: subject.transaction.map(str::to_owned),
    };
    Ok(key.sign(&claims)?)
}

fn audience(context: &RequestContext, subject: &Subject<'_>) -> String {
    match context.tenant.tenant.config.webauthn.token_audience {
        TokenAudience::Ceremony => format!("{}/{}", subject.rp_id, subject.ceremony.claim()),
        TokenAudience::RpId => subject.rp_id.to_owned(),
    }
}

/// Returns the `amr` values (RFC 8176): `pop` for the proof of possession of the key, `user` if the authenticator detected
/// the user, and `mfa` if it verified the user. Only an automatic passkey upgrade succeeds without `user`.
///
/// `hwk` and `swk` state how the key is stored. Only an attestation can prove this, and Doorward does not check the
/// issuers of attestation certificates. Therefore these values are never returned.
fn authentication_methods(user_present: bool, user_verified: bool) -> Vec<String> {
    [Some("pop"), user_present.then_some("user"), user_verified.then_some("mfa")]
        .into_iter()
        .flatten()
        .map(str::to_owned)
        .collect()
}
