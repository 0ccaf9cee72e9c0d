//! The table row of an entry, and its insertion.

use std::borrow::Cow;

use diesel::{
    prelude::*,
    sql_types::{Bool, Nullable, Text},
};
use doorward_shared::{
    AuditId, AuditType, ErrorCode, TenantId, Timestamp, audit::AuditLogItem, key_format::without_keys,
};

use super::{
    super::{Connection, DbError, audit_counts, on_engine, row_convert, schema::audit_logs},
    ids, skew,
};
use crate::{
    db::cached_sql::{Bind, CachedSql},
    domain::AuditEvent,
};

/// Maximum number of stored bytes of an actor. Valid user ids and token names are shorter.
const ACTOR_BYTES: usize = 256;
/// Maximum number of stored bytes of a credential id: base64url of 1 023 bytes, the longest valid credential id.
const CREDENTIAL_BYTES: usize = 1_364;
/// Maximum number of stored bytes of a transaction id. An index entry of PostgreSQL has room for 2 704 bytes in total.
const TRANSACTION_BYTES: usize = 512;
/// Maximum number of stored bytes of an error's reason, which may contain an id from the request.
const ERROR_BYTES: usize = 1_024;

/// Columns of an entry: the tenant, the id, and then the columns of [`values`] in the same order.
macro_rules! columns {
    () => {
        "audit_logs (tenant_id, id, type, error, error_code, request_id, source_ip, user_agent, actor, credential_id, \
         transaction_id, api_key_id, detail, created_at)"
    };
}

/// Statement that adds an entry with a known id.
macro_rules! insert {
    () => {
        concat!("INSERT INTO ", columns!(), " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
    };
}

/// Adds an entry on SQLite. It has no `RETURNING`: SQLite executes `RETURNING` as a trigger, and copies every page that
/// such a statement changes, so that it can undo the statement.
const INSERT_SQLITE: &str = insert!();
const IMPORT: &str = concat!(insert!(), " ON CONFLICT (tenant_id, id) DO NOTHING");
/// Adds an entry on PostgreSQL. The binds are the tenant, the arguments of `new_audit_id`, and [`values`].
const INSERT_POSTGRES: &str = concat!(
    "INSERT INTO ",
    columns!(),
    " VALUES (?, new_audit_id(?, ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"
);

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
    api_key_id: Option<String>,
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
            api_key_id: row_convert::parse_some(row.api_key_id.as_deref())?,
            detail: row.detail.as_deref().map(row_convert::from_json).transpose()?,
            created_at,
            updated_at: created_at,
            tenant_id: row_convert::parse(&row.tenant_id)?,
            transaction_id: row.transaction_id,
        })
    }
}

/// Adds an entry, counts it, and returns its id. The id is larger than the ids of all visible entries.
///
/// # Errors
/// [`DbError::Orphan`] if the tenant was deleted. The error also rolls back the change that the entry records.
pub fn insert(conn: &mut Connection, event: &AuditEvent) -> Result<AuditId, DbError> {
    let shard = conn.shard();
    let id = match conn {
        Connection::Sqlite(c) => {
            let tenant = event.tenant_id.to_string();
            let state = "SELECT (SELECT id FROM audit_logs ORDER BY id DESC LIMIT 1), \
                         EXISTS (SELECT 1 FROM tenants WHERE id = ? AND deleted_at IS NULL)";
            let state = CachedSql::<(Nullable<Text>, Bool)>::new(state).bind(&tenant);
            let (newest, exists): (Option<String>, bool) = state.get_result(c)?;
            if !exists && event.tenant_id != TenantId::INSTALLATION {
                return Err(DbError::Orphan);
            }
            let newest = row_convert::parse_some(newest.as_deref())?;
            let id = ids::next(newest, event.at, event.random);
            with_binds(INSERT_SQLITE, &tenant, id, event)?.execute(c)?;
            id
        }
        Connection::Postgres(c, _) => {
            let tenant = event.tenant_id.to_string();
            let insert = CachedSql::<Text>::new(INSERT_POSTGRES).bind(tenant.clone()).bind(tenant);
            let id: String = insert.bind_all(new_columns(event, shard)?).get_result(c)?;
            row_convert::parse(&id)?
        }
    };
    count(conn, event, id)?;
    Ok(id)
}

/// Returns whether an entry exists. On PostgreSQL, also locks it. Because of the lock, this transaction counts as a
/// write, so its commit waits until the synchronous standby has received the entry.
pub fn hold(conn: &mut Connection, tenant: TenantId, id: AuditId) -> Result<bool, DbError> {
    let (tenant, id) = (tenant.to_string(), id.to_string());
    let entry = || audit_logs::table.find((&tenant, &id)).select(audit_logs::id);
    let found: Option<String> = match conn {
        Connection::Postgres(c, _) => entry().for_key_share().first(c).optional()?,
        Connection::Sqlite(c) => entry().first(c).optional()?,
    };
    Ok(found.is_some())
}

/// Adds an entry of another system's log, with an id from [`ids::imported`], unless the entry was added before. Returns
/// whether it was added.
pub fn import(conn: &mut Connection, event: &AuditEvent, id: AuditId) -> Result<bool, DbError> {
    let tenant = event.tenant_id.to_string();
    let statement = with_binds(IMPORT, &tenant, id, event)?;
    if on_engine!(conn, c, _Db => statement.execute(c))? == 0 {
        return Ok(false);
    }
    audit_counts::add(conn, &tenant, event.kind, event.at, id)?;
    Ok(true)
}

/// Returns a statement that adds an entry, with the binds of the tenant, the id, and [`values`].
fn with_binds<'a>(
    sql: &'static str,
    tenant: &'a str,
    id: AuditId,
    event: &AuditEvent,
) -> Result<CachedSql<'a>, DbError> {
    Ok(CachedSql::new(sql).bind(tenant).bind(id.to_string()).bind_all(values(event)?))
}

/// Counts an entry that a statement of this unit added.
pub fn count(conn: &mut Connection, event: &AuditEvent, id: AuditId) -> Result<(), DbError> {
    audit_counts::add(conn, &event.tenant_id.to_string(), event.kind, event.at, id)?;
    skew::record(conn, id, event.at)
}

/// Returns the binds of an entry whose id PostgreSQL makes: the last characters of the id, and [`values`].
pub(in crate::store) fn new_columns(
    event: &AuditEvent,
    shard: i16,
) -> Result<impl IntoIterator<Item = Bind<'static>>, DbError> {
    Ok(std::iter::once(Bind::from(ids::tail(event.random, shard))).chain(values(event)?))
}

/// Returns the values of an entry, without its tenant and id.
fn values(event: &AuditEvent) -> Result<[Bind<'static>; 12], DbError> {
    let meta = [&event.meta.request_id, &event.meta.source_ip, &event.meta.user_agent];
    let [request_id, source_ip, user_agent] = meta.map(|text| Bind::from(storable(text, usize::MAX)));
    let bounded = |text: &Option<String>, bytes: usize| Bind::from(text.as_deref().map(|text| storable(text, bytes)));
    let detail = event.detail.as_ref().map(row_convert::to_json).transpose()?;
    Ok([
        event.kind.as_str().into(),
        event.error.as_ref().map(|error| storable(&error.reason, ERROR_BYTES)).into(),
        code(event).map(str::to_owned).into(),
        request_id,
        source_ip,
        user_agent,
        bounded(&event.actor, ACTOR_BYTES),
        bounded(&event.credential_id, CREDENTIAL_BYTES),
        bounded(&event.transaction_id, TRANSACTION_BYTES),
        event.meta.api_key.map(|id| id.to_string()).into(),
        detail.as_deref().map(without_keys).map(Cow::into_owned).into(),
        event.at.millis().into(),
    ])
}

/// Returns the code of the event's error. Without an error: `internal` if the type is a failure, otherwise `None`.
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
