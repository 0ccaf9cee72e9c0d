//! Fills an installation with tenants, users, credentials, transactions and an audit log. The same seed gives the same data.
//!
//! [`Plan`] computes the data; `users` and `log` turn it into rows; `sqlite` and `postgres` write them in one transaction.
//! Secrets are not part of the plan: each run creates its own API-key secret and signing keys.

mod log;
mod names;
mod output;
pub mod plan;
mod postgres;
pub mod random;
mod run;
mod seeded;
mod sqlite;
mod table;
mod users;

pub use plan::{CredentialKind, Plan};
pub use run::{SeedJob, SeedResult, run};
pub use seeded::Seeded;

/// Temporary table for entries, which are generated tenant by tenant. A server writes them in the order of time.
const UNSORTED: &str = "audit_logs_unsorted";

/// Returns the statement that creates the temporary table.
fn wait() -> String {
    format!("CREATE TABLE {UNSORTED} AS SELECT * FROM audit_logs WHERE FALSE")
}

/// Returns the statements that copy the entries to the log in the order of their ids.
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

/// Errors of a seeding job.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// Another process has the database open.
    #[error("a server is using this database; stop it first")]
    InUse,
    /// The database already has tenants.
    #[error("this database already has {0} tenants; pass --append to add more")]
    Tenants(i64),
    /// The installation cannot be opened.
    #[error(transparent)]
    Installation(#[from] doorward_server::installation::OpenError),
    /// A database operation failed.
    #[error("database: {0}")]
    Database(String),
    /// A row cannot be generated.
    #[error("{0}")]
    Generate(String),
    /// A key cannot be created.
    #[error(transparent)]
    Key(#[from] doorward_authenticator::ClientError),
    /// The file for `doorward-load` cannot be written or read.
    #[error("{path}: {reason}")]
    File {
        /// Path of the file.
        path: String,
        /// The cause.
        reason: String,
    },
    /// The writer has stopped and reports its own error.
    #[error("stopped")]
    Stopped,
}

impl From<diesel::result::Error> for SeedError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error.to_string())
    }
}
