//! Statements that write. They exist only on PostgreSQL, where functions of the database change several tables for
//! several ceremonies in one statement. On SQLite, and if such a statement did not write the audit entry, the unit of
//! work executes one statement per table.

use diesel::sql_types::{Array, Bool, Nullable, Text};
use doorward_shared::AuditId;

use super::super::{
    DbError, audit, challenges,
    credentials::{self, CredentialUse},
    row_convert,
};
use crate::{
    db::{
        cached_sql::Bind,
        columns_sql::ColumnsSql,
        statement::{Pipeline, Response, Statement, respond},
    },
    domain::{AuditEvent, Challenge, Credential, Transaction},
};

/// Adds the challenge and the audit entry of a step that initializes a ceremony. Returns the id of the entry. If the
/// step has a transaction, also adds the transaction. In this case, the statement changes nothing if the tenant has
/// another transaction with the same identifier or if the user was deleted.
#[derive(Debug)]
pub struct Start {
    event: AuditEvent,
    /// The transaction's identifier; `None` without a transaction. Concurrent statements with the same identifier wait
    /// for each other.
    identifier: Option<String>,
    binds: Vec<Bind<'static>>,
}

const START: &str = "SELECT start_ceremonies(?)";

impl Start {
    pub fn new(challenge: &Challenge, transaction: Option<&Transaction>, event: &AuditEvent) -> Result<Self, DbError> {
        let identifier = transaction.map(|new| new.identifier.clone());
        let mut binds = Vec::from(challenges::Row::try_from(challenge)?.binds());
        binds.extend([Bind::from(identifier.clone()), transaction.map(|new| new.data.clone()).into()]);
        Ok(Self { event: event.clone(), identifier, binds })
    }

    fn row(&self, shard: i16) -> Result<Vec<Bind<'static>>, DbError> {
        let mut row = self.binds.clone();
        row.extend(audit::new_columns(&self.event, shard)?);
        Ok(row)
    }
}

impl Statement for Start {
    type Output = Option<AuditId>;

    fn order(&self) -> &str {
        self.identifier.as_deref().unwrap_or_default()
    }

    fn on_postgres<'c>(starts: Vec<&'c Self>, pipeline: Pipeline<'c>) -> Response<'c, Vec<Self::Output>> {
        let rows: Result<Vec<_>, _> = starts.iter().map(|start| start.row(pipeline.shard)).collect();
        let statement = rows.and_then(|rows| ColumnsSql::<Array<Nullable<Text>>>::new(START, rows.into_iter()));
        respond!(pipeline, statement => Vec<Option<String>>, to_ids)
    }
}

fn to_ids(rows: Vec<Vec<Option<String>>>) -> Result<Vec<Option<AuditId>>, DbError> {
    rows.into_iter().flatten().map(|id| row_convert::parse_some(id.as_deref())).collect()
}

/// Deletes the challenge of a step that finalizes a ceremony, stores the use of the credential, confirms the
/// transaction if there is one, and adds the audit entry. If the statement cannot delete the challenge or store the
/// use, it makes none of the later changes.
#[derive(Debug)]
pub struct Finish {
    event: AuditEvent,
    binds: Vec<Bind<'static>>,
    credential: String,
}

/// Result of [`Finish`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Finished {
    /// Whether the statement deleted the challenge.
    pub taken: bool,
    /// Id of the audit entry; `None` if it was not added. In that case, at most the challenge was deleted.
    pub entry: Option<AuditId>,
}

const FINISH: &str = "SELECT taken, ids FROM finish_ceremonies(?)";

impl Finish {
    pub fn new(challenge: &Challenge, observed: &Credential, usage: &CredentialUse, event: &AuditEvent) -> Self {
        let mut binds: Vec<Bind<'static>> = vec![challenge.value.to_string().into()];
        binds.extend(credentials::use_binds(observed, usage));
        binds.push(challenge.transaction_id.map(|id| id.to_string()).into());
        Self { event: event.clone(), binds, credential: observed.id.to_string() }
    }

    fn row(&self, shard: i16) -> Result<Vec<Bind<'static>>, DbError> {
        let mut row = self.binds.clone();
        row.extend(audit::new_columns(&self.event, shard)?);
        Ok(row)
    }
}

type FinishedRow = (Vec<bool>, Vec<Option<String>>);

impl Statement for Finish {
    type Output = Finished;

    fn order(&self) -> &str {
        &self.credential
    }

    fn on_postgres<'c>(finishes: Vec<&'c Self>, pipeline: Pipeline<'c>) -> Response<'c, Vec<Self::Output>> {
        let rows: Result<Vec<_>, _> = finishes.iter().map(|finish| finish.row(pipeline.shard)).collect();
        let statement =
            rows.and_then(|rows| ColumnsSql::<(Array<Bool>, Array<Nullable<Text>>)>::new(FINISH, rows.into_iter()));
        respond!(pipeline, statement => FinishedRow, to_finished)
    }
}

fn to_finished(rows: Vec<FinishedRow>) -> Result<Vec<Finished>, DbError> {
    let finished = rows.into_iter().flat_map(|(taken, ids)| taken.into_iter().zip(ids));
    finished.map(|(taken, id)| Ok(Finished { taken, entry: row_convert::parse_some(id.as_deref())? })).collect()
}
