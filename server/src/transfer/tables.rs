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
            "INSERT INTO audit_counts (tenant_id, day, type, slot, count, settled, unsettled) \
             SELECT tenant_id, created_at / 86400000, type, 0, COUNT(*), COUNT(*), FALSE FROM audit_logs GROUP BY 1, 2, 3",
        ),
        // The slot is the last hexadecimal digit of the entry's id, as each later purge takes it to be.
        postgres: Some(
            "INSERT INTO audit_counts (tenant_id, day, type, slot, count, settled, unsettled) \
             SELECT tenant_id, created_at / 86400000, type, ('x' || right(id, 1))::bit(4)::int, COUNT(*), COUNT(*), FALSE \
             FROM audit_logs GROUP BY 1, 2, 3, 4",
        ),
    },
    // No counter is unsettled: these are its sums.
    Table::derived("audit_days", DAYS),
    Table::derived("audit_totals", TOTALS),
    // A job makes them when the target is served.
    Table::Derived { name: "audit_spans", sqlite: Some(""), postgres: None },
    Table::Derived { name: "audit_long_logs", sqlite: Some(""), postgres: None },
    // Noted by triggers while entries came, and found here whatever the triggers did.
    Table::derived("audit_actors", ACTORS),
    Table::derived("audit_sources", SOURCES),
    Table::derived("tenant_summaries", SUMMARIES),
    // Counted by triggers while users came; they are in the summaries now.
    Table::Derived { name: "tenant_count_changes", sqlite: None, postgres: Some("") },
];

const DAYS: &str = "INSERT INTO audit_days (tenant_id, day, entries, succeeded, refused) \
     SELECT tenant_id, day, SUM(count), \
            SUM(CASE WHEN type LIKE '%!_final!_succeeded' ESCAPE '!' THEN count ELSE 0 END), \
            SUM(CASE WHEN type LIKE '%!_failed' ESCAPE '!' OR type LIKE '%!_rejected' ESCAPE '!' THEN count ELSE 0 END) \
     FROM audit_counts GROUP BY tenant_id, day";

const TOTALS: &str =
    "INSERT INTO audit_totals (day, type, count) SELECT day, type, SUM(settled) FROM audit_counts GROUP BY day, type";

const ACTORS: &str = "INSERT INTO audit_actors (tenant_id, actor) \
     SELECT DISTINCT tenant_id, actor FROM audit_logs WHERE actor IS NOT NULL";

const SOURCES: &str =
    "INSERT INTO audit_sources (tenant_id, source_ip) SELECT DISTINCT tenant_id, source_ip FROM audit_logs";

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
