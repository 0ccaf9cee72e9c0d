//! Summaries of tenants: counts, name and last activity. Tenant lists are sorted and searched by the columns of this
//! table.
//!
//! The functions that change users, credentials and API keys also change the counts, in the same unit of work. To
//! prevent deadlocks on PostgreSQL, each unit changes a summary only after it has changed the counted rows.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{
    dsl::sql,
    prelude::*,
    sql_types::{BigInt, Bool},
};
use doorward_shared::{
    AuditType, TenantId, Timestamp,
    admin::{SORTED_BY_ACTIVITY, TenantItem, TenantSort, TenantSummary},
    config::TenantConfig,
    page::Order,
};

use super::{
    Connection, DbError,
    audit::Days,
    audit_counts,
    bounded_search::{down_to, truncate, up_to},
    on_engine, row_convert,
    schema::{api_keys, audit_logs, tenant_summaries, tenants},
    text_match::like_pattern,
};
use crate::{
    db::cached_sql::CachedSql,
    domain::{
        Tenant,
        audit::Total,
        list::{Cursor, NUMBERED_ROWS, NumberedPage, PageQuery, SortKey, TenantQuery},
    },
};

/// Minimum length of a search text that is also compared with ids. Shorter texts are not compared with ids, because a
/// short hexadecimal text occurs in most random ids.
const MIN_ID_LENGTH: usize = 4;

/// Types of the entries that completed ceremonies add.
const COMPLETED: [AuditType; 5] = [
    AuditType::WebauthnRegistrationFinalSucceeded,
    AuditType::WebauthnAuthenticationFinalSucceeded,
    AuditType::WebauthnTransactionFinalSucceeded,
    AuditType::MfaRegistrationFinalSucceeded,
    AuditType::MfaAuthenticationFinalSucceeded,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub users: u64,
    pub credentials: u64,
    /// API keys that are not revoked.
    pub api_keys: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    pub tenants: u64,
    pub users: u64,
    pub credentials: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantPage {
    pub ids: Vec<TenantId>,
    /// Number of tenants that match the search.
    pub total: u64,
    /// Cursor of the next page: the last row of this page. `None` on the last page.
    pub next: Option<Cursor>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    Users,
    Credentials,
    ApiKeys,
}

pub(super) fn insert(conn: &mut Connection, tenant: &Tenant) -> Result<(), DbError> {
    let row = (
        tenant_summaries::tenant_id.eq(tenant.id.to_string()),
        tenant_summaries::name_key.eq(tenant.display_name.to_ascii_lowercase()),
        tenant_summaries::rp_id.eq(rp_key(&tenant.config)),
        tenant_summaries::created_at.eq(tenant.created_at.millis()),
        tenant_summaries::last_activity.eq(tenant.created_at.millis()),
    );
    on_engine!(conn, c, _Db => diesel::insert_into(tenant_summaries::table).values(row).execute(c))?;
    Ok(())
}

pub(super) fn rename(conn: &mut Connection, tenant: TenantId, display_name: &str) -> Result<(), DbError> {
    on_engine!(conn, c, _Db => diesel::update(tenant_summaries::table.find(tenant.to_string()))
        .set(tenant_summaries::name_key.eq(display_name.to_ascii_lowercase()))
        .execute(c))?;
    Ok(())
}

/// Stores the RP ID of a changed configuration.
pub(super) fn configure(conn: &mut Connection, tenant: TenantId, config: &TenantConfig) -> Result<(), DbError> {
    on_engine!(conn, c, _Db => diesel::update(tenant_summaries::table.find(tenant.to_string()))
        .set(tenant_summaries::rp_id.eq(rp_key(config)))
        .execute(c))?;
    Ok(())
}

fn rp_key(config: &TenantConfig) -> String {
    config.webauthn.relying_party.id.to_ascii_lowercase()
}

pub(super) fn delete(conn: &mut Connection, tenant: TenantId) -> Result<(), DbError> {
    let summary = || tenant_summaries::table.find(tenant.to_string());
    on_engine!(conn, c, _Db => diesel::delete(summary()).execute(c))?;
    Ok(())
}

/// Adds `change` to a count. `change` may be negative.
pub fn add(conn: &mut Connection, tenant: TenantId, count: Count, change: i64) -> Result<(), DbError> {
    // Each column has its own statement, because SQLite rewrites the index of every column that a statement sets.
    let update = match count {
        Count::Users => "UPDATE tenant_summaries SET users = users + ? WHERE tenant_id = ?",
        Count::Credentials => "UPDATE tenant_summaries SET credentials = credentials + ? WHERE tenant_id = ?",
        Count::ApiKeys => "UPDATE tenant_summaries SET api_keys = api_keys + ? WHERE tenant_id = ?",
    };
    let tenant = tenant.to_string();
    let statement = CachedSql::<()>::new(update).bind(change).bind(&tenant);
    on_engine!(conn, c, _Db => statement.execute(c))?;
    Ok(())
}

/// Stores the time of a tenant's latest activity, unless a later time is stored.
pub fn record_activity(conn: &mut Connection, tenant: TenantId, at: Timestamp) -> Result<(), DbError> {
    on_engine!(conn, c, _Db => diesel::update(tenant_summaries::table.find(tenant.to_string()))
        .filter(tenant_summaries::last_activity.lt(at.millis()))
        .set(tenant_summaries::last_activity.eq(at.millis()))
        .execute(c))?;
    Ok(())
}

/// Returns the counts of a tenant. They are zero for an unknown tenant.
pub fn counts(conn: &mut Connection, tenant: TenantId) -> Result<Counts, DbError> {
    let columns = (tenant_summaries::users, tenant_summaries::credentials, tenant_summaries::api_keys);
    let query = || tenant_summaries::table.find(tenant.to_string()).select(columns);
    let row: Option<(i64, i64, i64)> = on_engine!(conn, c, _Db => query().first(c).optional())?;
    let (users, credentials, api_keys) = row.unwrap_or_default();
    Ok(Counts {
        users: row_convert::total(users),
        credentials: row_convert::total(credentials),
        api_keys: row_convert::total(api_keys),
    })
}

/// Returns whether an API key of the tenant was used, or a user completed a ceremony, in this installation. Imports do
/// not count: imported keys have no time of use, and imported entries contain no credential id.
pub fn is_used(conn: &mut Connection, tenant: TenantId) -> Result<bool, DbError> {
    let tenant = tenant.to_string();
    let key = || {
        let of_tenant = api_keys::table.filter(api_keys::tenant_id.eq(&tenant));
        of_tenant.filter(api_keys::last_used_at.is_not_null()).select(api_keys::id)
    };
    let key: Option<String> = on_engine!(conn, c, _Db => key().first(c).optional())?;
    if key.is_some() {
        return Ok(true);
    }
    let entry = || {
        audit_logs::table
            .filter(audit_logs::tenant_id.eq(&tenant))
            .filter(audit_logs::credential_id.is_not_null())
            .filter(audit_logs::kind.eq_any(COMPLETED.map(AuditType::as_str)))
            .select(audit_logs::id)
    };
    let entry: Option<String> = on_engine!(conn, c, _Db => entry().first(c).optional())?;
    Ok(entry.is_some())
}

pub fn totals(conn: &mut Connection) -> Result<Totals, DbError> {
    let query = || {
        tenant_summaries::table.select((
            diesel::dsl::count_star(),
            sql::<BigInt>("CAST(COALESCE(SUM(users), 0) AS BIGINT)"),
            sql::<BigInt>("CAST(COALESCE(SUM(credentials), 0) AS BIGINT)"),
        ))
    };
    let (tenants, users, credentials): (i64, i64, i64) =
        conn.with_table_scans(|conn| Ok(on_engine!(conn, c, _Db => query().get_result(c))?))?;
    Ok(Totals {
        tenants: row_convert::total(tenants),
        users: row_convert::total(users),
        credentials: row_convert::total(credentials),
    })
}

/// Sorts rows by a column and the tenant id, and starts after a cursor.
macro_rules! sorted {
    ($query:expr, $column:expr, $order:expr, $after:expr) => {{
        use tenant_summaries::tenant_id;
        // The first condition limits the index scan. The second condition excludes the cursor's row and the rows before
        // it that have the same key.
        match ($order, $after) {
            (Order::Ascending, None) => $query.order(($column.asc(), tenant_id.asc())),
            (Order::Descending, None) => $query.order(($column.desc(), tenant_id.desc())),
            (Order::Ascending, Some((key, id))) => $query
                .filter($column.ge(key))
                .filter($column.gt(key).or::<_, Bool>(tenant_id.gt(id)))
                .order(($column.asc(), tenant_id.asc())),
            (Order::Descending, Some((key, id))) => $query
                .filter($column.le(key))
                .filter($column.lt(key).or::<_, Bool>(tenant_id.lt(id)))
                .order(($column.desc(), tenant_id.desc())),
        }
    }};
}

/// Query for the rows of the tenants in a scope; `None` stands for all tenants.
macro_rules! scoped {
    ($db:ty, $scope:expr) => {{
        let query = tenant_summaries::table.into_boxed::<$db>();
        let scope: Option<&[String]> = $scope;
        match scope {
            Some(ids) => query.filter(tenant_summaries::tenant_id.eq_any(ids.to_vec())),
            None => query,
        }
    }};
}

/// Query for the rows in a scope whose name, RP ID or id contains a text. These columns contain lower-case texts.
macro_rules! matching {
    ($db:ty, $search:expr, $scope:expr) => {{
        use tenant_summaries as columns;
        let search: Option<&str> = $search;
        let (query, pattern) = (scoped!($db, $scope), search.map(like_pattern));
        match (search, pattern) {
            (Some(text), Some(pattern)) if may_be_in_id(text) => {
                let in_name = columns::name_key.like(pattern.clone()).escape('\\');
                let in_name = in_name.or(columns::rp_id.like(pattern.clone()).escape('\\'));
                match text.parse::<TenantId>() {
                    Ok(id) => query.filter(in_name.or(columns::tenant_id.eq(id.to_string()))),
                    Err(_) => query.filter(in_name.or(columns::tenant_id.like(pattern).escape('\\'))),
                }
            }
            (_, Some(pattern)) => {
                let in_name = columns::name_key.like(pattern.clone()).escape('\\');
                query.filter(in_name.or(columns::rp_id.like(pattern).escape('\\')))
            }
            (_, None) => query,
        }
    }};
}

fn may_be_in_id(text: &str) -> bool {
    text.len() >= MIN_ID_LENGTH && text.chars().all(|character| character.is_ascii_hexdigit() || character == '-')
}

fn count_matching(conn: &mut Connection, search: Option<&str>, scope: Option<&[String]>) -> Result<u64, DbError> {
    let count = conn.with_table_scans(|conn| {
        Ok(on_engine!(conn, c, Db => matching!(Db, search, scope).count().get_result::<i64>(c))?)
    })?;
    Ok(row_convert::total(count))
}

/// Returns the ids in the form in which the table stores them.
fn keys(scope: Option<&BTreeSet<TenantId>>) -> Option<Vec<String>> {
    scope.map(|ids| ids.iter().map(TenantId::to_string).collect())
}

/// Returns a page of the tenants that are in the scope and match the search, by creation time. Examines at most
/// [`NUMBERED_ROWS`] tenants, also for the total.
pub fn numbered_page(
    conn: &mut Connection,
    search: Option<&str>,
    scope: Option<&BTreeSet<TenantId>>,
    query: &PageQuery,
) -> Result<NumberedPage<TenantId>, DbError> {
    use tenant_summaries::{created_at, tenant_id};
    let scope = keys(scope);
    let scope = scope.as_deref();
    let order = query.order;
    let after = query.after.as_ref().map(|after| (after.key.number(), after.id.as_str()));
    let cursor = |(at, id): (i64, String)| Cursor { key: SortKey::Number(at), id };
    // The last row that may be examined for the page and the total; `None` if all rows may be examined.
    let end: Option<(i64, String)> = on_engine!(conn, c, Db => {
        let rows = scoped!(Db, scope);
        sorted!(rows, created_at, order, after)
            .select((created_at, tenant_id))
            .offset(NUMBERED_ROWS - 1)
            .first(c)
            .optional()
    })?;
    let end = end.map(cursor);
    let total = match after {
        // A page after a cursor has no total.
        Some(_) => 0,
        None => on_engine!(conn, c, Db => {
            let rows = matching!(Db, search, scope);
            up_to!(rows, tenant_summaries, tenant_id, order, end.as_ref()).count().get_result::<i64>(c)
        })?,
    };
    let total = row_convert::total(total);
    let total = if end.is_some() { Total::AtLeast(total) } else { Total::Exact(total) };
    // Without a search, the page itself limits the number of examined rows.
    let end = search.and(end);
    let rows: Vec<(i64, String)> = on_engine!(conn, c, Db => {
        let rows = sorted!(matching!(Db, search, scope), created_at, order, after);
        let rows = up_to!(rows, tenant_summaries, tenant_id, order, end.as_ref());
        rows.select((created_at, tenant_id)).limit(i64::from(query.page.per_page) + 1).offset(query.offset()).load(c)
    })?;
    let page = NumberedPage::new(rows, query, total, end, |row| cursor(row.clone()));
    page.try_map(|(_, id)| row_convert::parse(&id))
}

/// Returns a page of the tenants that are in the scope and match the search. To sort by ceremonies or refusals, counts
/// audit entries of the given days. Every other sort key has an index that also contains the name and RP ID, so the
/// query reads only that index.
pub fn page(
    conn: &mut Connection,
    query: &TenantQuery,
    scope: Option<&BTreeSet<TenantId>>,
    week: Days,
) -> Result<TenantPage, DbError> {
    let scope = keys(scope);
    let scope = scope.as_deref();
    macro_rules! load {
        ($column:ident, $kind:ty, $key:path, $value:ident) => {{
            let after = query.after.as_ref().map(|after| (after.key.$value(), after.id.as_str()));
            let rows: Vec<($kind, String)> = on_engine!(conn, c, Db => {
                let rows = matching!(Db, query.search.as_deref(), scope);
                sorted!(rows, tenant_summaries::$column, query.order, after)
                    .select((tenant_summaries::$column, tenant_summaries::tenant_id))
                    .limit(i64::from(query.limit) + 1)
                    .load(c)
            })?;
            rows.into_iter().map(|(key, id)| Cursor { key: $key(key), id }).collect()
        }};
    }
    let mut rows: Vec<Cursor> = match query.sort {
        TenantSort::Name => load!(name_key, String, SortKey::Text, text),
        TenantSort::RpId => load!(rp_id, String, SortKey::Text, text),
        TenantSort::Created => load!(created_at, i64, SortKey::Number, number),
        TenantSort::Activity => load!(last_activity, i64, SortKey::Number, number),
        TenantSort::Users => load!(users, i64, SortKey::Number, number),
        TenantSort::ApiKeys => load!(api_keys, i64, SortKey::Number, number),
        TenantSort::Succeeded => by_activity(conn, query, scope, week, AuditType::ends_ceremony)?,
        TenantSort::Refused => by_activity(conn, query, scope, week, AuditType::is_failure)?,
    };
    let next = truncate(&mut rows, query.limit, Cursor::clone);
    let ids: Vec<TenantId> = rows.iter().map(|row| row_convert::parse(&row.id)).collect::<Result<_, _>>()?;
    let is_only_page = next.is_none() && query.after.is_none();
    let total = if is_only_page { ids.len() as u64 } else { count_matching(conn, query.search.as_deref(), scope)? };
    Ok(TenantPage { ids, total, next })
}

/// Returns the rows after the cursor, sorted by the number of accepted entries (entries of the given days for whose
/// type `accepts` returns `true`). An index by this number would cost each login a write. This function therefore sums
/// the counts of only the [`SORTED_BY_ACTIVITY`] tenants that were active most recently.
fn by_activity(
    conn: &mut Connection,
    query: &TenantQuery,
    scope: Option<&[String]>,
    week: Days,
    accepts: fn(AuditType) -> bool,
) -> Result<Vec<Cursor>, DbError> {
    let ids: Vec<String> = on_engine!(conn, c, Db => {
        let rows = matching!(Db, query.search.as_deref(), scope);
        sorted!(rows, tenant_summaries::last_activity, Order::Descending, None::<(i64, &str)>)
            .select(tenant_summaries::tenant_id)
            .limit(i64::from(SORTED_BY_ACTIVITY))
            .load(c)
    })?;
    let counts = audit_counts::accepted_of_tenants(conn, &ids, accepts, week)?;
    let mut rows: Vec<(i64, String)> =
        ids.into_iter().map(|id| (counts.get(&id).copied().unwrap_or_default(), id)).collect();
    rows.sort_unstable();
    if query.order == Order::Descending {
        rows.reverse();
    }
    if let Some(after) = &query.after {
        let after = (after.key.number(), after.id.clone());
        rows.retain(|row| if query.order == Order::Descending { *row < after } else { *row > after });
    }
    Ok(rows.into_iter().map(|(key, id)| Cursor { key: SortKey::Number(key), id }).collect())
}

/// A row of `tenant_summaries`, with the name, configuration and state of its tenant.
type Row = ((String, i64, i64, i64, i64, i64), (String, String, Option<i64>));

/// Returns the summaries of these tenants in the given order, without unknown tenants. Successful ceremonies and
/// refusals are counted over the given days.
pub fn of(conn: &mut Connection, ids: &[TenantId], week: Days) -> Result<Vec<TenantSummary>, DbError> {
    let keys: Vec<String> = ids.iter().map(TenantId::to_string).collect();
    let query = || {
        use tenant_summaries as summary;
        summary::table
            .inner_join(tenants::table.on(tenants::id.eq(summary::tenant_id)))
            .filter(summary::tenant_id.eq_any(&keys))
            .select((
                (
                    summary::tenant_id,
                    summary::created_at,
                    summary::users,
                    summary::credentials,
                    summary::api_keys,
                    summary::last_activity,
                ),
                (tenants::display_name, tenants::config, tenants::disabled_at),
            ))
    };
    let rows: Vec<Row> = on_engine!(conn, c, _Db => query().load(c))?;
    let activity = audit_counts::activity_of_tenants(conn, ids, week)?;
    let mut found = BTreeMap::new();
    for ((tenant, created_at, users, credentials, api_keys, last_activity), (display_name, config, disabled_at)) in rows
    {
        let id: TenantId = row_convert::parse(&tenant)?;
        let config: TenantConfig = row_convert::from_json(&config)?;
        let week = activity.get(&id).copied().unwrap_or_default();
        found.insert(
            id,
            TenantSummary {
                tenant: TenantItem { id, display_name, disabled_at: row_convert::time(disabled_at) },
                rp_id: config.webauthn.relying_party.id,
                created_at: Timestamp::from_millis(created_at),
                users: row_convert::total(users),
                credentials: row_convert::total(credentials),
                api_keys: row_convert::total(api_keys),
                succeeded: week.succeeded,
                refused: week.refused,
                last_activity: Some(Timestamp::from_millis(last_activity)),
            },
        );
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}
