//! A user's transactions.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, TransactionRowId};

/// A transaction that was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TransactionItem {
    /// Doorward's id of the transaction.
    pub id: TransactionRowId,
    /// The tenant's own id (`transaction_id`).
    pub identifier: String,
    /// What is confirmed, as serialised JSON: exactly the bytes that were hashed into the challenge.
    pub data: String,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it last changed: its confirmation, or its start.
    pub updated_at: Timestamp,
}
