//! Writes tenants and their data from other systems. The callers convert the data. Calling a function again with the
//! same data changes nothing.

mod export;
mod keys;
mod mode;
mod rows;
mod state;
mod tenant;

pub use self::{
    export::{UserRows, transactions as transactions_of, user_rows},
    keys::{digest_key, new_signing_key, stored_digest_key},
    mode::Mode,
    rows::{
        Entry, Row, USER_MISSING, credentials, delete_credentials, delete_user, history, older_credentials,
        older_users, transactions, users,
    },
    state::{ImportState, mark_mixed, put_state, state, waits_for_switch},
    tenant::{ImportedTenant, TenantChanges, is_used, tenant},
};
