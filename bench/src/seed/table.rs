//! Rows on their way to either engine.

use super::UNSORTED;

/// A column's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Null.
    Null,
    /// A whole number.
    Int(i64),
    /// A truth value.
    Bool(bool),
    /// A text that stands in this program.
    Word(&'static str),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<&'static str> for Value {
    fn from(word: &'static str) -> Self {
        Self::Word(word)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Tables that are filled, in an order that foreign keys allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// Tenants.
    Tenants,
    /// Their API keys.
    ApiKeys,
    /// Their signing keys.
    SigningKeys,
    /// Their users.
    Users,
    /// Their users' credentials.
    Credentials,
    /// Their users' transactions.
    Transactions,
    /// Their audit log.
    AuditLogs,
    /// Its totals.
    AuditCounts,
}

impl Table {
    /// Every table.
    pub(super) const ALL: [Self; 8] = [
        Self::Tenants,
        Self::ApiKeys,
        Self::SigningKeys,
        Self::Users,
        Self::Credentials,
        Self::Transactions,
        Self::AuditLogs,
        Self::AuditCounts,
    ];

    /// Its name.
    #[must_use]
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Tenants => "tenants",
            Self::ApiKeys => "api_keys",
            Self::SigningKeys => "signing_keys",
            Self::Users => "users",
            Self::Credentials => "credentials",
            Self::Transactions => "transactions",
            Self::AuditLogs => "audit_logs",
            Self::AuditCounts => "audit_counts",
        }
    }

    /// Where its rows are written first.
    #[must_use]
    pub(super) const fn written_to(self) -> &'static str {
        match self {
            Self::AuditLogs => UNSORTED,
            other => other.name(),
        }
    }

    /// The columns that are filled, in the order of a row's values.
    #[must_use]
    pub(super) const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Tenants => &["id", "display_name", "config", "created_at", "updated_at"],
            Self::ApiKeys => &["tenant_id", "id", "name", "hint", "secret_hash", "created_at"],
            Self::SigningKeys => {
                &["tenant_id", "id", "algorithm", "public_jwk", "sealed_private_key", "created_at", "signs_from"]
            }
            Self::Users => {
                &["tenant_id", "id", "external_id", "name", "display_name", "icon", "created_at", "updated_at"]
            }
            Self::Credentials => &[
                "tenant_id",
                "id",
                "user_id",
                "name",
                "public_key",
                "attestation_format",
                "attested",
                "aaguid",
                "sign_count",
                "transports",
                "backup_eligible",
                "backup_state",
                "is_mfa",
                "user_verified",
                "last_used_at",
                "created_at",
                "updated_at",
            ],
            Self::Transactions => &["tenant_id", "id", "identifier", "user_id", "data", "created_at", "updated_at"],
            Self::AuditLogs => &[
                "tenant_id",
                "id",
                "type",
                "error",
                "error_code",
                "request_id",
                "source_ip",
                "user_agent",
                "actor",
                "credential_id",
                "transaction_id",
                "detail",
                "created_at",
            ],
            Self::AuditCounts => &["tenant_id", "day", "type", "shard", "count"],
        }
    }
}

/// Rows of several tables.
#[derive(Debug, Default)]
pub(super) struct Batch {
    tables: [Vec<Value>; Table::ALL.len()],
    rows: usize,
}

impl Batch {
    /// Adds a row; it has a value for each of [`Table::columns`].
    pub(super) fn push<const N: usize>(&mut self, table: Table, row: [Value; N]) {
        debug_assert_eq!(N, table.columns().len(), "{table:?}");
        if let Some(values) = self.tables.get_mut(table as usize) {
            values.extend(row);
            self.rows += 1;
        }
    }

    /// How many rows it has.
    #[must_use]
    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    /// A table's rows, one value after the other.
    #[must_use]
    pub(super) fn values(&self, table: Table) -> &[Value] {
        self.tables.get(table as usize).map_or(&[], Vec::as_slice)
    }

    /// How many rows of a table it has.
    #[must_use]
    pub(super) fn rows_of(&self, table: Table) -> usize {
        self.values(table).len() / table.columns().len()
    }
}
