//! Ids of tokens that were redeemed. A job deletes a row ten minutes after its token has expired.

use diesel::prelude::*;
use doorward_shared::{TenantId, Timestamp};

use super::{Connection, DbError, on_engine, schema::redeemed_tokens};

/// Records that a token is redeemed. Only one of several concurrent calls returns `true`, and only its caller may
/// accept the token.
///
/// # Errors
/// [`DbError::Orphan`] if the tenant does not exist.
pub fn insert(conn: &mut Connection, tenant: TenantId, jti: &str, expires_at: Timestamp) -> Result<bool, DbError> {
    let row = || {
        (
            redeemed_tokens::tenant_id.eq(tenant.to_string()),
            redeemed_tokens::jti.eq(jti),
            redeemed_tokens::expires_at.eq(expires_at.millis()),
        )
    };
    let rows = on_engine!(conn, c, _Db => diesel::insert_into(redeemed_tokens::table)
        .values(row()).on_conflict_do_nothing().execute(c))?;
    Ok(rows == 1)
}
