//! Fills an installation with tenants, users, credentials, transactions and audit entries, all computed from a seed.
//!
//! [`Plan`] computes the data, `users` and `log` generate rows from it, and `writer` writes them in one transaction.
//! Secrets are not part of the plan: each run creates its own API-key secret and signing keys.

mod log;
mod names;
pub mod plan;
mod random;
mod run;
mod seeded;
mod users;
mod writer;

pub use plan::{CredentialKind, Plan};
pub use run::{SeedJob, SeedResult, run};
pub use seeded::Seeded;

/// Errors of a seeding job.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    #[error("a server is using this database; stop it first")]
    InUse,
    #[error("this database already has {0} tenants; pass --append to add more")]
    Tenants(String),
    #[error(transparent)]
    Installation(#[from] doorward_server::installation::OpenError),
    #[error("database URL: {0}")]
    DatabaseUrl(#[from] doorward_server::db::DatabaseUrlError),
    #[error("database: {0}")]
    Database(String),
    /// A row cannot be generated.
    #[error("{0}")]
    Generate(String),
    #[error(transparent)]
    Key(#[from] doorward_authenticator::ClientError),
    /// The file for `doorward-load` cannot be written or read.
    #[error("{path}: {reason}")]
    File { path: String, reason: String },
}

impl From<diesel::result::Error> for SeedError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error.to_string())
    }
}

impl From<tokio_postgres::Error> for SeedError {
    fn from(error: tokio_postgres::Error) -> Self {
        // The message of the PostgreSQL server is in the source of the error.
        let source = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
        Self::Database(format!("{error}{source}"))
    }
}
