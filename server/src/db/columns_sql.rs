//! SQL for several rows, whose values are bound as one array per column. PostgreSQL only.

use std::{borrow::Cow, marker::PhantomData};

use diesel::{
    QueryResult, RunQueryDsl,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Array, BigInt, Bool, Nullable, SmallInt, Text},
};

use super::{cached_sql::Bind, error::DbError};

/// A statement for several rows. Its text does not depend on their number, so each connection prepares it only once.
/// The `?` in the text stands for the arrays of all columns, separated by commas. `T` is the SQL type of a row of the
/// result.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ColumnsSql<T = ()> {
    sql: &'static str,
    columns: Vec<Column>,
    row: PhantomData<T>,
}

#[derive(Debug, PartialEq, Eq)]
enum Column {
    BigInt(Vec<i64>),
    Bool(Vec<bool>),
    SmallInt(Vec<i16>),
    Text(Vec<Option<Cow<'static, str>>>),
}

impl Column {
    /// Creates a column for values of the type of `first`.
    fn of(first: &Bind<'_>, rows: usize) -> Self {
        match first {
            Bind::BigInt(_) => Self::BigInt(Vec::with_capacity(rows)),
            Bind::Bool(_) => Self::Bool(Vec::with_capacity(rows)),
            Bind::SmallInt(_) => Self::SmallInt(Vec::with_capacity(rows)),
            Bind::Text(_) | Bind::NullableText(_) => Self::Text(Vec::with_capacity(rows)),
        }
    }

    fn push(&mut self, value: Bind<'static>) -> Result<(), DbError> {
        match (self, value) {
            (Self::BigInt(values), Bind::BigInt(value)) => values.push(value),
            (Self::Bool(values), Bind::Bool(value)) => values.push(value),
            (Self::SmallInt(values), Bind::SmallInt(value)) => values.push(value),
            (Self::Text(values), Bind::Text(value)) => values.push(Some(value)),
            (Self::Text(values), Bind::NullableText(value)) => values.push(value),
            _ => return Err(DbError::Database("the values of a column have different types".to_owned())),
        }
        Ok(())
    }
}

impl<T> ColumnsSql<T> {
    /// Creates a statement for rows of equal length.
    ///
    /// # Errors
    /// [`DbError::Database`] if the rows have different lengths or types.
    pub(crate) fn new(
        sql: &'static str,
        rows: impl ExactSizeIterator<Item = Vec<Bind<'static>>>,
    ) -> Result<Self, DbError> {
        let mut columns = Vec::new();
        let count = rows.len();
        for (number, row) in rows.enumerate() {
            if number == 0 {
                columns = row.iter().map(|value| Column::of(value, count)).collect();
            }
            if row.len() != columns.len() {
                return Err(DbError::Database("the rows of a statement have different lengths".to_owned()));
            }
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(value)?;
            }
        }
        Ok(Self { sql, columns, row: PhantomData })
    }
}

/// There is no static id, so diesel uses the text of the statement as the cache key.
impl<T> QueryId for ColumnsSql<T> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T> Query for ColumnsSql<T> {
    type SqlType = T;
}

impl<T, C> RunQueryDsl<C> for ColumnsSql<T> {}

impl<T> QueryFragment<Pg> for ColumnsSql<T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let (before, after) = self.sql.split_once('?').unwrap_or((self.sql, ""));
        out.push_sql(before);
        for (number, column) in self.columns.iter().enumerate() {
            if number > 0 {
                out.push_sql(", ");
            }
            match column {
                Column::BigInt(values) => out.push_bind_param::<Array<BigInt>, _>(values)?,
                Column::Bool(values) => out.push_bind_param::<Array<Bool>, _>(values)?,
                Column::SmallInt(values) => out.push_bind_param::<Array<SmallInt>, _>(values)?,
                Column::Text(values) => out.push_bind_param::<Array<Nullable<Text>>, _>(values)?,
            }
        }
        out.push_sql(after);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(rows: Vec<Vec<Bind<'static>>>) -> Result<Vec<Column>, DbError> {
        Ok(ColumnsSql::<()>::new("SELECT * FROM unnest(?)", rows.into_iter())?.columns)
    }

    #[test]
    fn rows_become_columns() {
        let rows = vec![vec![Bind::from("a"), 1_i64.into()], vec![Bind::from(None::<String>), 2_i64.into()]];
        let expected = [Column::Text(vec![Some("a".into()), None]), Column::BigInt(vec![1, 2])];
        assert_eq!(columns(rows), Ok(expected.into()));
    }

    #[test]
    fn rows_of_different_lengths_or_types_are_refused() {
        for last in [vec![], vec![Bind::from("a")], vec![1_i64.into(), 2_i64.into()]] {
            let columns = columns(vec![vec![Bind::from(1_i64)], last]);
            assert!(matches!(columns, Err(DbError::Database(_))), "{columns:?}");
        }
    }
}
