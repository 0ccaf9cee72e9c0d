//! Statements that write. They exist only on PostgreSQL, because SQLite cannot change several tables in one statement.
//! On SQLite, and if such a statement did not write the audit entry, the unit of work executes one statement per table.

use diesel::sql_types::{BigInt, Nullable, Text};
use doorward_shared::AuditId;

use super::super::{
    DbError, audit, challenges,
    credentials::{self, CredentialUse},
    row_convert,
};
use crate::{
    db::{
        cached_sql::{Bind, CachedSql},
        statement::{Pipeline, Response, Statement, respond},
    },
    domain::{AuditEvent, Challenge, Credential, Transaction},
};

/// Adds the challenge of a step that initializes a ceremony, and its audit entry. Returns the id of the entry. If the
/// step has a transaction, adds it as well. Changes nothing if the transaction's identifier is already used or its user
/// was deleted.
#[derive(Debug)]
pub struct Start {
    event: AuditEvent,
    /// The transaction's values, and its identifier, by which concurrent statements wait for each other.
    transaction: Option<(Vec<Bind<'static>>, String)>,
    challenge: Vec<Bind<'static>>,
}

const START: &str = concat!(
    "WITH started AS (INSERT INTO challenges \
     (tenant_id, value, ceremony, user_id, transaction_id, state, created_at, expires_at) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING 1) \
     INSERT INTO ",
    audit::columns!(),
    " SELECT ",
    audit::new_values!(),
    " FROM started RETURNING id"
);

/// This statement locks the row of the user like `users::hold`.
const START_TRANSACTION: &str = concat!(
    "WITH held AS (SELECT 1 FROM users WHERE tenant_id = ? AND id = ? AND deleted_at IS NULL FOR KEY SHARE), \
     created AS (INSERT INTO transactions (tenant_id, id, identifier, user_id, data, created_at, updated_at) \
     SELECT ?, ?, ?, ?, ?, ?, ? FROM held ON CONFLICT DO NOTHING RETURNING 1), \
     started AS (INSERT INTO challenges \
     (tenant_id, value, ceremony, user_id, transaction_id, state, created_at, expires_at) \
     SELECT ?, ?, ?, ?, ?, ?, ?, ? FROM created RETURNING 1) \
     INSERT INTO ",
    audit::columns!(),
    " SELECT ",
    audit::new_values!(),
    " FROM started RETURNING id"
);

impl Start {
    pub fn new(challenge: &Challenge, transaction: Option<&Transaction>, event: &AuditEvent) -> Result<Self, DbError> {
        let transaction = transaction.map(|new| {
            let (tenant, user) = (new.tenant_id.to_string(), new.user_id.to_string());
            let binds = vec![
                Bind::from(tenant.clone()),
                user.clone().into(),
                tenant.into(),
                new.id.to_string().into(),
                new.identifier.clone().into(),
                user.into(),
                new.data.clone().into(),
                new.created_at.millis().into(),
                new.updated_at.millis().into(),
            ];
            (binds, new.identifier.clone())
        });
        let challenge = challenges::Row::try_from(challenge)?.binds().into();
        Ok(Self { event: event.clone(), transaction, challenge })
    }
}

impl Statement for Start {
    type Output = Option<AuditId>;

    fn order(&self) -> &str {
        self.transaction.as_ref().map_or("", |(_, identifier)| identifier)
    }

    fn on_postgres<'c>(&'c self, pipeline: Pipeline<'c>) -> Response<'c, Self::Output> {
        let statement = match &self.transaction {
            None => CachedSql::<Text>::new(START),
            Some((binds, _)) => CachedSql::new(START_TRANSACTION).bind_all(binds.iter().cloned()),
        };
        let entry = match audit::new_entry(&self.event, pipeline.shard) {
            Ok(entry) => entry,
            Err(error) => return Box::pin(std::future::ready(Err(error))),
        };
        let statement = statement.bind_all(self.challenge.iter().cloned()).bind_all(entry);
        respond!(pipeline, statement => String, |ids: Vec<String>| row_convert::parse_some(ids.first().map(String::as_str)))
    }
}

/// Deletes the challenge of a step that finalizes a ceremony, stores the use of the credential, confirms the transaction
/// and adds the audit entry. Each of these changes happens only if the one before it happened.
#[derive(Debug)]
pub struct Finish {
    event: AuditEvent,
    binds: Vec<Bind<'static>>,
    is_transaction: bool,
    credential: String,
}

/// What [`Finish`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Finished {
    /// Whether it deleted the challenge.
    pub taken: bool,
    /// Id of the audit entry; `None` if the credential had changed, so that only the challenge was deleted.
    pub entry: Option<AuditId>,
}

macro_rules! finish {
    ($confirm:literal) => {
        concat!(
            "WITH taken AS (",
            challenges::take_sql!(),
            " RETURNING 1), used AS (",
            credentials::record_use_sql!(),
            " AND EXISTS (SELECT 1 FROM taken) RETURNING 1)",
            $confirm,
            ", entry AS (INSERT INTO ",
            audit::columns!(),
            " SELECT ",
            audit::new_values!(),
            " FROM used RETURNING id) SELECT (SELECT COUNT(*) FROM taken), (SELECT id FROM entry)"
        )
    };
}

const FINISH: &str = finish!("");
/// See `transactions::confirm` for the value of `updated_at`.
const FINISH_TRANSACTION: &str = finish!(
    ", confirmed AS (UPDATE transactions SET updated_at = GREATEST(created_at + 1, ?) \
     WHERE tenant_id = ? AND id = ? AND EXISTS (SELECT 1 FROM used))"
);

impl Finish {
    pub fn new(challenge: &Challenge, observed: &Credential, usage: &CredentialUse, event: &AuditEvent) -> Self {
        let tenant = challenge.tenant_id.to_string();
        let mut binds: Vec<Bind<'static>> =
            vec![tenant.clone().into(), challenge.value.to_string().into(), tenant.clone().into()];
        binds.extend(credentials::use_binds(observed, usage));
        if let Some(transaction) = challenge.transaction_id {
            binds.extend([usage.at.millis().into(), tenant.into(), transaction.to_string().into()]);
        }
        Self {
            event: event.clone(),
            binds,
            is_transaction: challenge.transaction_id.is_some(),
            credential: observed.id.to_string(),
        }
    }
}

impl Statement for Finish {
    type Output = Finished;

    fn order(&self) -> &str {
        &self.credential
    }

    fn on_postgres<'c>(&'c self, pipeline: Pipeline<'c>) -> Response<'c, Self::Output> {
        let entry = match audit::new_entry(&self.event, pipeline.shard) {
            Ok(entry) => entry,
            Err(error) => return Box::pin(std::future::ready(Err(error))),
        };
        let sql = if self.is_transaction { FINISH_TRANSACTION } else { FINISH };
        let statement = CachedSql::<(BigInt, Nullable<Text>)>::new(sql).bind_all(self.binds.iter().cloned());
        let statement = statement.bind_all(entry);
        respond!(pipeline, statement => (i64, Option<String>), |rows: Vec<(i64, Option<String>)>| {
            let (taken, entry) = rows.into_iter().next().unwrap_or_default();
            Ok(Finished { taken: taken > 0, entry: row_convert::parse_some(entry.as_deref())? })
        })
    }
}
