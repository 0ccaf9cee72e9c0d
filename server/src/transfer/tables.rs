//! The tables that are moved, parents before their children. A new table is one entry; a test compares the list with the
//! schemas.

use crate::db::Engine;

/// How a table gets into the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// Row by row, all columns.
    Rows(&'static str),
    /// The table in which the mark itself is kept.
    Installation(&'static str),
    /// What follows from other tables, kept differently by the two engines, or by triggers: made anew from them.
    Derived {
        name: &'static str,
        /// What fills the empty table; `None`: the engine does not have the table.
        sqlite: Option<&'static str>,
        postgres: Option<&'static str>,
    },
}

/// Every table of the schema, in the order in which they are filled.
pub(super) const TABLES: &[Table] = &[
    Table::Installation("installation"),
    Table::Rows("admin_tokens"),
    Table::Rows("tenants"),
    Table::Rows("api_keys"),
    Table::Rows("signing_keys"),
    Table::Rows("users"),
    Table::Rows("credentials"),
    Table::Rows("transactions"),
    Table::Rows("challenges"),
    Table::Rows("audit_logs"),
    Table::Derived {
        name: "audit_counts",
        sqlite: Some(
            "INSERT INTO audit_counts (tenant_id, day, type, shard, count) \
             SELECT tenant_id, created_at / 86400000, type, 0, COUNT(*) FROM audit_logs GROUP BY 1, 2, 3",
        ),
        // The shard depends on the last hexadecimal digit of the entry's id (`shard` in store/audit/counts.rs).
        postgres: Some(
            "INSERT INTO audit_counts (tenant_id, day, type, shard, count) \
             SELECT tenant_id, created_at / 86400000, type, ('x' || right(id, 1))::bit(4)::int & 7, COUNT(*) \
             FROM audit_logs GROUP BY 1, 2, 3, 4",
        ),
    },
    Table::derived("tenant_summaries", SUMMARIES),
    // Counted by triggers while users came; they are in the summaries now.
    Table::Derived { name: "tenant_count_changes", sqlite: None, postgres: Some("") },
];

const SUMMARIES: &str = "INSERT INTO tenant_summaries \
         (tenant_id, name_key, created_at, users, credentials, api_keys, last_activity) \
     SELECT id, lower(display_name COLLATE \"{bytes}\"), created_at, \
            (SELECT COUNT(*) FROM users WHERE users.tenant_id = tenants.id), \
            (SELECT COUNT(*) FROM credentials WHERE credentials.tenant_id = tenants.id), \
            (SELECT COUNT(*) FROM api_keys WHERE api_keys.tenant_id = tenants.id AND revoked_at IS NULL), \
            COALESCE( \
                (SELECT a.created_at FROM audit_logs a WHERE a.tenant_id = tenants.id ORDER BY a.id DESC LIMIT 1), \
                created_at) \
     FROM tenants";

impl Table {
    /// Derived by the same statement on both engines.
    const fn derived(name: &'static str, fill: &'static str) -> Self {
        Self::Derived { name, sqlite: Some(fill), postgres: Some(fill) }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Rows(name) | Self::Installation(name) | Self::Derived { name, .. } => name,
        }
    }

    pub(super) const fn is_derived(self) -> bool {
        matches!(self, Self::Derived { .. })
    }

    /// The statements that make a derived table anew; `None` for others, and where the engine does not have it.
    pub(super) fn fill(self, engine: Engine) -> Option<String> {
        let Self::Derived { name, sqlite, postgres } = self else { return None };
        let (fill, bytes) = match engine {
            Engine::Sqlite => (sqlite?, "BINARY"),
            Engine::Postgres => (postgres?, "C"),
        };
        Some(format!("DELETE FROM {name}; {}", fill.replace("{bytes}", bytes)))
    }

    /// Whether an engine has the table.
    pub(super) fn is_on(self, engine: Engine) -> bool {
        !self.is_derived() || self.fill(engine).is_some()
    }
}
