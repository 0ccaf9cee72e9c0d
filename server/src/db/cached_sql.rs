//! Raw SQL with bound values. Each connection caches the prepared statement, which diesel does not do for `sql_query`.

use std::{borrow::Cow, marker::PhantomData};

use diesel::{
    QueryResult, RunQueryDsl,
    backend::Backend,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::{BigInt, Bool, HasSqlType, Nullable, SmallInt, Text},
};

/// One statement for both engines. Each `?` in its text stands for one bind, in order. `T` is the SQL type of a row of
/// the result.
#[derive(Debug)]
pub(crate) struct CachedSql<'a, T = ()> {
    sql: &'static str,
    binds: Vec<Bind<'a>>,
    row: PhantomData<T>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bind<'a> {
    BigInt(i64),
    Bool(bool),
    SmallInt(i16),
    Text(Cow<'a, str>),
    NullableText(Option<Cow<'a, str>>),
}

impl<'a, T> CachedSql<'a, T> {
    pub(crate) const fn new(sql: &'static str) -> Self {
        Self { sql, binds: Vec::new(), row: PhantomData }
    }

    pub(crate) fn bind(mut self, value: impl Into<Bind<'a>>) -> Self {
        self.binds.push(value.into());
        self
    }

    pub(crate) fn bind_all(mut self, values: impl IntoIterator<Item = Bind<'a>>) -> Self {
        self.binds.extend(values);
        self
    }
}

impl From<i64> for Bind<'_> {
    fn from(value: i64) -> Self {
        Self::BigInt(value)
    }
}

impl From<bool> for Bind<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i16> for Bind<'_> {
    fn from(value: i16) -> Self {
        Self::SmallInt(value)
    }
}

impl<'a> From<&'a str> for Bind<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl<'a> From<&'a String> for Bind<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl<'a> From<Option<&'a str>> for Bind<'a> {
    fn from(value: Option<&'a str>) -> Self {
        Self::NullableText(value.map(Cow::Borrowed))
    }
}

impl From<Option<String>> for Bind<'_> {
    fn from(value: Option<String>) -> Self {
        Self::NullableText(value.map(Cow::Owned))
    }
}

impl From<String> for Bind<'_> {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

/// There is no static id, so diesel uses the text of the statement as the cache key.
impl<T> QueryId for CachedSql<'_, T> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T> Query for CachedSql<'_, T> {
    type SqlType = T;
}

impl<T, C> RunQueryDsl<C> for CachedSql<'_, T> {}

impl<T, DB> QueryFragment<DB> for CachedSql<'_, T>
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<Bool> + HasSqlType<SmallInt> + HasSqlType<Text>,
    i64: ToSql<BigInt, DB>,
    bool: ToSql<Bool, DB>,
    i16: ToSql<SmallInt, DB>,
    str: ToSql<Text, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let mut binds = self.binds.iter();
        for (number, part) in self.sql.split('?').enumerate() {
            if number > 0 {
                match binds.next() {
                    Some(Bind::BigInt(value)) => out.push_bind_param::<BigInt, _>(value)?,
                    Some(Bind::Bool(value)) => out.push_bind_param::<Bool, _>(value)?,
                    Some(Bind::SmallInt(value)) => out.push_bind_param::<SmallInt, _>(value)?,
                    Some(Bind::Text(value)) => out.push_bind_param::<Text, Cow<'_, str>>(value)?,
                    Some(Bind::NullableText(value)) => {
                        out.push_bind_param::<Nullable<Text>, Option<Cow<'_, str>>>(value)?
                    }
                    None => return Err(mismatch(self.sql)),
                }
            }
            out.push_sql(part);
        }
        if binds.next().is_some() { Err(mismatch(self.sql)) } else { Ok(()) }
    }
}

fn mismatch(sql: &str) -> diesel::result::Error {
    diesel::result::Error::QueryBuilderError(format!("the number of binds differs from that of `?`: {sql}").into())
}
