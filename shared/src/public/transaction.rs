//! Transactions in both APIs.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, TransactionRowId};

/// A transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TransactionItem {
    /// Doorward's id of the transaction.
    pub id: TransactionRowId,
    /// The tenant's own id of the transaction (`transaction_id`).
    pub identifier: String,
    /// Data to confirm as serialised JSON: exactly the bytes whose hash is in the challenge.
    pub data: String,
    /// Start time.
    pub created_at: Timestamp,
    /// Time of the last change: the confirmation, or the start.
    pub updated_at: Timestamp,
}
