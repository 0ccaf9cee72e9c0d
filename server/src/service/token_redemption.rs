//! Redeems tokens: confirms that a token is valid, and accepts it only once.

use doorward_shared::{
    AuditType, Timestamp,
    public::{RedeemTokenRequest, TokenClaims},
};
use serde_json::json;

use super::{
    Refusal, RequestContext, ServiceError, audit,
    audited::{self, AuditedOutcome},
    validate,
};
use crate::{db::Connection, store::redeemed_tokens};

/// Verifies a token and records that it was redeemed. Returns its claims.
///
/// # Errors
/// [`Refusal::TokenInvalid`], [`Refusal::TokenExpired`], or [`Refusal::TokenRedeemed`] if the token was redeemed
/// before, on any node. An audit entry is written for each refusal.
pub async fn redeem(
    context: &RequestContext,
    request: Result<RedeemTokenRequest, Refusal>,
) -> Result<TokenClaims, ServiceError> {
    const FAILED: AuditType = AuditType::TokenRedeemFailed;
    let (now, tenant) = (context.app.clock.now(), context.tenant.id());
    let entry = audit::event(&context.app, tenant, &context.meta, AuditType::TokenRedeemed, now)?;
    let verified = request.and_then(|request| {
        let token = validate::required("token", request.token)?;
        verify(context, &token, now)
    });
    let claims = match verified {
        Ok(claims) => claims,
        Err(refusal) => return Err(audit::refuse(context, entry, FAILED, refusal).await),
    };
    let entry = entry.by(claims.sub.clone()).credential(&claims.cred).transaction(claims.trans.clone());
    let expires_at = Timestamp::from_millis(claims.exp.saturating_mul(1_000));
    if expires_at <= now {
        return Err(audit::refuse(context, entry, FAILED, Refusal::TokenExpired(expires_at)).await);
    }
    let entry = entry.detail(json!({ "jti": claims.jti, "ceremony": claims.ceremony }));
    let jti = claims.jti.clone();
    let unit = move |connection: &mut Connection| -> AuditedOutcome<()> {
        if redeemed_tokens::insert(connection, tenant, &jti, expires_at)? {
            return entry.write_with(connection, Ok(()));
        }
        let refusal = Refusal::TokenRedeemed(jti.clone());
        entry.clone().refused(FAILED, &refusal).write_with(connection, Err(refusal))
    };
    audited::write(context, unit).await??;
    Ok(claims)
}

/// Returns the claims of a token that this installation signed for the tenant.
fn verify(context: &RequestContext, token: &str, now: Timestamp) -> Result<TokenClaims, Refusal> {
    let claims = context.tenant.signing_keys.verify(token, now);
    let claims = claims.ok_or(Refusal::TokenInvalid("none of the tenant's published keys signed this text"))?;
    if claims.iss != context.app.settings.issuer {
        return Err(Refusal::TokenInvalid("the token has another issuer"));
    }
    Ok(claims)
}
