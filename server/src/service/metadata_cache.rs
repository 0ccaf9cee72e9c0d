//! Cache of the imported FIDO metadata: one copy for all requests of the process.

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::{
    db::{self, Database, DbError},
    domain::Metadata,
    store::metadata,
};

/// The newest metadata that this process has read. With about 500 models it takes less than 1 MB.
#[derive(Debug, Default)]
pub struct MetadataCache(Mutex<Cached>);

#[derive(Debug, Default)]
struct Cached {
    metadata: Arc<Metadata>,
    /// Value of the change counter at which the metadata was current; `None` if it must be read again.
    change_counter: Option<u64>,
}

impl MetadataCache {
    /// Returns the metadata of the newest import. After an administrative change, reads the number of the newest
    /// import, and reads its entries only if this number has changed.
    pub async fn get(&self, db: &Database) -> Result<Arc<Metadata>, DbError> {
        // The lock is held during the read, so that concurrent requests share its result.
        let mut cached = self.0.lock().await;
        let change_counter = db.change_counter();
        if cached.change_counter == Some(change_counter) {
            return Ok(Arc::clone(&cached.metadata));
        }
        let known = cached.metadata.number();
        let (found, may_cache) = db
            .read(move |connection| {
                let may_cache = db::may_cache(connection, change_counter)?;
                let number = metadata::number(connection)?;
                let changed = (number != known).then(|| metadata::load(connection)).transpose()?;
                Ok::<_, DbError>((changed.map(|records| Metadata::new(number, records)), may_cache))
            })
            .await?;
        if let Some(metadata) = found {
            cached.metadata = Arc::new(metadata);
        }
        cached.change_counter = may_cache.then_some(change_counter);
        Ok(Arc::clone(&cached.metadata))
    }
}
