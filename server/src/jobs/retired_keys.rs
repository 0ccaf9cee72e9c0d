//! Destroys the private parts of signing keys that no longer sign.

use crate::{
    app::App,
    db::{Connection, DbError},
    store::signing_keys as table,
};

/// Maximum number of keys whose private parts one unit of work destroys.
const BATCH: i64 = 500;
/// Time in milliseconds for which a key that no longer signs keeps its private part. It is much longer than the
/// lifetime of tokens. If a clock is wrong by more than this time, a key can lose its private part too early. The key's
/// successor then signs instead.
const KEPT_MS: i64 = 7 * 86_400_000;

/// Destroys the private parts of all signing keys that were retired or withdrawn at least a week ago, so that they
/// cannot be stolen later. Returns the number of these keys. The public parts stay as evidence.
pub async fn destroy_retired_keys(app: &App) -> Result<usize, DbError> {
    let before = app.clock.now().plus_millis(-KEPT_MS);
    let mut destroyed = 0;
    loop {
        let ended = app.db.read(move |connection| table::list_ended(connection, before, BATCH)).await?;
        if ended.is_empty() {
            return Ok(destroyed);
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
