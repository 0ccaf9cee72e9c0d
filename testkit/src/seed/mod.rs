//! Fills an installation: tenants, users, credentials, transactions and an audit log, the same ones for the same number.
//!
//! [`Plan`] says what there is at each place; `people` and `log` turn it into rows; `sqlite` and `postgres` write them,
//! in one transaction: an interrupted run leaves nothing behind. Secrets are not from the plan: each run makes its own
//! API-key secret and signing keys.
#![deny(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod log;
mod names;
mod output;
mod people;
pub mod plan;
mod postgres;
pub mod random;
mod run;
mod seeded;
mod sqlite;
mod table;

pub use plan::{CredentialKind, Plan};
pub use run::{Made, Order, run};
pub use seeded::Seeded;

/// Where entries wait until all are there. They come tenant by tenant, and a log is written as time goes on: entries that were
/// made one after the other lie side by side, those of one tenant do not.
const UNSORTED: &str = "audit_logs_unsorted";

/// Makes the place where entries wait.
fn wait() -> String {
    format!("CREATE TABLE {UNSORTED} AS SELECT * FROM audit_logs WHERE FALSE")
}

/// Writes them to the log, in its order.
fn sort() -> String {
    format!("INSERT INTO audit_logs SELECT * FROM {UNSORTED} ORDER BY id; DROP TABLE {UNSORTED}")
}

/// Adds the summaries of the new tenants, computed from their rows.
const SUMMARISE: &str = "\
    INSERT INTO tenant_summaries (tenant_id, name_key, created_at, users, credentials, api_keys, last_activity) \
        SELECT id, lower(display_name), created_at, \
            (SELECT COUNT(*) FROM users WHERE users.tenant_id = tenants.id), \
            (SELECT COUNT(*) FROM credentials WHERE credentials.tenant_id = tenants.id), \
            (SELECT COUNT(*) FROM api_keys WHERE api_keys.tenant_id = tenants.id AND revoked_at IS NULL), \
            COALESCE((SELECT a.created_at FROM audit_logs a WHERE a.tenant_id = tenants.id ORDER BY a.id DESC LIMIT 1), \
                created_at) \
        FROM tenants WHERE id NOT IN (SELECT tenant_id FROM tenant_summaries)";

/// Why an installation was not filled.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// Somebody else has the database open.
    #[error("a server uses this database: stop it first")]
    InUse,
    /// There are tenants already.
    #[error("this database has {0} tenants already; --append adds to them")]
    Tenants(i64),
    /// The installation cannot be opened.
    #[error(transparent)]
    Installation(#[from] doorward_server::installation::OpenError),
    /// The database refused something.
    #[error("database: {0}")]
    Database(String),
    /// A row cannot be made.
    #[error("{0}")]
    Made(String),
    /// A key cannot be made.
    #[error(transparent)]
    Key(#[from] doorward_authenticator::ClientError),
    /// The file for `doorward-load` cannot be written or read.
    #[error("{path}: {reason}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The other thread has failed, and says why.
    #[error("stopped")]
    Stopped,
}

impl From<diesel::result::Error> for SeedError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error.to_string())
    }
}
