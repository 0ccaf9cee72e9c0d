//! The row type of the table `users`, and the query for a tenant's users.

use diesel::prelude::*;
use doorward_shared::Timestamp;

use super::super::{DbError, row_convert, schema::users};
use crate::domain::{
    User,
    list::{Cursor, SortKey},
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = users, check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg))]
pub(in crate::store) struct Row {
    pub(super) tenant_id: String,
    pub(super) id: String,
    pub(super) external_id: String,
    pub(super) name: String,
    pub(super) display_name: String,
    pub(super) icon: String,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
    pub(super) disabled_at: Option<i64>,
}

impl Row {
    /// Returns the position of the row in lists that are sorted by creation time.
    pub(super) fn cursor(&self) -> Cursor {
        Cursor { key: SortKey::Number(self.created_at), id: self.id.clone() }
    }
}

impl TryFrom<Row> for User {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        Ok(Self {
            tenant_id: row_convert::parse(&row.tenant_id)?,
            id: row_convert::parse(&row.id)?,
            external_id: row.external_id,
            name: row.name,
            display_name: row.display_name,
            icon: row.icon,
            created_at: Timestamp::from_millis(row.created_at),
            updated_at: Timestamp::from_millis(row.updated_at),
            disabled_at: row_convert::time(row.disabled_at),
        })
    }
}

/// Users of a tenant that are not marked as deleted.
#[diesel::dsl::auto_type]
pub(in crate::store) fn existing<'a>(tenant: &'a str) -> _ {
    users::table.filter(users::tenant_id.eq(tenant)).filter(users::deleted_at.is_null())
}
