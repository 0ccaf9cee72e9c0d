//! Transactions that users confirm with a passkey.

use doorward_shared::{TenantId, Timestamp, TransactionRowId, UserId};

/// A transaction, confirmed or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    pub tenant_id: TenantId,
    /// Doorward's own id of the transaction.
    pub id: TransactionRowId,
    /// The application's own id of the transaction, unique in the tenant.
    pub identifier: String,
    /// Internal id of the user who confirms the transaction.
    pub user_id: UserId,
    /// The data to confirm, as JSON text. The hash in the challenge covers `identifier` and exactly these bytes.
    pub data: String,
    pub created_at: Timestamp,
    /// Time of the confirmation, which is always later than `created_at`. Before the confirmation, this field equals
    /// `created_at`.
    pub updated_at: Timestamp,
}

impl Transaction {
    pub fn confirmed(&self) -> bool {
        self.updated_at > self.created_at
    }
}
