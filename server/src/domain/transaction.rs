//! Transactions that users confirm with a passkey.

use doorward_shared::{TenantId, Timestamp, TransactionRowId, UserId};

/// A transaction, confirmed or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    pub tenant_id: TenantId,
    /// Doorward's id.
    pub id: TransactionRowId,
    /// Id in the tenant's system, unique in the tenant.
    pub identifier: String,
    /// The user who confirms it.
    pub user_id: UserId,
    /// Confirmed data as serialised JSON: exactly the bytes whose hash the challenge contains.
    pub data: String,
    pub created_at: Timestamp,
    /// Equal to `created_at` until the user confirms the transaction. Then the time of the confirmation, which is
    /// always later than `created_at`.
    pub updated_at: Timestamp,
}

impl Transaction {
    pub fn confirmed(&self) -> bool {
        self.updated_at > self.created_at
    }
}
