//! Assertions: passkey login, second-factor login and transaction confirmation (WebAuthn §7.2).

pub mod finalize;
pub mod initialize;
mod transaction_data;

pub use self::{
    finalize::finalize,
    initialize::{LoginUser, RequestedExtras, initialize, initialize_transaction},
};
