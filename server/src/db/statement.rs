//! Statements that are known before their unit of work starts. On PostgreSQL, the statements of units that wait at the
//! same time share a round trip and a transaction (group commit).

use std::any::{Any, type_name};

use diesel::SqliteConnection;
use diesel_async::AsyncPgConnection;
use futures_util::future::LocalBoxFuture;

use super::error::DbError;

/// The response to statements that were sent together.
pub(crate) type Response<'c, T> = LocalBoxFuture<'c, Result<T, DbError>>;

/// One statement and its values. It may be sent several times, because an error of another unit rolls back the shared
/// transaction.
pub(crate) trait Statement: Send + Sized + 'static {
    type Output: Send + 'static;

    /// Returns a key of the rows that the statement locks. In a shared transaction, statements lock rows in the order
    /// of these keys, so that two transactions do not deadlock.
    fn order(&self) -> &str {
        ""
    }

    /// Sends statements of this type at the first poll and waits for the responses. Returns one output for each
    /// statement, in the same order. An error applies to all statements.
    fn on_postgres<'c>(statements: Vec<&'c Self>, pipeline: Pipeline<'c>) -> Response<'c, Vec<Self::Output>>;
}

/// A statement that reads, on both engines.
pub(crate) trait Query: Statement {
    fn on_sqlite(&self, conn: &mut SqliteConnection) -> Result<Self::Output, DbError>;
}

/// The [`Statement::Output`] of a statement of any type.
pub(super) type AnyOutput = Box<dyn Any + Send>;

/// A [`Statement`] of any type.
pub(super) trait AnyStatement {
    /// Returns the name of the statement's type.
    fn name(&self) -> &'static str;
    fn as_any(&self) -> &dyn Any;
    /// Sends statements of this type; see [`Statement::on_postgres`].
    fn send<'c>(&self, statements: &[&'c dyn AnyStatement], pipeline: Pipeline<'c>) -> Response<'c, Vec<AnyOutput>>;
}

impl<S: Statement> AnyStatement for S {
    fn name(&self) -> &'static str {
        type_name::<S>()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn send<'c>(&self, statements: &[&'c dyn AnyStatement], pipeline: Pipeline<'c>) -> Response<'c, Vec<AnyOutput>> {
        let statements = statements.iter().filter_map(|statement| statement.as_any().downcast_ref::<S>()).collect();
        let sent = S::on_postgres(statements, pipeline);
        Box::pin(async move { Ok(sent.await?.into_iter().map(|output| Box::new(output) as AnyOutput).collect()) })
    }
}

/// A PostgreSQL connection on which several statements may wait for their responses.
#[derive(Clone, Copy)]
pub(crate) struct Pipeline<'c> {
    pub(crate) conn: &'c AsyncPgConnection,
    /// Number of the counter shard to which the connection adds.
    pub(crate) shard: i16,
}

impl std::fmt::Debug for Pipeline<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pipeline({})", self.shard)
    }
}

/// Sends one query for all statements on a [`Pipeline`] and converts its rows:
/// `respond!(pipeline, query => Row, |rows| convert(rows))`. The argument `query` is a `Result`.
macro_rules! respond {
    ($pipeline:expr, $query:expr => $row:ty, $convert:expr) => {{
        let mut conn = $pipeline.conn;
        let query = $query;
        Box::pin(async move {
            let rows: Vec<$row> = diesel_async::RunQueryDsl::load(query?, &mut conn).await?;
            $convert(rows)
        })
    }};
}
pub(crate) use respond;

/// Sends one query for each statement, and converts the rows of each:
/// `respond_each!(statements, pipeline, |statement| query => Row, convert)`.
macro_rules! respond_each {
    ($statements:expr, $pipeline:expr, |$statement:ident| $query:expr => $row:ty, $convert:expr) => {{
        let each = $statements.into_iter().map(move |$statement| {
            let mut conn = $pipeline.conn;
            async move {
                let rows: Vec<$row> = diesel_async::RunQueryDsl::load($query, &mut conn).await?;
                $convert(rows)
            }
        });
        let each = futures_util::future::join_all(each);
        Box::pin(async move { each.await.into_iter().collect::<Result<Vec<_>, _>>() })
    }};
}
pub(crate) use respond_each;
