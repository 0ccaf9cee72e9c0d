//! What lists of tenants show. Triggers keep `tenant_summaries` in each change's own transaction; on PostgreSQL counts
//! are added to `tenant_count_changes` first, so that registrations of one tenant do not wait for each other.

use std::collections::BTreeMap;

use diesel::{
    dsl::sql,
    prelude::*,
    sql_types::{BigInt, Bool, Nullable, Text},
};
use doorward_shared::{
    AuditId, TenantId, Timestamp,
    admin::{TenantItem, TenantSort, TenantSummary},
    config::TenantConfig,
    page::{Order, PageRequest},
};

use super::{
    Connection, DbError,
    audit::{self, Days},
    on_engine, row_convert,
    schema::{tenant_count_changes, tenant_summaries, tenants},
    text_match::contains,
};
use crate::domain::list::{Place, SortKey, TenantQuery};

/// Up to so many matches of a search are sorted here; where there are more, walking the order finds a page soon. Tests have
/// few tenants.
const FEW: usize = if cfg!(test) { 8 } else { 20_000 };
/// The least that is looked for in ids.
const ID_PART: usize = 4;
/// A column of the latest entry of a summary's tenant: one look at the end of an index, and for its id, which tells its time, none
/// at the entry.
fn of_latest_entry(column: &str) -> String {
    format!(
        "(SELECT a.{column} FROM audit_logs a WHERE a.tenant_id = tenant_summaries.tenant_id ORDER BY a.id DESC LIMIT 1)"
    )
}

/// How much a tenant has, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Users.
    pub users: u64,
    /// Their credentials.
    pub credentials: u64,
    /// API keys that are not revoked.
    pub api_keys: u64,
}

/// What all tenants have together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Tenants.
    pub tenants: u64,
    /// Users.
    pub users: u64,
    /// Credentials.
    pub credentials: u64,
}

/// Some tenants of a list, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub ids: Vec<TenantId>,
    /// How many match the search.
    pub total: u64,
    /// Where the next page begins, unless this is the last.
    pub next: Option<Place>,
}

/// Users, credentials and API keys.
type Numbers = (i64, i64, i64);

/// How much a tenant has; nothing when it does not exist.
///
/// # Errors
/// [`DbError`] of the database.
pub fn counts(conn: &mut Connection, tenant: TenantId) -> Result<Counts, DbError> {
    let key = tenant.to_string();
    let columns = (tenant_summaries::users, tenant_summaries::credentials, tenant_summaries::api_keys);
    let query = || tenant_summaries::table.find(&key).select(columns);
    let stored: Option<Numbers> = on_engine!(conn, c, _Db => query().first(c).optional())?;
    let changed = changes(conn, std::slice::from_ref(&key))?.remove(&key);
    Ok(sum(stored.unwrap_or_default(), changed))
}

fn sum(stored: Numbers, changed: Option<Numbers>) -> Counts {
    let changed = changed.unwrap_or_default();
    Counts {
        users: row_convert::total(stored.0 + changed.0),
        credentials: row_convert::total(stored.1 + changed.1),
        api_keys: row_convert::total(stored.2 + changed.2),
    }
}

/// What is not folded into the summaries yet.
fn changes(conn: &mut Connection, tenants: &[String]) -> Result<BTreeMap<String, Numbers>, DbError> {
    let Connection::Postgres(c) = conn else { return Ok(BTreeMap::new()) };
    let rows: Vec<(String, i64, i64, i64)> = tenant_count_changes::table
        .filter(tenant_count_changes::tenant_id.eq_any(tenants))
        .group_by(tenant_count_changes::tenant_id)
        .select((
            tenant_count_changes::tenant_id,
            sql::<BigInt>("CAST(SUM(users) AS BIGINT)"),
            sql::<BigInt>("CAST(SUM(credentials) AS BIGINT)"),
            sql::<BigInt>("CAST(SUM(api_keys) AS BIGINT)"),
        ))
        .load(c)?;
    Ok(rows.into_iter().map(|(tenant, users, credentials, keys)| (tenant, (users, credentials, keys))).collect())
}

/// What all tenants have together.
///
/// # Errors
/// [`DbError`] of the database.
pub fn totals(conn: &mut Connection) -> Result<Totals, DbError> {
    let sums = || {
        (
            sql::<BigInt>("COUNT(*)"),
            sql::<BigInt>("CAST(COALESCE(SUM(users), 0) AS BIGINT)"),
            sql::<BigInt>("CAST(COALESCE(SUM(credentials), 0) AS BIGINT)"),
        )
    };
    let query = || tenant_summaries::table.select(sums());
    let (tenants, mut users, mut credentials): Numbers = on_engine!(conn, c, _Db => query().get_result(c))?;
    if let Connection::Postgres(c) = conn {
        // Those of deleted tenants are not folded in, only dropped: they count nothing.
        let (more_users, more_credentials): (i64, i64) = tenant_count_changes::table
            .filter(tenant_count_changes::tenant_id.eq_any(tenant_summaries::table.select(tenant_summaries::tenant_id)))
            .select((
                sql::<BigInt>("CAST(COALESCE(SUM(users), 0) AS BIGINT)"),
                sql::<BigInt>("CAST(COALESCE(SUM(credentials), 0) AS BIGINT)"),
            ))
            .get_result(c)?;
        users += more_users;
        credentials += more_credentials;
    }
    Ok(Totals {
        tenants: row_convert::total(tenants),
        users: row_convert::total(users),
        credentials: row_convert::total(credentials),
    })
}

/// Folds changes of counts into the tenant_summaries, at most `limit` of them. Answers how many.
///
/// # Errors
/// [`DbError`] of the database.
pub fn fold(conn: &mut Connection, limit: i64) -> Result<usize, DbError> {
    let Connection::Postgres(c) = conn else { return Ok(0) };
    #[derive(QueryableByName)]
    struct Folded {
        #[diesel(sql_type = BigInt)]
        changes: i64,
    }
    let folded: Folded = diesel::sql_query(
        "WITH gone AS ( \
             DELETE FROM tenant_count_changes WHERE (tenant_id, id) IN ( \
                 SELECT tenant_id, id FROM tenant_count_changes LIMIT $1 FOR UPDATE SKIP LOCKED) \
             RETURNING tenant_id, users, credentials, api_keys), \
         sums AS ( \
             SELECT tenant_id, CAST(SUM(users) AS BIGINT) AS users, CAST(SUM(credentials) AS BIGINT) AS credentials, \
                 CAST(SUM(api_keys) AS BIGINT) AS api_keys \
             FROM gone GROUP BY tenant_id), \
         folded AS ( \
             UPDATE tenant_summaries s SET users = s.users + sums.users, \
                 credentials = s.credentials + sums.credentials, api_keys = s.api_keys + sums.api_keys \
             FROM sums WHERE s.tenant_id = sums.tenant_id) \
         SELECT COUNT(*) AS changes FROM gone",
    )
    .bind::<BigInt, _>(limit)
    .get_result(c)?;
    Ok(usize::try_from(folded.changes).unwrap_or(0))
}

/// What each order sorts by: a column, its type, and the place's key that it is. Asks `$load!` for it.
macro_rules! by_sort {
    ($sort:expr, $load:ident) => {
        match $sort {
            TenantSort::Name => $load!(name_key, String, SortKey::Text, text),
            TenantSort::Created => $load!(created_at, i64, SortKey::Number, number),
            TenantSort::Activity => $load!(last_activity, i64, SortKey::Number, number),
            TenantSort::Users => $load!(users, i64, SortKey::Number, number),
        }
    };
}

/// Rows in an order, from a place on.
macro_rules! sorted {
    ($query:expr, $column:expr, $order:expr, $after:expr) => {{
        use tenant_summaries::tenant_id;
        // The first condition alone bounds the range of the index; the second drops rows with the place's own key.
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

/// Whether it is worth its time to look for a part in ids: so few digits as a number in a name has, ids contain by chance.
fn may_be_of_an_id(part: &str) -> bool {
    part.len() >= ID_PART && part.chars().all(|symbol| symbol.is_ascii_hexdigit() || symbol == '-')
}

/// Rows whose name or id contains a part.
macro_rules! searched {
    ($query:expr, $part:expr) => {{
        let part: Option<&str> = $part;
        match part {
            None => $query,
            Some(part) if may_be_of_an_id(part) => $query
                .filter(contains(tenant_summaries::name_key, part).or(contains(tenant_summaries::tenant_id, part))),
            Some(part) => $query.filter(contains(tenant_summaries::name_key, part)),
        }
    }};
}

/// How many tenants match a search.
///
/// # Errors
/// [`DbError`] of the database.
fn matches(conn: &mut Connection, search: Option<&str>) -> Result<u64, DbError> {
    let count = on_engine!(conn, c, Db => searched!(tenant_summaries::table.into_boxed::<Db>(), search)
        .count()
        .get_result::<i64>(c))?;
    Ok(row_convert::total(count))
}

/// A numbered page of the tenants that match a search, oldest first, and how many match.
///
/// # Errors
/// [`DbError`] of the database.
pub fn numbered(
    conn: &mut Connection,
    search: Option<&str>,
    page: PageRequest,
) -> Result<(Vec<TenantId>, u64), DbError> {
    if let Some(part) = search {
        let query = TenantQuery {
            search: None,
            sort: TenantSort::Created,
            order: Order::Ascending,
            after: None,
            limit: page.per_page,
        };
        if let Some((places, total)) = few(conn, part, &query)? {
            return Ok((page.of(places).map(|place| row_convert::parse(&place.id)).collect::<Result<_, _>>()?, total));
        }
    }
    let ids: Vec<String> = on_engine!(conn, c, Db => searched!(tenant_summaries::table.into_boxed::<Db>(), search)
        .select(tenant_summaries::tenant_id)
        .order((tenant_summaries::created_at.asc(), tenant_summaries::tenant_id.asc()))
        .limit(page.per_page.into())
        .offset(page.offset())
        .load(c))?;
    Ok((ids.iter().map(|id| row_convert::parse(id)).collect::<Result<_, _>>()?, matches(conn, search)?))
}

/// A page of the tenants that match a search.
///
/// # Errors
/// [`DbError`] of the database.
pub fn page(conn: &mut Connection, query: &TenantQuery) -> Result<Found, DbError> {
    let few = match &query.search {
        Some(part) => few(conn, part, query)?,
        None => None,
    };
    let (mut places, total) = match few {
        Some(found) => found,
        None => (walk(conn, query)?, matches(conn, query.search.as_deref())?),
    };
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let whole = places.len() <= limit;
    places.truncate(limit);
    let ids = places.iter().map(|place| row_convert::parse(&place.id)).collect::<Result<_, _>>()?;
    Ok(Found { ids, total, next: if whole { None } else { places.pop() } })
}

/// All matches from the query's place on, and how many there are at all, read at once and sorted here: an index would be
/// walked to its end for them, row by row. `None` when they are more than [`FEW`].
fn few(conn: &mut Connection, part: &str, query: &TenantQuery) -> Result<Option<(Vec<Place>, u64)>, DbError> {
    let limit = FEW as i64 + 1;
    // A key each, and no more: there may be thousands.
    macro_rules! keys {
        ($column:ident, $kind:ty, $key:path, $_number_or_text:ident) => {{
            let rows: Vec<($kind, String)> =
                on_engine!(conn, c, Db => searched!(tenant_summaries::table.into_boxed::<Db>(), Some(part))
                    .select((tenant_summaries::$column, tenant_summaries::tenant_id))
                    .limit(limit)
                    .load(c))?;
            rows.into_iter().map(|(key, id)| Place { key: $key(key), id }).collect()
        }};
    }
    let mut places: Vec<Place> = by_sort!(query.sort, keys);
    if places.len() > FEW {
        return Ok(None);
    }
    let total = places.len() as u64;
    places.sort_unstable();
    if query.order == Order::Descending {
        places.reverse();
    }
    if let Some(after) = &query.after {
        places.retain(|place| match query.order {
            Order::Ascending => place > after,
            Order::Descending => place < after,
        });
    }
    Ok(Some((places, total)))
}

/// The next matches in the order of an index; one more than the page holds, if there is one.
fn walk(conn: &mut Connection, query: &TenantQuery) -> Result<Vec<Place>, DbError> {
    use tenant_summaries as columns;
    // Names are in their index themselves: nothing else is read for those that do not match.
    macro_rules! places {
        ($column:ident, $kind:ty, $key:path, $number_or_text:ident) => {{
            let after = query.after.as_ref().map(|after| (after.key.$number_or_text(), after.id.as_str()));
            let rows: Vec<($kind, String)> = on_engine!(conn, c, Db => {
                let rows = searched!(columns::table.into_boxed::<Db>(), query.search.as_deref());
                sorted!(rows, columns::$column, query.order, after)
                    .select((columns::$column, columns::tenant_id))
                    .limit(i64::from(query.limit) + 1)
                    .load(c)
            })?;
            rows.into_iter().map(|(key, id)| Place { key: $key(key), id }).collect()
        }};
    }
    Ok(by_sort!(query.sort, places))
}

/// A row of `tenant_summaries`, its tenant's name and configuration, and its latest entry.
type Shown = ((String, i64, Numbers, i64), (String, String), Option<String>);

/// What lists show of these tenants, in the order given; those that do not exist are left out. Ceremonies and refusals
/// are those of the given days.
///
/// # Errors
/// [`DbError`] of the database.
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
                    (summary::users, summary::credentials, summary::api_keys),
                    summary::last_activity,
                ),
                (tenants::display_name, tenants::config),
                sql::<Nullable<Text>>(&of_latest_entry("id")),
            ))
    };
    let rows: Vec<Shown> = on_engine!(conn, c, _Db => query().load(c))?;
    let mut changed = changes(conn, &keys)?;
    let activity = audit::activity_of_tenants(conn, ids, week)?;
    let mut found = BTreeMap::new();
    for ((tenant, created_at, numbers, last_activity), (display_name, config), latest) in rows {
        let id: TenantId = row_convert::parse(&tenant)?;
        let config: TenantConfig = row_convert::from_json(&config)?;
        let counts = sum(numbers, changed.remove(&tenant));
        let latest = latest.as_deref().map(row_convert::parse::<AuditId>).transpose()?.map(AuditId::time);
        let lately = activity.get(&id).copied().unwrap_or_default();
        found.insert(
            id,
            TenantSummary {
                tenant: TenantItem { id, display_name },
                rp_id: config.webauthn.relying_party.id,
                created_at: Timestamp::from_millis(created_at),
                users: counts.users,
                credentials: counts.credentials,
                api_keys: counts.api_keys,
                succeeded: lately.succeeded,
                refused: lately.refused,
                last_activity: Some(latest.into_iter().fold(Timestamp::from_millis(last_activity), Timestamp::max)),
            },
        );
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}
