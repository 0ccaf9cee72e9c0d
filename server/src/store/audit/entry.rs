//! The table row of an entry, and its insertion.

use diesel::{
    prelude::*,
    sql_types::{Bool, Nullable, Text},
};
use doorward_shared::{AuditId, AuditType, ErrorCode, TenantId, Timestamp, audit::AuditLogItem};

use super::{
    super::{Connection, DbError, on_engine, row_convert, schema::audit_logs},
    counts, ids, skew,
};
use crate::{
    db::{Engine, cached_sql::CachedSql},
    domain::{AuditEvent, key_format::without_keys},
};

/// Maximum number of stored bytes of an actor. Valid user ids and token names are shorter.
const ACTOR_BYTES: usize = 256;
/// Maximum number of stored bytes of a credential id. The longest valid one has 1 023 bytes, or 1 364 in base64url.
const CREDENTIAL_BYTES: usize = 1_364;
/// Maximum number of stored bytes of a transaction id. An index entry of PostgreSQL has room for 2 704 bytes in total.
const TRANSACTION_BYTES: usize = 512;

/// Maximum number of stored bytes of an error's reason, which may contain an id from the request.
const ERROR_BYTES: usize = 1_024;

macro_rules! insert_sql {
    ($id:literal) => {
        concat!(
            "INSERT INTO audit_logs (tenant_id, id, type, error, error_code, request_id, source_ip, user_agent, actor, \
             credential_id, transaction_id, detail, created_at) VALUES (?, ",
            $id,
            ", ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"
        )
    };
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_logs, check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg))]
pub(super) struct Row {
    tenant_id: String,
    id: String,
    kind: String,
    error: Option<String>,
    error_code: Option<String>,
    request_id: String,
    source_ip: String,
    user_agent: String,
    actor: Option<String>,
    credential_id: Option<String>,
    transaction_id: Option<String>,
    detail: Option<String>,
    created_at: i64,
}

impl TryFrom<Row> for AuditLogItem {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        let created_at = Timestamp::from_millis(row.created_at);
        Ok(Self {
            id: row_convert::parse(&row.id)?,
            kind: AuditType::known(&row.kind),
            error: row.error,
            error_code: row.error_code,
            meta_http_request_id: row.request_id,
            meta_source_ip: row.source_ip,
            meta_user_agent: row.user_agent,
            actor_user_id: row.actor,
            credential_id: row.credential_id,
            detail: row.detail.as_deref().map(row_convert::from_json).transpose()?,
            created_at,
            updated_at: created_at,
            tenant_id: row_convert::parse(&row.tenant_id)?,
            transaction_id: row.transaction_id,
        })
    }
}

/// Adds an entry, counts it, and returns its id, which is larger than every visible id.
///
/// # Errors
/// [`DbError::Orphan`] if the tenant was deleted. This also rolls back the change that the entry records.
pub fn insert(conn: &mut Connection, event: &AuditEvent) -> Result<AuditId, DbError> {
    let tenant = event.tenant_id.to_string();
    let (sql, id) = match conn {
        Connection::Sqlite(c) => {
            let state = "SELECT (SELECT id FROM audit_logs ORDER BY id DESC LIMIT 1), \
                         EXISTS (SELECT 1 FROM tenants WHERE id = ? AND deleted_at IS NULL)";
            let state = CachedSql::<(Nullable<Text>, Bool)>::new(state).bind(&tenant);
            let (newest, exists): (Option<String>, bool) = state.get_result(c)?;
            if !exists && event.tenant_id != TenantId::INSTALLATION {
                return Err(DbError::Orphan);
            }
            let newest = row_convert::parse_some(newest.as_deref())?;
            (insert_sql!("?"), ids::next(newest, event.at, event.random).to_string())
        }
        Connection::Postgres(_) => (insert_sql!("new_audit_id(?, ?)"), ids::tail(event.random)),
    };
    let error = event.error.as_ref().map(|error| storable(&error.reason, ERROR_BYTES));
    let meta = [&event.meta.request_id, &event.meta.source_ip, &event.meta.user_agent];
    let [request_id, source_ip, user_agent] = meta.map(|text| storable(text, usize::MAX));
    let bounded = |text: &Option<String>, bytes: usize| text.as_deref().map(|text| storable(text, bytes));
    let actor = bounded(&event.actor, ACTOR_BYTES);
    let credential = bounded(&event.credential_id, CREDENTIAL_BYTES);
    let transaction = bounded(&event.transaction_id, TRANSACTION_BYTES);
    let detail = event.detail.as_ref().map(row_convert::to_json).transpose()?;
    let detail = detail.as_deref().map(without_keys);
    let query = CachedSql::<Text>::new(sql).bind(&tenant);
    let query = if conn.engine() == Engine::Postgres { query.bind(&tenant) } else { query };
    let query = query.bind(&id).bind(event.kind.as_str());
    let query = query.bind(error.as_deref()).bind(code(event)).bind(&request_id).bind(&source_ip).bind(&user_agent);
    let query = query.bind(actor.as_deref()).bind(credential.as_deref()).bind(transaction.as_deref());
    let query = query.bind(detail.as_deref()).bind(event.at.millis());
    let id: String = on_engine!(conn, c, _Db => query.get_result(c))?;
    let id: AuditId = row_convert::parse(&id)?;
    counts::add(conn, &tenant, event.kind, event.at, id)?;
    skew::record(conn, id, event.at)?;
    Ok(id)
}

/// Returns the error code, which is `internal` for a refusal without an error.
fn code(event: &AuditEvent) -> Option<&'static str> {
    let unexplained = event.kind.is_failure().then_some(ErrorCode::Internal.as_str());
    event.error.as_ref().map(|error| error.code).or(unexplained)
}

/// Returns at most `bytes` bytes of a text, without API keys and admin tokens. Replaces NUL, because PostgreSQL cannot
/// store it.
fn storable(text: &str, bytes: usize) -> String {
    let mut text = without_keys(text).replace('\0', "\u{fffd}");
    text.truncate(text.floor_char_boundary(bytes));
    text
}
