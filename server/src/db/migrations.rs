//! Schema migrations, embedded in the binary.

use diesel::{
    backend::Backend,
    migration::{Migration, MigrationSource},
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::error::DbError;

pub(super) const SQLITE: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");
pub(super) const POSTGRES: EmbeddedMigrations = embed_migrations!("../migrations/postgres");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SchemaChange {
    Up,
    DownAll,
    ListPending,
}

/// Performs the operation and returns the versions that were applied, reverted or listed. The caller must hold a lock
/// that keeps other processes from changing the schema.
pub(super) fn change<DB: Backend>(
    conn: &mut impl MigrationHarness<DB>,
    source: EmbeddedMigrations,
    change: SchemaChange,
) -> Result<Vec<String>, DbError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| DbError::Database(format!("migration: {error}"));
    if change != SchemaChange::DownAll {
        // An old program could destroy data that only a newer schema has.
        let known: Vec<Box<dyn Migration<DB>>> = source.migrations().map_err(failed)?;
        for version in conn.applied_migrations().map_err(failed)? {
            if !known.iter().any(|migration| migration.name().version() == version) {
                let reason = format!("the schema is newer than this program: it has the unknown migration {version}");
                return Err(DbError::Database(reason));
            }
        }
    }
    Ok(match change {
        SchemaChange::Up => names(conn.run_pending_migrations(source).map_err(failed)?.iter()),
        SchemaChange::DownAll => names(conn.revert_all_migrations(source).map_err(failed)?.iter()),
        SchemaChange::ListPending => {
            names(conn.pending_migrations(source).map_err(failed)?.iter().map(|m| m.name().version()))
        }
    })
}

fn names(versions: impl Iterator<Item = impl std::fmt::Display>) -> Vec<String> {
    versions.map(|version| version.to_string()).collect()
}
