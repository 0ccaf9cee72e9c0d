//! Transactions a user is asked to confirm.

use doorward_shared::{TenantId, Timestamp, TransactionRowId, UserId};

/// A transaction that was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Doorward's id.
    pub id: TransactionRowId,
    /// The tenant's own id, unique in the tenant.
    pub identifier: String,
    /// Who is to confirm it.
    pub user_id: UserId,
    /// What is confirmed: serialised JSON, exactly the bytes that were hashed into the challenge.
    pub data: String,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it was confirmed, and later than it was started then; or else when it was started.
    pub updated_at: Timestamp,
}

impl Transaction {
    /// Whether the user confirmed it.
    #[must_use]
    pub fn confirmed(&self) -> bool {
        self.updated_at > self.created_at
    }
}
