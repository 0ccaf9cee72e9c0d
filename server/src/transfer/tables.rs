//! List of tables to copy. Each table comes after the tables to which it refers. A test compares this list with the
//! schemas.

use crate::db::Engine;

/// A table, and the way in which it is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// Copied row by row.
    Rows(&'static str),
    /// Copied row by row, except the row that contains the checkpoint of the transfer.
    Installation(&'static str),
    /// Not copied, but computed from another table of the target. Each row belongs to a shard, and the two engines
    /// distribute counts over shards in different ways.
    Computed { name: &'static str, sqlite: &'static str, postgres: &'static str },
}

/// All tables, in the order in which they are copied.
pub(super) const TABLES: &[Table] = &[
    Table::Installation("installation"),
    Table::Rows("admin_tokens"),
    Table::Rows("tenants"),
    Table::Rows("api_keys"),
    Table::Rows("signing_keys"),
    Table::Rows("users"),
    Table::Rows("credentials"),
    Table::Rows("attestations"),
    Table::Rows("metadata_entries"),
    Table::Rows("metadata_roots"),
    Table::Rows("transactions"),
    Table::Rows("challenges"),
    Table::Rows("redeemed_tokens"),
    Table::Rows("tenant_summaries"),
    Table::Rows("audit_logs"),
    Table::Computed {
        name: "audit_counts",
        sqlite: "INSERT INTO audit_counts (tenant_id, day, type, shard, count) \
                 SELECT tenant_id, created_at / 86400000, type, 0, COUNT(*) FROM audit_logs GROUP BY 1, 2, 3",
        // The shard of an entry is the last hexadecimal digit of its id, modulo 8.
        postgres: "INSERT INTO audit_counts (tenant_id, day, type, shard, count) \
                   SELECT tenant_id, created_at / 86400000, type, ('x' || right(id, 1))::bit(4)::int & 7, COUNT(*) \
                   FROM audit_logs GROUP BY 1, 2, 3, 4",
    },
];

impl Table {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Rows(name) | Self::Installation(name) | Self::Computed { name, .. } => name,
        }
    }

    /// Returns the statements that compute the table, or `None` for a table that is copied row by row.
    pub(super) fn computation(self, engine: Engine) -> Option<String> {
        let Self::Computed { name, sqlite, postgres } = self else { return None };
        let insert = match engine {
            Engine::Sqlite => sqlite,
            Engine::Postgres => postgres,
        };
        Some(format!("DELETE FROM {name}; {insert}"))
    }
}
