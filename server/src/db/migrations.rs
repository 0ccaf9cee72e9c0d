//! Schema migrations, embedded in the binary.
//!
//! A migration whose version ends with [`ADDITIVE`] only adds tables, indexes, and columns that are nullable or have a
//! default. Programs that do not contain this migration can still use the schema.

use diesel::{
    backend::Backend,
    migration::{Migration, MigrationSource},
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::error::DbError;

pub(super) const SQLITE: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");
pub(super) const POSTGRES: EmbeddedMigrations = embed_migrations!("../migrations/postgres");

/// Suffix of the version of an additive migration. The folder of such a migration is named `<time>.additive_<name>`.
const ADDITIVE: &str = ".additive";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SchemaChange {
    Up,
    /// Like `Up`, but returns an error if the schema has any unknown migration, even an additive one. A transfer would
    /// otherwise omit data that a newer program has written.
    UpToSameSchema,
    DownAll,
    ListPending,
}

/// Performs a schema change and returns the versions of the migrations that were applied, reverted or listed. The
/// caller must hold a lock that keeps other processes from changing the schema.
pub(super) fn change<DB: Backend>(
    conn: &mut impl MigrationHarness<DB>,
    source: EmbeddedMigrations,
    change: SchemaChange,
) -> Result<Vec<String>, DbError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| DbError::Database(format!("migration: {error}"));
    if change != SchemaChange::DownAll {
        // Refuses a newer schema, because this program could violate rules that only a newer program knows.
        let known: Vec<Box<dyn Migration<DB>>> = source.migrations().map_err(failed)?;
        for version in conn.applied_migrations().map_err(failed)? {
            let is_known = known.iter().any(|migration| migration.name().version() == version);
            let is_accepted = change != SchemaChange::UpToSameSchema && version.to_string().ends_with(ADDITIVE);
            if !is_known && !is_accepted {
                let reason = format!("the schema is newer than this program: it has the unknown migration {version}");
                return Err(DbError::Database(reason));
            }
        }
    }
    Ok(match change {
        SchemaChange::Up | SchemaChange::UpToSameSchema => {
            names(conn.run_pending_migrations(source).map_err(failed)?.iter())
        }
        SchemaChange::DownAll => names(conn.revert_all_migrations(source).map_err(failed)?.iter()),
        SchemaChange::ListPending => {
            names(conn.pending_migrations(source).map_err(failed)?.iter().map(|m| m.name().version()))
        }
    })
}

fn names(versions: impl Iterator<Item = impl std::fmt::Display>) -> Vec<String> {
    versions.map(|version| version.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::ADDITIVE;

    /// Returns the first statement that is not additive.
    fn not_additive(sql: &str) -> Option<String> {
        let code: String =
            sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
        // Function bodies are skipped, because they contain semicolons.
        let outside_bodies: String = code.split("$$").step_by(2).collect();
        outside_bodies.split(';').map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase()).find(
            |statement| {
                let is_column = statement.starts_with("ALTER TABLE ") && statement.contains(" ADD COLUMN ");
                let adds_column = is_column && (!statement.contains(" NOT NULL") || statement.contains(" DEFAULT "));
                !statement.is_empty()
                    && !adds_column
                    && !["CREATE TABLE ", "CREATE INDEX ", "CREATE FUNCTION "]
                        .iter()
                        .any(|begin| statement.starts_with(begin))
            },
        )
    }

    #[test]
    fn additive_migrations_only_add() {
        for sql in [
            "CREATE TABLE devices (tenant_id TEXT NOT NULL); -- DROP TABLE\nCREATE INDEX devices_by_id ON devices (id);",
            "ALTER TABLE users ADD COLUMN locale TEXT",
            "CREATE FUNCTION f() RETURNS VOID LANGUAGE plpgsql AS $$ BEGIN DELETE FROM x; END $$;",
            "ALTER TABLE users ADD COLUMN locale TEXT NOT NULL DEFAULT ''",
        ] {
            assert_eq!(not_additive(sql), None);
        }
        for sql in [
            "ALTER TABLE users ADD COLUMN locale TEXT NOT NULL",
            "ALTER TABLE users DROP COLUMN icon",
            "CREATE UNIQUE INDEX users_by_name ON users (tenant_id, name)",
            "UPDATE users SET name = ''",
            "CREATE OR REPLACE FUNCTION f() RETURNS VOID LANGUAGE plpgsql AS $$ BEGIN END $$;",
        ] {
            assert!(not_additive(sql).is_some(), "{sql}");
        }
        for engine in ["sqlite", "postgres"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(engine);
            for entry in fs::read_dir(folder).expect("the folder") {
                let path = entry.expect("a migration").path();
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
                if name.split('_').next().is_some_and(|version| version.ends_with(ADDITIVE)) {
                    let sql = fs::read_to_string(path.join("up.sql")).expect("a migration");
                    assert_eq!(not_additive(&sql), None, "{name}");
                }
            }
        }
    }
}
