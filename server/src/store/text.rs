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
pub(super) struct Contains<C> {
    column: C,
    pattern: String,
}

/// Whether a column's text contains a part.
pub(super) fn contains<C>(column: C, part: &str) -> Contains<C> {
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
