//! Statements that are sent together, in one round trip.

use std::{collections::BTreeMap, time::Duration};

use diesel_async::{
    AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _, async_connection_wrapper::BlockOn as _,
};
use futures_util::future::{join, join_all, join3};

use super::{
    super::{
        columns_sql::ColumnsSql,
        connection::Connection,
        error::DbError,
        statement::{AnyOutput, AnyStatement, Pipeline, Response},
        unit::Unit,
    },
    runtime::{ThreadRuntime, close_connection},
};

/// The state of a transaction after the statements of its units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    Open,
    /// At least one of the statements failed, so the transaction can only be rolled back.
    Failed,
    /// The statements succeeded, and the transaction was committed.
    Ended,
}

/// Sends `begin` and the statements of the units in one round trip. Statements of the same type may be combined into
/// one query. Each unit keeps the response to its statement.
///
/// If `ends` is set and all statements are prepared, the round trip also contains COMMIT. With an unprepared statement,
/// COMMIT is not sent here, because that statement would be sent after COMMIT.
///
/// # Errors
/// The error of `begin`. If there is no response to `begin` within `limit`, closes the connection.
pub(super) fn begin(
    conn: &mut Connection,
    begin: &str,
    limit: Duration,
    units: &mut [Box<dyn Unit>],
    ends: bool,
) -> Result<Begun, DbError> {
    let Connection::Postgres(conn, state) = conn else { return Err(wrong_engine()) };
    let groups = groups(units);
    let sent_units: &[Box<dyn Unit>] = units;
    let mut commits = ends;
    for name in groups.keys().copied() {
        commits &= state.was_prepared(name);
    }
    let pipeline = Pipeline { conn: &*conn, shard: state.shard() };
    // `unconstrained` and `join` keep the order: every statement is sent at the first poll of its future.
    let sent = tokio::task::unconstrained(async {
        let begin = async {
            let response = tokio::time::timeout(limit, execute(pipeline.conn, begin)).await;
            response.unwrap_or_else(|_| {
                close_connection();
                Err(DbError::Unavailable("the database does not respond".to_owned()))
            })
        };
        let commit = async { if commits { execute(pipeline.conn, "COMMIT").await } else { Ok(()) } };
        join3(begin, join_all(groups.values().map(|group| send(sent_units, group, pipeline))), commit).await
    });
    let (begun, responses, committed) = ThreadRuntime::current()?.block_on(sent);
    begun?;
    committed?;
    let mut succeeded = true;
    for (group, response) in groups.values().zip(responses) {
        succeeded &= response.is_ok();
        distribute(units, group, response);
    }
    Ok(match succeeded {
        false => Begun::Failed,
        true if commits => Begun::Ended,
        true => Begun::Open,
    })
}

/// Returns the positions of the units, grouped by the name of their statement.
fn groups(units: &[Box<dyn Unit>]) -> BTreeMap<&'static str, Vec<usize>> {
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (position, unit) in units.iter().enumerate() {
        if let Some(statement) = unit.statement() {
            groups.entry(statement.name()).or_default().push(position);
        }
    }
    groups
}

/// Sends the statements of the units at the positions in `group`.
fn send<'c>(units: &'c [Box<dyn Unit>], group: &[usize], pipeline: Pipeline<'c>) -> Response<'c, Vec<AnyOutput>> {
    let statements = group.iter().filter_map(|position| units.get(*position)?.statement());
    let statements: Vec<&'c dyn AnyStatement> = statements.collect();
    match statements.as_slice() {
        [first, ..] => first.send(&statements, pipeline),
        [] => Box::pin(std::future::ready(Ok(Vec::new()))),
    }
}

/// Gives the units at the positions in `group` their responses.
fn distribute(units: &mut [Box<dyn Unit>], group: &[usize], response: Result<Vec<AnyOutput>, DbError>) {
    let missing = DbError::Database("a statement got too few or too many responses".to_owned());
    // If the numbers of units and outputs differ, the outputs cannot be assigned to the units.
    let response = response.and_then(|all| if all.len() == group.len() { Ok(all) } else { Err(missing) });
    let outputs: Vec<_> = match response {
        Ok(outputs) => outputs.into_iter().map(Ok).collect(),
        Err(error) => group.iter().map(|_| Err(error.clone())).collect(),
    };
    for (position, output) in group.iter().zip(outputs) {
        if let Some(unit) = units.get_mut(*position) {
            unit.set_response(output);
        }
    }
}

/// Error of a commit.
#[derive(Debug)]
pub(super) struct CommitError {
    pub(super) error: DbError,
    /// Whether COMMIT was sent.
    pub(super) sent: bool,
}

impl CommitError {
    const fn sent(error: DbError) -> Self {
        Self { error, sent: true }
    }
}

impl From<DbError> for CommitError {
    /// Wraps the error of a step before COMMIT.
    fn from(error: DbError) -> Self {
        Self { error, sent: false }
    }
}

/// Executes the additions to counters and `commit`, in one round trip if the session has prepared the additions.
pub(super) fn commit(conn: &mut Connection, commit: &str) -> Result<(), CommitError> {
    let Connection::Postgres(inner, state) = conn else { return Err(wrong_engine().into()) };
    let (statements, prepared) = state.take_additions()?;
    if statements.is_empty() {
        return conn.run(commit).map_err(CommitError::sent);
    }
    let shared: &AsyncPgConnection = &*inner;
    let add = |statement: ColumnsSql| async move { Ok::<_, DbError>(statement.execute(&mut &*shared).await?) };
    let added = statements.into_iter().map(add);
    let runtime = ThreadRuntime::current()?;
    if !prepared {
        // A statement that must be prepared first would be sent after the commit.
        for added in added {
            runtime.block_on(added)?;
        }
        return conn.run(commit).map_err(CommitError::sent);
    }
    let sent = tokio::task::unconstrained(join(join_all(added), execute(shared, commit)));
    let (added, committed) = runtime.block_on(sent);
    // The commit fails as well if an addition failed. The first error is the cause.
    let results = added.into_iter().map(|added| added.map(drop)).chain([committed]);
    results.collect::<Result<(), DbError>>().map_err(CommitError::sent)
}

async fn execute(mut conn: &AsyncPgConnection, sql: &str) -> Result<(), DbError> {
    Ok(conn.batch_execute(sql).await?)
}

fn wrong_engine() -> DbError {
    DbError::Database("the PostgreSQL engine received a SQLite connection".to_owned())
}
