//! Statements that are known before their unit of work starts. On PostgreSQL, units that wait together send them in one
//! round trip, and share a transaction (group commit).

use diesel::SqliteConnection;
use diesel_async::AsyncPgConnection;
use futures_util::future::LocalBoxFuture;

use super::error::DbError;

/// The response to a statement that was sent together with others.
pub(crate) type Response<'c, T> = LocalBoxFuture<'c, Result<T, DbError>>;

/// One statement and its values. It may be sent several times, because an error of another unit rolls back the shared
/// transaction.
pub(crate) trait Statement: Send + 'static {
    type Output: Send + 'static;

    /// Returns a key of the rows that the statement locks. In a shared transaction, statements lock rows in the order of
    /// these keys, so that two transactions do not deadlock.
    fn order(&self) -> &str {
        ""
    }

    /// Sends the statement at the first poll and waits for the response.
    fn on_postgres<'c>(&'c self, pipeline: Pipeline<'c>) -> Response<'c, Self::Output>;
}

/// A statement that reads, on both engines.
pub(crate) trait Query: Statement {
    fn on_sqlite(&self, conn: &mut SqliteConnection) -> Result<Self::Output, DbError>;
}

/// A PostgreSQL connection on which several statements may wait for their responses.
#[derive(Clone, Copy)]
pub(crate) struct Pipeline<'c> {
    pub(crate) conn: &'c AsyncPgConnection,
    /// The shard of counters to which the connection adds.
    pub(crate) shard: i16,
}

impl std::fmt::Debug for Pipeline<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pipeline({})", self.shard)
    }
}

/// Sends a query on a [`Pipeline`] and converts its rows: `respond!(pipeline, query => Row, |rows| convert(rows))`.
macro_rules! respond {
    ($pipeline:expr, $query:expr => $row:ty, $convert:expr) => {{
        let mut conn = $pipeline.conn;
        let query = $query;
        Box::pin(async move {
            let rows: Vec<$row> = diesel_async::RunQueryDsl::load(query, &mut conn).await?;
            $convert(rows)
        })
    }};
}
pub(crate) use respond;
