//! Transactions that users confirm.

mod row;
mod search;

use diesel::{dsl::case_when, prelude::*, sql_types::BigInt};
use doorward_shared::{TenantId, Timestamp, TransactionRowId, UserId};

pub(super) use self::row::Row;
pub use self::search::search;
use super::{Connection, DbError, bounded_search::newest_first, on_engine, row_convert, schema::transactions, users};
use crate::domain::{
    ImportOutcome, Transaction,
    list::{Cursor, SortKey},
};

/// Maximum number of transactions on a page, and approximate maximum size of their data in bytes.
const MAX_LISTED: usize = 1000;
const MAX_LISTED_BYTES: usize = 1 << 20;
/// Number of transactions that one query reads.
const CHUNK: i64 = 32;

/// Adds a transaction.
///
/// # Errors
/// [`DbError::Duplicate`] if the tenant has another transaction with this identifier, [`DbError::Orphan`] if the user
/// does not exist.
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

/// Adds a transaction from another system. A stored transaction is not changed.
pub fn import(conn: &mut Connection, transaction: &Transaction) -> Result<ImportOutcome, DbError> {
    match insert(conn, transaction) {
        Ok(()) => Ok(ImportOutcome::Added),
        Err(DbError::Orphan) => Ok(ImportOutcome::Refused("its user was not imported")),
        Err(DbError::Duplicate { .. }) if is_stored(conn, transaction)? => Ok(ImportOutcome::Unchanged),
        Err(DbError::Duplicate { .. }) => Ok(ImportOutcome::Refused("another transaction has the same identifier")),
        Err(error) => Err(error),
    }
}

/// Returns whether a transaction with the same id, or with the same identifier, user and data, is stored.
fn is_stored(conn: &mut Connection, transaction: &Transaction) -> Result<bool, DbError> {
    if find(conn, transaction.tenant_id, transaction.id)?.is_some() {
        return Ok(true);
    }
    let query = || {
        transactions::table
            .filter(transactions::tenant_id.eq(transaction.tenant_id.to_string()))
            .filter(transactions::identifier.eq(&transaction.identifier))
            .filter(transactions::user_id.eq(transaction.user_id.to_string()))
            .filter(transactions::data.eq(&transaction.data))
            .select(transactions::id)
    };
    let id: Option<String> = on_engine!(conn, c, _Db => query().first(c).optional())?;
    Ok(id.is_some())
}

/// Marks the transaction with this identifier as confirmed, unless it is already confirmed.
pub fn confirm_imported(
    conn: &mut Connection,
    tenant: TenantId,
    identifier: &str,
    at: Timestamp,
) -> Result<(), DbError> {
    let query = || {
        transactions::table
            .filter(transactions::tenant_id.eq(tenant.to_string()))
            .filter(transactions::identifier.eq(identifier))
            .filter(transactions::updated_at.eq(transactions::created_at))
            .select(transactions::id)
    };
    let id: Option<String> = on_engine!(conn, c, _Db => query().first(c).optional())?;
    let Some(id) = id else { return Ok(()) };
    confirm(conn, tenant, row_convert::parse(&id)?, at).map(drop)
}

/// Finds a transaction by the id that Doorward assigned, not by the identifier.
pub fn find(conn: &mut Connection, tenant: TenantId, id: TransactionRowId) -> Result<Option<Transaction>, DbError> {
    let query = || transactions::table.find((tenant.to_string(), id.to_string()));
    row_convert::one(on_engine!(conn, c, _Db => query().select(Row::as_select()).get_result(c).optional())?)
}

/// Returns a page of a user's transactions, newest first, and the cursor of the next page. The number and the total
/// size of the transactions on a page are limited.
pub fn for_user(
    conn: &mut Connection,
    tenant: TenantId,
    user: UserId,
    after: Option<Cursor>,
) -> Result<(Vec<Transaction>, Option<Cursor>), DbError> {
    let (tenant, user) = (tenant.to_string(), user.to_string());
    let (mut listed, mut bytes, mut last) = (Vec::new(), 0, after);
    loop {
        let after = last.as_ref();
        let rows: Vec<Row> = on_engine!(conn, c, Db => {
            let of_user = transactions::table
                .filter(transactions::tenant_id.eq(&tenant))
                .filter(transactions::user_id.eq(&user))
                .into_boxed::<Db>();
            newest_first!(of_user, transactions, after).select(Row::as_select()).limit(CHUNK).load(c)
        })?;
        let is_end = i64::try_from(rows.len()).is_ok_and(|rows| rows < CHUNK);
        for row in rows {
            bytes += row.data.len();
            if listed.len() == MAX_LISTED || (bytes > MAX_LISTED_BYTES && !listed.is_empty()) {
                return Ok((listed, last));
            }
            last = Some(Cursor { key: SortKey::Number(row.created_at), id: row.id.clone() });
            listed.push(row.try_into()?);
        }
        if is_end {
            return Ok((listed, None));
        }
    }
}

/// Marks a transaction as confirmed. Returns `false` if it does not exist.
pub fn confirm(conn: &mut Connection, tenant: TenantId, id: TransactionRowId, at: Timestamp) -> Result<bool, DbError> {
    let target = || transactions::table.find((tenant.to_string(), id.to_string()));
    // A transaction is confirmed if `updated_at` is later than `created_at`. Therefore `updated_at` is set to at least
    // one millisecond after `created_at`.
    let at = at.millis();
    let time =
        || case_when(transactions::created_at.lt(at), at.into_sql::<BigInt>()).otherwise(transactions::created_at + 1);
    let rows = on_engine!(conn, c, _Db => diesel::update(target())
        .set(transactions::updated_at.eq(time())).execute(c))?;
    Ok(rows == 1)
}
