//! The audit log. Each insert and purge keeps exact totals by day and type in the same transaction, so that a page's
//! total needs no counting.
//!
//! An entry's id is its place in the log: it begins with the time ([`AuditEvent`]), so the order of ids is the order of
//! entries, and a span of time is a range of ids.

mod busiest;
mod count;
pub mod days;
mod few;
mod long_logs;
mod parts;
mod settle;
mod spans;
mod top;
mod walk;
mod words;

use diesel::prelude::*;
use doorward_shared::{ErrorCode, TenantId, Timestamp, audit::AuditLogItem, page::PageRequest};

#[cfg(test)]
pub(super) use self::long_logs::statements_of_a_span;
pub(super) use self::settle::alone;
pub use self::{
    busiest::busiest,
    long_logs::count_entries,
    parts::index as index_words,
    settle::{TenantDay, settle},
    spans::extend as extend_spans,
};
use self::{
    few::{Found, Known},
    walk::{Range, entries},
};
use super::{Connection, DbError, installation, on_engine, row_convert, schema::audit_logs};
use crate::domain::{
    AuditEvent,
    audit::{AuditCursor, AuditFilter},
};

/// Characters of an actor that are kept: more than any valid user id or token name has.
const ACTOR_CHARS: usize = 256;

#[derive(Queryable, Selectable, Insertable)]
// The same statement for every row, whichever columns are null: it is compiled once.
#[diesel(table_name = audit_logs, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg))]
struct Row {
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
            kind: row_convert::parse(&row.kind)?,
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

/// Writes an event down.
///
/// # Errors
/// [`DbError::Duplicate`] when the id is taken.
pub fn insert(conn: &mut Connection, event: &AuditEvent) -> Result<(), DbError> {
    let row = Row {
        tenant_id: event.tenant_id.to_string(),
        id: event.id.to_string(),
        kind: event.kind.as_str().to_owned(),
        error: event.error.as_ref().map(|error| storable(&error.reason)),
        error_code: code(event).map(str::to_owned),
        request_id: storable(&event.meta.request_id),
        source_ip: storable(&event.meta.source_ip),
        user_agent: storable(&event.meta.user_agent),
        actor: event.actor.as_deref().map(|actor| storable(&cut(actor))),
        credential_id: event.credential_id.as_deref().map(storable),
        transaction_id: event.transaction_id.as_deref().map(storable),
        detail: event.detail.as_ref().map(row_convert::to_json).transpose()?,
        created_at: event.at.millis(),
    };
    let rows = on_engine!(conn, c, _Db => diesel::insert_into(audit_logs::table)
        .values(&row).on_conflict_do_nothing().execute(c))?;
    row_convert::inserted(rows, "audit_logs")?;
    let place = count::Place::of(conn.engine(), row.tenant_id, &row.id, row.kind, row.created_at)?;
    count::add(conn, &place, 1)
}

/// A refusal always has a code: by it, the index of refusals knows one.
fn code(event: &AuditEvent) -> Option<&'static str> {
    let unexplained = event.kind.is_failure().then_some(ErrorCode::Internal.as_str());
    event.error.as_ref().map(|error| error.code).or(unexplained)
}

/// A refusal names whoever it was asked for, valid or not, and an index of PostgreSQL has no room for more than 2 704 bytes.
fn cut(actor: &str) -> String {
    actor.chars().take(ACTOR_CHARS).collect()
}

/// A refusal must be written down whatever the client sent, and PostgreSQL's texts cannot hold NUL.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// What the ids of all entries from a time on are not less than, and those of earlier ones are.
fn first_id(at: Timestamp) -> String {
    const LAST: i64 = (1 << 48) - 1;
    let millis = at.millis().clamp(0, LAST);
    format!("{:08x}-{:04x}", millis >> 16, millis & 0xffff)
}

/// `audit_logs` rows of a log, a time and types, for boxed queries: the same conditions for lists and counts.
macro_rules! within {
    ($query:expr, $tenant:expr, $filter:expr) => {{
        let (mut query, filter): (_, &AuditFilter) = ($query, $filter);
        if let Some(tenant) = $tenant {
            query = query.filter(audit_logs::tenant_id.eq(tenant.to_string()));
        }
        if let Some(start) = filter.start {
            query = query.filter(audit_logs::id.ge($crate::store::audit::first_id(start)));
        }
        if let Some(end) = filter.end {
            query = query.filter(audit_logs::id.lt($crate::store::audit::first_id(end)));
        }
        if let Some(kinds) = filter.fitting_kinds() {
            if filter.wants_only_refusals() {
                // Every refusal has its reason; the index of refusals stands behind this condition.
                query = query.filter(audit_logs::error_code.is_not_null());
            }
            query = query.filter(audit_logs::kind.eq_any(kinds.into_iter().map(|kind| kind.as_str())));
        }
        query
    }};
}
use within;

/// Of these rows those whose texts fit a filter, found by looking at each.
macro_rules! saying {
    ($query:expr, $filter:expr) => {{
        let (mut query, filter): (_, &AuditFilter) = ($query, $filter);
        if let Some(part) = &filter.actor {
            query = query.filter($crate::store::text_match::old::contains(audit_logs::actor, part));
        }
        if let Some(part) = &filter.source_ip {
            query = query.filter($crate::store::text_match::old::contains(audit_logs::source_ip, part));
        }
        if let Some(part) = &filter.text {
            query = query.filter(
                $crate::store::text_match::old::contains(audit_logs::actor, part)
                    .or($crate::store::text_match::old::contains(audit_logs::source_ip, part)),
            );
        }
        query
    }};
}
use saying;

/// `audit_logs` rows that fit a filter, in the order of the log.
macro_rules! filtered {
    ($query:expr, $tenant:expr, $filter:expr) => {
        $crate::store::audit::saying!($crate::store::audit::within!($query, $tenant, $filter), $filter)
    };
}
use filtered;

/// Counts by looking at each entry.
fn count_rows(conn: &mut Connection, tenant: Option<TenantId>, filter: &AuditFilter) -> Result<i64, DbError> {
    Ok(on_engine!(conn, c, Db => filtered!(audit_logs::table.into_boxed::<Db>(), tenant, filter)
        .count()
        .get_result::<i64>(c))?)
}

/// A page of one or all logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage<T> {
    /// The entries, newest first.
    pub items: Vec<T>,
    /// How many entries fit, exactly; `None` when a part of a text is looked for in all logs and found often, and the page is
    /// not the last one.
    pub total: Option<u64>,
}

/// A page of a tenant's log, newest first; of all logs together when `tenant` is `None`.
///
/// # Errors
/// [`DbError`] of the database.
pub fn page(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    filter: &AuditFilter,
    page: PageRequest,
) -> Result<LogPage<AuditLogItem>, DbError> {
    let known = match few::find(conn, tenant, filter, &Range::of(filter))? {
        Found::All(keys) => {
            let total = Some(keys.len() as u64);
            let keys: Vec<_> = page.of(keys).collect();
            return Ok(LogPage { items: few::load(conn, &keys)?, total });
        }
        Found::Many(known) => known,
    };
    let rows = walk::newest(conn, tenant, filter, Range::of(filter), page.offset(), page.per_page.into(), known)?;
    let items = row_convert::all(rows)?;
    let rows = items.len() as i64;
    // Behind the last entry there is nothing to be counted.
    let is_last = rows < page.per_page.into() && (rows > 0 || page.page == 1);
    let total = match count::of_many(conn, tenant, filter)? {
        None if is_last => Some(row_convert::total(page.offset() + rows)),
        total => total,
    };
    Ok(LogPage { items, total })
}

/// The newest entries, without a total.
///
/// # Errors
/// [`DbError`] of the database.
pub fn latest(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    filter: &AuditFilter,
    limit: u32,
) -> Result<Vec<AuditLogItem>, DbError> {
    row_convert::all(walk::newest(conn, tenant, filter, Range::of(filter), 0, limit.into(), Known::Nothing)?)
}

/// How many entries fit a filter; see [`LogPage::total`].
///
/// # Errors
/// [`DbError`] of the database.
pub fn total(conn: &mut Connection, tenant: Option<TenantId>, filter: &AuditFilter) -> Result<Option<u64>, DbError> {
    match few::find(conn, tenant, filter, &Range::of(filter))? {
        Found::All(keys) => Ok(Some(keys.len() as u64)),
        Found::Many(_) => count::of_many(conn, tenant, filter),
    }
}

/// Entries on from a place in the log: newer ones oldest first, older ones newest first. The entry at that place may
/// have been purged.
///
/// # Errors
/// [`DbError`] of the database.
pub fn slice(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    filter: &AuditFilter,
    cursor: AuditCursor,
    limit: u32,
) -> Result<Vec<AuditLogItem>, DbError> {
    let rows = match cursor {
        // Whoever reads towards the newest entries has few before him, or wants them all.
        AuditCursor::After(id) => {
            let range = Range::of(filter).after(id);
            on_engine!(conn, c, Db => entries!(Db, tenant, filter, &range)
                .select(Row::as_select())
                .order(audit_logs::id.asc())
                .limit(limit.into())
                .load::<Row>(c))?
        }
        AuditCursor::Before(id) => {
            let range = Range::of(filter).before(id);
            match few::find(conn, tenant, filter, &range)? {
                Found::All(mut keys) => {
                    keys.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                    return few::load(conn, &keys);
                }
                Found::Many(known) => walk::newest(conn, tenant, filter, range, 0, limit.into(), known)?,
            }
        }
    };
    row_convert::all(rows)
}

/// Deletes entries older than a time, the oldest first, at most about `limit`, of one log or of all. Answers how many.
///
/// # Errors
/// [`DbError`] of the database.
pub fn purge_before(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    before: Timestamp,
    limit: i64,
) -> Result<usize, DbError> {
    // First of all: whoever settles waits for rows that are locked from here on.
    settle::alone(conn)?;
    let old = AuditFilter { end: Some(before), ..AuditFilter::default() };
    let last: Option<String> = on_engine!(conn, c, Db => within!(audit_logs::table.into_boxed::<Db>(), tenant, &old)
        .select(audit_logs::id)
        .order(audit_logs::id.asc())
        .offset((limit - 1).max(0))
        .limit(1)
        .first(c)
        .optional())?;
    let gone: Vec<Gone> = on_engine!(conn, c, _Db => {
        // Up to the limit-th entry: one bound, as in [`Range`]. No id is what ids of a time begin with.
        let rows = audit_logs::table.filter(audit_logs::id.le(last.unwrap_or_else(|| first_id(before))));
        match tenant {
            Some(tenant) => diesel::delete(rows.filter(audit_logs::tenant_id.eq(tenant.to_string())))
                .returning(Gone::as_returning())
                .get_results(c),
            None => diesel::delete(rows).returning(Gone::as_returning()).get_results(c),
        }
    })?;
    let count = gone.len();
    count::subtract(conn, &gone)?;
    // Last of all: on a server, every ceremony waits from here on to the commit.
    words::forget(conn, &gone)?;
    Ok(count)
}

/// What is left to be done for an entry that was deleted.
#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_logs, check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg))]
struct Gone {
    tenant_id: String,
    id: String,
    kind: String,
    source_ip: String,
    actor: Option<String>,
    created_at: i64,
}

/// Entries of a log that go with their tenant; the rest is deleted by and by, lest everybody waits.
const AT_ONCE: u64 = if cfg!(test) { 100 } else { 1_000 };
/// What the names begin with under which the installation keeps tenants that are gone before their logs are.
const LOG_LEFT: &str = "log_of_deleted_tenant/";

/// Deletes the log of a tenant that is gone, with all that is counted and known of it: at once where it is short, and else
/// by [`delete_left`]. The caller is [`alone`].
///
/// # Errors
/// [`DbError`] of the database.
pub(super) fn delete(conn: &mut Connection, tenant: TenantId) -> Result<(), DbError> {
    let key = tenant.to_string();
    if count::by_counters(conn, Some(tenant), &AuditFilter::default())? > AT_ONCE {
        return installation::put(conn, &format!("{LOG_LEFT}{key}"), "");
    }
    let entries = audit_logs::table.filter(audit_logs::tenant_id.eq(&key));
    on_engine!(conn, c, _Db => diesel::delete(entries).execute(c))?;
    words::delete(conn, &key)?;
    settle::delete(conn, &key)
}

/// Deletes at most `limit` of the entries that tenants left behind. Answers whether there was more to be done.
///
/// # Errors
/// [`DbError`] of the database.
pub fn delete_left(conn: &mut Connection, limit: i64) -> Result<bool, DbError> {
    let Some(name) = installation::first_beginning(conn, LOG_LEFT)? else { return Ok(false) };
    let tenant = row_convert::parse(name.strip_prefix(LOG_LEFT).unwrap_or_default())?;
    // From here on this is [`alone`].
    let gone = purge_before(conn, Some(tenant), Timestamp::from_millis(i64::MAX), limit)?;
    if i64::try_from(gone).is_ok_and(|gone| gone < limit) {
        delete(conn, tenant)?;
        installation::delete(conn, &name)?;
    }
    Ok(true)
}
