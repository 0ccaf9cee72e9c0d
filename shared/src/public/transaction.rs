//! Transactions in both APIs.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, TransactionRowId};

/// A transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TransactionItem {
    /// Doorward's id of the transaction.
    pub id: TransactionRowId,
    /// The application's own id for the transaction (`transaction_id`).
    #[cfg_attr(feature = "openapi", schema(example = "payment-7"))]
    pub identifier: String,
    /// Data to confirm, as serialised JSON: exactly the bytes whose hash the challenge contains.
    #[cfg_attr(feature = "openapi", schema(example = "{\"amount\":\"12.50\",\"currency\":\"EUR\"}"))]
    pub data: String,
    /// Time at which the transaction was started.
    pub created_at: Timestamp,
    /// Time of the confirmation. Until the transaction is confirmed: the time at which it was started.
    pub updated_at: Timestamp,
}
