//! Destroys the private keys of signing keys that no longer sign.

use doorward_shared::Timestamp;

use crate::{
    app::App,
    db::{Connection, DbError},
    domain::SigningKeyRecord,
    store::signing_keys as table,
};

/// Number of keys that one unit of work reads.
const BATCH: i64 = 500;
/// Time for which a key that no longer signs keeps its private part. It is much longer than the life of tokens, so that a
/// clock that was set back does not end logins.
const KEPT_MS: i64 = 7 * 86_400_000;

/// Destroys the private keys of all signing keys that were retired or withdrawn a week ago, and returns their number.
/// They cannot be stolen later. The public keys stay as evidence.
pub async fn destroy_retired_keys(app: &App) -> Result<usize, DbError> {
    let before = app.clock.now().plus_millis(-KEPT_MS);
    let (mut after, mut destroyed) = (None, 0);
    loop {
        let batch = app.db.read(move |connection| table::list_of_all(connection, after, BATCH)).await?;
        let Some(last) = batch.last() else { return Ok(destroyed) };
        after = Some((last.tenant_id, last.id));
        let ended: Vec<_> =
            batch.iter().filter(|key| has_ended(key, before)).map(|key| (key.tenant_id, key.id)).collect();
        if ended.is_empty() {
            continue;
        }
        let destroy = move |connection: &mut Connection| {
            let mut destroyed = 0;
            for (tenant, id) in &ended {
                destroyed += usize::from(table::destroy_private(connection, *tenant, *id, before)?);
            }
            Ok::<_, DbError>(destroyed)
        };
        destroyed += app.db.write(destroy).await?;
    }
}

fn has_ended(key: &SigningKeyRecord, before: Timestamp) -> bool {
    let is_before = |at: Option<Timestamp>| at.is_some_and(|at| at < before);
    !key.sealed_private_key.is_empty() && (is_before(key.retired_at) || is_before(key.withdrawn_at))
}
