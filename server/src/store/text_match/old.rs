//! Search for a part of a text, alike on both engines: `%` and `_` stand for themselves, and ASCII letters match
//! in either case.

use diesel::{
    expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping},
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    result::QueryResult,
    sql_types::{Bool, Text},
    sqlite::Sqlite,
};

/// `column` contains `part`. Where the column is null, it does not.
#[derive(Debug, Clone, QueryId)]
pub(in crate::store) struct Contains<C> {
    column: C,
    pattern: String,
}

/// Whether a column's text contains a part.
pub(in crate::store) fn contains<C>(column: C, part: &str) -> Contains<C> {
    let mut pattern = String::with_capacity(part.len() + 2);
    pattern.push('%');
    for character in part.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character.to_ascii_lowercase());
    }
    pattern.push('%');
    Contains { column, pattern }
}

impl<C: Expression> Expression for Contains<C> {
    type SqlType = Bool;
}

impl<C, QS> AppearsOnTable<QS> for Contains<C>
where
    C: AppearsOnTable<QS>,
    Self: Expression,
{
}

impl<C, QS> SelectableExpression<QS> for Contains<C>
where
    C: SelectableExpression<QS>,
    Self: AppearsOnTable<QS>,
{
}

impl<C: ValidGrouping<G>, G> ValidGrouping<G> for Contains<C> {
    type IsAggregate = C::IsAggregate;
}

impl<C: QueryFragment<Sqlite>> QueryFragment<Sqlite> for Contains<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        // SQLite's LIKE folds ASCII letters, and only those. COALESCE keeps null out of NOT and OR.
        out.push_sql("COALESCE(");
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" LIKE ");
        out.push_bind_param::<Text, _>(&self.pattern)?;
        out.push_sql(" ESCAPE '\\', FALSE)");
        Ok(())
    }
}

impl<C: QueryFragment<Pg>> QueryFragment<Pg> for Contains<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("COALESCE(lower(");
        self.column.walk_ast(out.reborrow())?;
        // The "C" collation folds ASCII letters only.
        out.push_sql(" COLLATE \"C\") LIKE ");
        out.push_bind_param::<Text, _>(&self.pattern)?;
        out.push_sql(" ESCAPE '\\', FALSE)");
        Ok(())
    }
}

/// `column` begins with `part`: a range of an index on the folded column.
#[derive(Debug, Clone, QueryId)]
pub(in crate::store) struct Begins<C> {
    column: C,
    from: String,
    to: String,
}

/// Whether a column's text begins with a part.
pub(in crate::store) fn begins<C>(column: C, part: &str) -> Begins<C> {
    let from = part.to_ascii_lowercase();
    Begins { column, to: after_all_that_begin(&from), from }
}

/// A text that comes after every text that begins with `part`, byte by byte.
pub(in crate::store) fn after_all_that_begin(part: &str) -> String {
    let mut after = part.to_owned();
    after.push(char::MAX);
    after
}

impl<C: Expression> Expression for Begins<C> {
    type SqlType = Bool;
}

impl<C, QS> AppearsOnTable<QS> for Begins<C>
where
    C: AppearsOnTable<QS>,
    Self: Expression,
{
}

impl<C, QS> SelectableExpression<QS> for Begins<C>
where
    C: SelectableExpression<QS>,
    Self: AppearsOnTable<QS>,
{
}

impl<C: ValidGrouping<G>, G> ValidGrouping<G> for Begins<C> {
    type IsAggregate = C::IsAggregate;
}

impl<C: QueryFragment<Sqlite>> QueryFragment<Sqlite> for Begins<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("(lower(");
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(") >= ");
        out.push_bind_param::<Text, _>(&self.from)?;
        out.push_sql(" AND lower(");
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(") < ");
        out.push_bind_param::<Text, _>(&self.to)?;
        out.push_sql(")");
        Ok(())
    }
}

impl<C: QueryFragment<Pg>> QueryFragment<Pg> for Begins<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("(lower(");
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" COLLATE \"C\") >= ");
        out.push_bind_param::<Text, _>(&self.from)?;
        out.push_sql(" AND lower(");
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" COLLATE \"C\") < ");
        out.push_bind_param::<Text, _>(&self.to)?;
        out.push_sql(")");
        Ok(())
    }
}
