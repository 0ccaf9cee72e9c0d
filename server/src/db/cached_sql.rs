//! Raw SQL with binds whose prepared statement each connection caches, which `diesel::sql_query` never does.

use std::str::Split;

use diesel::{
    QueryResult, RunQueryDsl,
    backend::Backend,
    expression::{AsExpression, TypedExpressionType},
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{SqlType, Untyped},
};

/// An SQL statement with one `?` per bind, in order. PostgreSQL receives `$1`, `$2`, … instead.
/// A literal in the text must not contain a question mark.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CachedSql<B = ()> {
    sql: &'static str,
    binds: B,
}

impl CachedSql {
    pub(crate) const fn new(sql: &'static str) -> Self {
        Self { sql, binds: () }
    }
}

impl<B> CachedSql<B> {
    /// Binds a value to the next `?`.
    #[allow(dead_code, reason = "used by table modules")]
    pub(crate) fn bind<ST, V>(self, value: V) -> CachedSql<(B, V::Expression)>
    where
        ST: SqlType + TypedExpressionType,
        V: AsExpression<ST>,
    {
        CachedSql { sql: self.sql, binds: (self.binds, value.as_expression()) }
    }
}

/// Writes the text and the binds in turn.
trait Binds<DB: Backend> {
    fn walk<'b>(&'b self, text: &mut Split<'static, char>, out: AstPass<'_, 'b, DB>) -> QueryResult<()>;
}

impl<DB: Backend> Binds<DB> for () {
    fn walk<'b>(&'b self, text: &mut Split<'static, char>, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        text.next().into_iter().for_each(|part| out.push_sql(part));
        Ok(())
    }
}

impl<DB: Backend, B: Binds<DB>, E: QueryFragment<DB>> Binds<DB> for (B, E) {
    fn walk<'b>(&'b self, text: &mut Split<'static, char>, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk(text, out.reborrow())?;
        self.1.walk_ast(out.reborrow())?;
        text.next().into_iter().for_each(|part| out.push_sql(part));
        Ok(())
    }
}

impl<DB: Backend, B: Binds<DB>> QueryFragment<DB> for CachedSql<B> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.binds.walk(&mut self.sql.split('?'), out)
    }
}

/// Without a static id, the statement cache of the connection uses the text as its key.
impl<B> QueryId for CachedSql<B> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<B> Query for CachedSql<B> {
    type SqlType = Untyped;
}

impl<B, C> RunQueryDsl<C> for CachedSql<B> {}

#[cfg(test)]
mod tests {
    use diesel::{debug_query, pg::Pg, sql_types::BigInt, sqlite::Sqlite};

    use super::*;

    #[test]
    fn binds_follow_the_placeholder_syntax_of_the_engine() {
        let sql = CachedSql::new("SELECT ? + ? AS sum").bind::<BigInt, _>(1_i64).bind::<BigInt, _>(2_i64);
        assert_eq!(debug_query::<Sqlite, _>(&sql).to_string(), "SELECT ? + ? AS sum -- binds: [1, 2]");
        assert_eq!(debug_query::<Pg, _>(&sql).to_string(), "SELECT $1 + $2 AS sum -- binds: [1, 2]");
        let sql = CachedSql::new("COMMIT");
        assert_eq!(debug_query::<Sqlite, _>(&sql).to_string(), "COMMIT -- binds: []");
    }
}
