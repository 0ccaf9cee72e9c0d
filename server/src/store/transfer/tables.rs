//! The tables that are moved, parents before their children. A new table is one entry; a test compares the list with the
//! schemas.

/// How a table gets into the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// Row by row, all columns.
    Rows(&'static str),
    /// The table in which the mark itself is kept.
    Installation(&'static str),
    /// Totals of other tables, which the engines keep in different slots: counted anew. What must agree are the sums.
    Totals {
        name: &'static str,
        /// Columns that tell one sum from another, without the slot.
        by: &'static [&'static str],
        /// Fills the empty table.
        sqlite: &'static str,
        postgres: &'static str,
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
    Table::Totals {
        name: "audit_counts",
        by: &["tenant_id", "day", "type"],
        sqlite: "INSERT INTO audit_counts (tenant_id, day, type, slot, count) \
                 SELECT tenant_id, created_at / 86400000, type, 0, COUNT(*) FROM audit_logs GROUP BY 1, 2, 3",
        // The slot is the last hexadecimal digit of the entry's id, as each later purge takes it to be.
        postgres: "INSERT INTO audit_counts (tenant_id, day, type, slot, count) \
                   SELECT tenant_id, created_at / 86400000, type, ('x' || right(id, 1))::bit(4)::int, COUNT(*) \
                   FROM audit_logs GROUP BY 1, 2, 3, 4",
    },
];

impl Table {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Rows(name) | Self::Installation(name) | Self::Totals { name, .. } => name,
        }
    }
}
