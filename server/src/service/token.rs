//! Tokens (JWTs) that finalize endpoints return.

use doorward_shared::{AttestationTrust, Timestamp, config::TokenAudience, public::TokenClaims};

use super::{RequestContext, ServiceError};
use crate::{
    clock,
    crypto::TOKEN_LIFETIME_SECONDS,
    domain::{Credential, assurance::Evidence},
};

/// Content of a token.
#[derive(Debug)]
pub struct Subject<'a> {
    pub evidence: Evidence,
    /// The user id.
    pub user: &'a str,
    pub rp_id: &'a str,
    pub credential: &'a Credential,
    /// Whether the authenticator detected the user.
    pub user_present: bool,
    /// Whether the credential is backed up (flag BS).
    pub backup_state: bool,
    /// The application's own id of the transaction.
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
    let Evidence { ceremony, user_verified, backup_eligible, .. } = subject.evidence;
    let claims = TokenClaims {
        iss: context.app.settings.issuer.clone(),
        sub: subject.user.to_owned(),
        aud: vec![audience(context, subject)],
        cred: subject.credential.id.to_string(),
        iat: now.seconds(),
        exp: now.seconds() + TOKEN_LIFETIME_SECONDS,
        jti: clock::new_uuid(now, context.app.entropy.as_ref())?.to_string(),
        amr: authentication_methods(subject.user_present, user_verified),
        ceremony: ceremony.claim(),
        uv: user_verified,
        acr: context.tenant.tenant.config.acr.name(subject.evidence.level()).to_owned(),
        auth_time: now.seconds(),
        be: backup_eligible,
        bs: subject.backup_state,
        attested: subject.credential.attestation_trust == AttestationTrust::Chain,
        aaguid: subject.credential.proven_aaguid().filter(|aaguid| !aaguid.is_nil()),
        trans: subject.transaction.map(str::to_owned),
    };
    Ok(key.sign(&claims)?)
}

fn audience(context: &RequestContext, subject: &Subject<'_>) -> String {
    match context.tenant.tenant.config.webauthn.token_audience {
        TokenAudience::Ceremony => format!("{}/{}", subject.rp_id, subject.evidence.ceremony.claim()),
        TokenAudience::RpId => subject.rp_id.to_owned(),
    }
}

/// Returns the `amr` values (RFC 8176): `pop` for the proof of possession of the key, `user` if the authenticator
/// detected the user, and `mfa` if it verified the user. Only tokens of automatic passkey upgrades can lack `user`.
///
/// `hwk` and `swk` state how the key is stored. Most credentials have no attestation that proves how their key is
/// stored, so these values are never returned. The claims `attested`, `aaguid` and `acr` state what an attestation
/// proves.
fn authentication_methods(user_present: bool, user_verified: bool) -> Vec<String> {
    [Some("pop"), user_present.then_some("user"), user_verified.then_some("mfa")]
        .into_iter()
        .flatten()
        .map(str::to_owned)
        .collect()
}
