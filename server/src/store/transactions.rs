//! Transactions that users confirm.

mod row;
mod search;

use diesel::{dsl::case_when, prelude::*, sql_types::BigInt};
use doorward_shared::{TenantId, Timestamp, TransactionRowId, UserId};

use self::row::Row;
pub use self::search::search;
use super::{Connection, DbError, on_engine, row_convert, schema::transactions, users};
use crate::domain::Transaction;

const MAX_LISTED: i64 = 1000;

/// Adds a transaction.
///
/// # Errors
/// [`DbError::Duplicate`] if the tenant already used the identifier, [`DbError::Orphan`] if the user does not exist.
pub fn insert(conn: &mut Connection, transaction: &Transaction) -> Result<(), DbError> {
    users::hold(conn, transaction.tenant_id, transaction.user_id)?;
    let row = Row {
        tenant_id: transaction.tenant_id.to_string(),
        id: transaction.id.to_string(),
        identifier: transaction.identifier.clone(),
        user_id: transaction.user_id.to_string(),
        data: transaction.data.clone(),
        created_at: transaction.created_at.millis(),
        updated_at: transaction.updated_at.millis(),
    };
    let rows = on_engine!(conn, c, _Db => diesel::insert_into(transactions::table)
        .values(&row).on_conflict_do_nothing().execute(c))?;
    row_convert::inserted(rows, "transactions")
}

/// Finds a transaction by Doorward's id.
pub fn find(conn: &mut Connection, tenant: TenantId, id: TransactionRowId) -> Result<Option<Transaction>, DbError> {
    let query = || transactions::table.find((tenant.to_string(), id.to_string()));
    row_convert::one(on_engine!(conn, c, _Db => query().select(Row::as_select()).get_result(c).optional())?)
}

/// Returns a user's newest 1 000 transactions, newest first.
pub fn for_user(conn: &mut Connection, tenant: TenantId, user: UserId) -> Result<Vec<Transaction>, DbError> {
    let query = || {
        transactions::table
            .filter(transactions::tenant_id.eq(tenant.to_string()))
            .filter(transactions::user_id.eq(user.to_string()))
            .order((transactions::created_at.desc(), transactions::id.desc()))
            .limit(MAX_LISTED)
    };
    row_convert::all(on_engine!(conn, c, _Db => query().select(Row::as_select()).load(c))?)
}

/// Marks a transaction as confirmed. Returns `false` if it does not exist.
pub fn confirm(conn: &mut Connection, tenant: TenantId, id: TransactionRowId, at: Timestamp) -> Result<bool, DbError> {
    let target = || transactions::table.find((tenant.to_string(), id.to_string()));
    // An `updated_at` later than `created_at` means confirmed, so it becomes at least `created_at` plus one.
    let at = at.millis();
    let time =
        || case_when(transactions::created_at.lt(at), at.into_sql::<BigInt>()).otherwise(transactions::created_at + 1);
    let rows = on_engine!(conn, c, _Db => diesel::update(target())
        .set(transactions::updated_at.eq(time())).execute(c))?;
    Ok(rows == 1)
}
