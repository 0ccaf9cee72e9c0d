//! Units of work on SQLite or PostgreSQL.
//!
//! A [`Store`] runs closures: [`Store::read`] on one consistent snapshot, [`Store::write`] as one transaction that is
//! answered after its durable commit, [`Store::administer`] for what other processes keep in memory. Each is a whole
//! unit of work, done to its end even when nobody waits any more. Inside, the table modules' functions take the
//! [`Connection`] and then the tenant's id. Never hash, sign or call out inside a closure: everybody else's work
//! waits behind it.
//!
//! Every failure of this layer is a [`StoreError`]. Diesel is used here and nowhere else. A unit that met a
//! [`StoreError::Database`] must not go on: PostgreSQL has given up its transaction by then.
//! [`StoreError::Duplicate`] leaves the transaction usable on both engines.

mod connection;
mod epoch;
mod error;
mod migrations;
mod near;
mod options;
mod postgres;
mod presence;
mod queue;
mod row;
mod schema;
pub mod search;
mod sqlite;
mod text;

pub mod admin_tokens;
pub mod api_keys;
pub mod audit;
pub mod challenges;
pub mod credentials;
pub mod installation;
pub mod signing_keys;
pub mod summaries;
pub mod tenants;
pub mod transactions;
pub mod transfer;
pub mod users;

#[cfg(test)]
mod tests;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::watch;

use self::{
    connection::on_engine,
    epoch::Epoch,
    migrations::Change,
    near::Near,
    postgres::Target,
    presence::Presence,
    queue::{Queue, Work},
};
pub use self::{
    connection::{Connection, Engine, PostgresConnection},
    error::StoreError,
    options::{DatabaseUrl, StoreOptions},
    postgres::ThreadRuntime,
};

/// A database that is open. Clones share it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    /// Embedded engine only.
    near: Option<Near>,
    reads: Arc<Queue>,
    writes: Arc<Queue>,
    epoch: Arc<Epoch>,
    place: Arc<Place>,
    running: Mutex<Option<Running>>,
}

enum Place {
    Sqlite { path: PathBuf, busy: Duration },
    Postgres(Arc<Target>),
}

/// What runs while the store is open.
struct Running {
    threads: Vec<JoinHandle<()>>,
    /// Held only to be dropped: the threads that hold the other end stop then.
    _checkpoints: Option<mpsc::Sender<()>>,
    _listener: Option<watch::Sender<()>>,
    /// On a server the listener is present.
    _presence: Option<Presence>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.engine().as_str())
    }
}

impl Store {
    /// Opens a database, makes a SQLite file where there is none, and applies pending migrations.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it cannot be reached, [`StoreError::Database`] when a migration fails or the
    /// schema is newer than this program.
    pub async fn open(options: StoreOptions) -> Result<Self, StoreError> {
        blocking(move || match &options.url {
            DatabaseUrl::Sqlite(path) => {
                // The file stays the same one when the process changes its folder.
                let path = std::path::absolute(path).map_err(|error| StoreError::Unavailable(error.to_string()))?;
                let epoch = Arc::new(Epoch::beside(&path));
                let open = sqlite::open(&path, &options, &epoch)?;
                let place = Arc::new(Place::Sqlite { path, busy: options.busy_timeout });
                let running = Running {
                    threads: open.threads,
                    _checkpoints: Some(open.checkpoints),
                    _listener: None,
                    _presence: Some(open.presence),
                };
                Ok(Self::new(Some(open.near), open.reads, open.writes, epoch, place, running))
            }
            DatabaseUrl::Postgres(url) => {
                let epoch = Arc::new(Epoch::notified());
                let target = Arc::new(Target::new(url, &options)?);
                let open = postgres::open(&target, &options, &epoch)?;
                let place = Arc::new(Place::Postgres(target));
                let running =
                    Running { threads: open.threads, _checkpoints: None, _listener: Some(open.stop), _presence: None };
                Ok(Self::new(None, Arc::clone(&open.units), open.units, epoch, place, running))
            }
        })
        .await
    }

    fn new(
        near: Option<Near>,
        reads: Arc<Queue>,
        writes: Arc<Queue>,
        epoch: Arc<Epoch>,
        place: Arc<Place>,
        running: Running,
    ) -> Self {
        Self(Arc::new(Inner { near, reads, writes, epoch, place, running: Mutex::new(Some(running)) }))
    }

    /// Reads on one consistent snapshot.
    ///
    /// # Errors
    /// The closure's own, or [`StoreError::Unavailable`] when no connection became free.
    pub async fn read<T, E>(&self, f: impl FnOnce(&mut Connection) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.0.reads.submit(Work::Read, f).await
    }

    /// Like [`Store::read`], for a few rows found by their keys: the embedded engine reads them on the caller's own thread.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn look<T, E>(&self, f: impl FnOnce(&mut Connection) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &self.0.near {
            Some(near) => match near.read(f) {
                Ok(result) => result,
                Err(f) => self.read(f).await,
            },
            None => self.read(f).await,
        }
    }

    /// Changes rows, all or none: an error of the closure undoes what it did. Answered after the durable commit.
    ///
    /// # Errors
    /// The closure's own; [`StoreError::Unavailable`] when it could not begin, or the commit failed. When the
    /// connection to a server breaks during the commit, nobody knows whether it took place.
    pub async fn write<T, E>(&self, f: impl FnOnce(&mut Connection) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.0.writes.submit(Work::Write, f).await
    }

    /// Like [`Store::write`], for changes that other processes must notice: changes every process's
    /// [`Store::epoch`].
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn administer<T, E>(
        &self,
        f: impl FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.0.writes.submit(Work::Administer, f).await
    }

    /// A number that changes whenever this or another process completed an [`Store::administer`]. To keep something
    /// in memory, ask first, then read, and keep it under the number asked for; it is stale under any other number.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.0.epoch.current()
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read(|conn| installation::get(conn, "ping").map(|_| ())).await
    }

    /// Which engine stands behind the store.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match *self.0.place {
            Place::Sqlite { .. } => Engine::Sqlite,
            Place::Postgres(_) => Engine::Postgres,
        }
    }

    /// Applies pending migrations; answers their versions.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn migrate_up(&self) -> Result<Vec<String>, StoreError> {
        self.change_schema(Change::Up).await
    }

    /// Reverts every migration, and with them all data; answers their versions.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn migrate_down_all(&self) -> Result<Vec<String>, StoreError> {
        self.change_schema(Change::DownAll).await
    }

    /// Reverts the newest migration; answers its version.
    #[cfg(test)]
    async fn migrate_down_one(&self) -> Result<Vec<String>, StoreError> {
        self.change_schema(Change::DownOne).await
    }

    /// The versions of migrations that were not applied yet.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        self.change_schema(Change::Look).await
    }

    async fn change_schema(&self, change: Change) -> Result<Vec<String>, StoreError> {
        let place = Arc::clone(&self.0.place);
        blocking(move || match &*place {
            Place::Sqlite { path, busy } => sqlite::change_schema(path, *busy, change),
            Place::Postgres(target) => postgres::change_schema(target, change),
        })
        .await
    }

    /// Takes no more work, finishes what was queued, and ends every connection.
    pub async fn close(&self) {
        self.0.close_queues();
        let running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Running { threads, _checkpoints, _listener, _presence }) = running {
            drop((_checkpoints, _listener));
            let joined = move || {
                for thread in threads {
                    // A thread that panicked has ended, too.
                    let _ = thread.join();
                }
                drop(_presence);
                Ok(())
            };
            // It only fails when no thread can be started: then the process ends the rest.
            let _ = blocking(joined).await;
        }
    }
}

impl Inner {
    fn close_queues(&self) {
        if let Some(near) = &self.near {
            near.close();
        }
        self.reads.close();
        self.writes.close();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close_queues();
    }
}

/// Runs what blocks on a thread of its own, outside of any runtime: connections bring theirs along.
async fn blocking<T: Send + 'static>(
    f: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let (reply, answer) = tokio::sync::oneshot::channel();
    spawn("store-open", move || {
        let _ = reply.send(f());
    })?;
    answer.await.unwrap_or_else(|_| Err(StoreError::Database("a thread of the store panicked".to_owned())))
}

fn spawn(name: &str, f: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(f)
        .map_err(|error| StoreError::Unavailable(format!("cannot start a thread: {error}")))
}
