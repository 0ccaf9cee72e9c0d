//! The row type of the table `transactions`.

use diesel::prelude::*;
use doorward_shared::Timestamp;

use super::super::{DbError, row_convert, schema::transactions};
use crate::domain::Transaction;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = transactions, check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg))]
pub(in crate::store) struct Row {
    pub(super) tenant_id: String,
    pub(super) id: String,
    pub(super) identifier: String,
    pub(super) user_id: String,
    pub(super) data: String,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
}

impl TryFrom<Row> for Transaction {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        Ok(Self {
            tenant_id: row_convert::parse(&row.tenant_id)?,
            id: row_convert::parse(&row.id)?,
            identifier: row.identifier,
            user_id: row_convert::parse(&row.user_id)?,
            data: row.data,
            created_at: Timestamp::from_millis(row.created_at),
            updated_at: Timestamp::from_millis(row.updated_at),
        })
    }
}
