//! The connection to the source database.

use diesel::{
    QueryableByName, RunQueryDsl as _,
    connection::SimpleConnection as _,
    pg::Pg,
    sql_types::{Array, Text},
};

use crate::db::{DatabaseOptions, DatabaseUrl, DbError, PostgresConnection, postgres};

/// Newest migration of the supported schema.
const NEWEST_STEP: &str = "20240322134127";
/// Number of migrations of the supported schema.
const STEPS: usize = 23;
/// Number of rows that one FETCH returns.
const FETCHED: usize = 200;

/// Columns that distinguish the supported schema from others: table and column.
const COLUMNS: &[(&str, &str)] = &[
    ("tenants", "display_name"),
    ("webauthn_configs", "resident_key_requirement"),
    ("mfa_configs", "attestation_preference"),
    ("secrets", "is_api_secret"),
    ("jwks", "key_data"),
    ("webauthn_users", "user_id"),
    ("webauthn_credentials", "is_mfa"),
    ("webauthn_credential_transports", "webauthn_credential_id"),
    ("transactions", "webauthn_user_id"),
    ("audit_logs", "transaction_id"),
];

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    #[error("the source: {0}")]
    Database(#[from] DbError),
    #[error(
        "the source must be a PostgreSQL database; docs/migrating.md describes how to convert one of MySQL or MariaDB"
    )]
    NotPostgres,
    #[error("the source is not a database of the supported releases 1.x: {0}")]
    Schema(String),
}

impl From<diesel::result::Error> for SourceError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error.into())
    }
}

/// A source with an open read-only transaction.
pub(super) struct Source(PostgresConnection);

#[derive(QueryableByName)]
struct Value {
    #[diesel(sql_type = Text)]
    value: String,
}

impl Source {
    /// Connects, begins the transaction, and checks the schema. Must be called on a thread without an async runtime.
    pub(super) fn open(options: &DatabaseOptions) -> Result<Self, SourceError> {
        let DatabaseUrl::Postgres(url) = &options.url else { return Err(SourceError::NotPostgres) };
        let mut source = Self(postgres::connect_to_read(url, options)?);
        source.check_schema()?;
        Ok(source)
    }

    fn check_schema(&mut self) -> Result<(), SourceError> {
        let columns = "SELECT table_name || '.' || column_name AS value FROM information_schema.columns \
                       WHERE table_schema = current_schema()";
        let found = self.texts(columns, &[])?;
        let has = |table: &str, column: &str| found.contains(&format!("{table}.{column}"));
        if !has("schema_migration", "version") {
            return Err(SourceError::Schema("it has no table schema_migration".to_owned()));
        }
        let steps = self.texts("SELECT version::text AS value FROM schema_migration ORDER BY version", &[])?;
        let newest = steps.last().map(String::as_str).unwrap_or_default();
        if newest < NEWEST_STEP {
            return Err(SourceError::Schema(format!(
                "its newest migration is {newest:?}, not {NEWEST_STEP}. Upgrade the source to release 1.0 or later, \
                 start it once, and run the import again"
            )));
        }
        if newest > NEWEST_STEP || steps.len() != STEPS {
            return Err(SourceError::Schema(format!(
                "it has {} migrations up to {newest:?}; the supported schema has {STEPS} up to {NEWEST_STEP}",
                steps.len()
            )));
        }
        match COLUMNS.iter().find(|(table, column)| !has(table, column)) {
            Some((table, column)) => Err(SourceError::Schema(format!("column {table}.{column} is missing"))),
            None => Ok(()),
        }
    }

    /// Returns the column `value` of all rows. The parameter `$1` is a list of texts.
    pub(super) fn texts(&mut self, sql: &str, parameter: &[String]) -> Result<Vec<String>, SourceError> {
        Ok(self.rows::<Value>(sql, parameter)?.into_iter().map(|row| row.value).collect())
    }

    /// Returns all rows of a query. The query must return a limited number of rows. The parameter `$1` is a list of
    /// texts.
    pub(super) fn rows<R: QueryableByName<Pg> + 'static>(
        &mut self,
        sql: &str,
        parameter: &[String],
    ) -> Result<Vec<R>, SourceError> {
        let query = diesel::sql_query(sql);
        // A bound parameter that the statement does not use would be an error.
        Ok(match sql.contains("$1") {
            true => query.bind::<Array<Text>, _>(parameter).load(&mut self.0)?,
            false => query.load(&mut self.0)?,
        })
    }

    /// Declares a cursor. Besides the cursor of the tenants, at most one cursor may be open.
    pub(super) fn declare(&mut self, cursor: &str, query: &str) -> Result<(), SourceError> {
        Ok(self.0.batch_execute(&format!("DECLARE {cursor} NO SCROLL CURSOR FOR {query}"))?)
    }

    /// Returns the next rows of a cursor; at the end, closes the cursor and returns no rows.
    pub(super) fn fetch<R: QueryableByName<Pg> + 'static>(&mut self, cursor: &str) -> Result<Vec<R>, SourceError> {
        let rows: Vec<R> = diesel::sql_query(format!("FETCH {FETCHED} FROM {cursor}")).load(&mut self.0)?;
        if rows.is_empty() {
            self.0.batch_execute(&format!("CLOSE {cursor}"))?;
        }
        Ok(rows)
    }
}
