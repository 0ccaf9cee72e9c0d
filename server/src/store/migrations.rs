//! The schema's history, embedded in the binary.

use diesel::{
    backend::Backend,
    migration::{Migration, MigrationSource},
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::error::StoreError;

pub(super) const SQLITE: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");
pub(super) const POSTGRES: EmbeddedMigrations = embed_migrations!("../migrations/postgres");

/// What is to be done to the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Apply what is pending.
    Up,
    /// Revert everything.
    DownAll,
    /// Revert the newest.
    #[cfg(test)]
    DownOne,
    /// Only tell what is pending.
    Look,
}

/// Changes the schema; the answer names the migrations that were, or are to be, applied or reverted.
/// The caller holds a lock, so that no other process does the same.
pub(super) fn change<DB: Backend>(
    conn: &mut impl MigrationHarness<DB>,
    source: EmbeddedMigrations,
    change: Change,
) -> Result<Vec<String>, StoreError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| StoreError::Database(format!("migration: {error}"));
    if change == Change::Up {
        // Writing with old code into a newer schema could destroy what that code does not know.
        let known: Vec<Box<dyn Migration<DB>>> = source.migrations().map_err(failed)?;
        for version in conn.applied_migrations().map_err(failed)? {
            if !known.iter().any(|migration| migration.name().version() == version) {
                let reason = format!("the schema is newer than this program: it has migration {version}");
                return Err(StoreError::Database(reason));
            }
        }
    }
    Ok(match change {
        Change::Up => names(conn.run_pending_migrations(source).map_err(failed)?.iter()),
        Change::DownAll => names(conn.revert_all_migrations(source).map_err(failed)?.iter()),
        #[cfg(test)]
        Change::DownOne => names(std::iter::once(conn.revert_last_migration(source).map_err(failed)?)),
        Change::Look => names(conn.pending_migrations(source).map_err(failed)?.iter().map(|m| m.name().version())),
    })
}

fn names(versions: impl Iterator<Item = impl std::fmt::Display>) -> Vec<String> {
    versions.map(|version| version.to_string()).collect()
}
