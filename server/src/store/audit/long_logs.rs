//! How many entries each user or address of a long log has, up to the end of the last span (SQLite only): totals of what many
//! entries have are sums of these, and what came since is looked at. A job finds logs that are worth it and counts their words;
//! triggers keep the numbers exact, as they do for spans.

use diesel::{
    dsl::sql,
    prelude::*,
    sql_query,
    sql_types::{BigInt, Text},
    sqlite::Sqlite,
};
use doorward_shared::TenantId;

use super::{
    super::{
        Connection, DbError, row_convert,
        schema::{audit_actors, audit_logs, audit_long_logs, audit_sources},
        text_match::old::contains,
    },
    count, spans,
    walk::{Range, entries},
    words::{Field, Way},
};
use crate::domain::audit::AuditFilter;

/// Entries of a long log: as many as are counted in a few milliseconds.
const LONG: u64 = if cfg!(test) { 200 } else { 20_000 };
/// With more words, summing up what is known of them takes as long as counting entries,
const MOST_WORDS: u64 = if cfg!(test) { 100 } else { 20_000 };
/// and so it does where each has few entries.
const ENTRIES_OF_A_WORD: u64 = 8;

const FIELDS: [Field; 2] = [Field::Actor, Field::Source];

/// Looks whether a log has become a long one.
pub(super) fn notice(conn: &mut Connection, tenant: &str) -> Result<(), DbError> {
    let Connection::Sqlite(c) = &mut *conn else { return Ok(()) };
    let known: i64 = audit_long_logs::table.filter(audit_long_logs::tenant_id.eq(tenant)).count().get_result(c)?;
    if known == FIELDS.len() as i64 {
        return Ok(());
    }
    let id: TenantId = row_convert::parse(tenant)?;
    let entries = count::by_counters(conn, Some(id), &AuditFilter::default())?;
    let Connection::Sqlite(c) = conn else { return Ok(()) };
    if entries < LONG {
        return Ok(());
    }
    let most = MOST_WORDS.min(entries / ENTRIES_OF_A_WORD);
    for field in FIELDS {
        if count_words(c, field, tenant, most + 1)? <= most {
            let log = (audit_long_logs::tenant_id.eq(tenant), audit_long_logs::words.eq(field.words()));
            diesel::insert_into(audit_long_logs::table).values(log).on_conflict_do_nothing().execute(c)?;
        }
    }
    Ok(())
}

/// How many words a log has, up to a limit.
fn count_words(c: &mut SqliteConnection, field: Field, tenant: &str, limit: u64) -> Result<u64, DbError> {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = BigInt)]
        number: i64,
    }
    let table = field.words();
    let found: Number = sql_query(format!(
        "SELECT COUNT(*) AS number FROM (SELECT 1 FROM {table} WHERE tenant_id = ? LIMIT ?) AS words"
    ))
    .bind::<Text, _>(tenant)
    .bind::<BigInt, _>(i64::try_from(limit).unwrap_or(i64::MAX))
    .get_result(c)?;
    Ok(row_convert::total(found.number))
}

/// Counts the entries of a new span, whose ids are from the first on and before the second, in the words of long logs.
pub(super) fn add_span(c: &mut SqliteConnection, begin: &str, end: &str) -> Result<(), DbError> {
    for field in FIELDS {
        sql_query(of_span(field)).bind::<Text, _>(begin).bind::<Text, _>(end).execute(c)?;
    }
    Ok(())
}

/// The statement of [`add_span`]. With the pluses, SQLite takes no index of the column, and walks no log by it from end to end.
fn of_span(field: Field) -> String {
    let (table, column) = (field.words(), field.column());
    format!(
        "UPDATE {table} SET entries = entries + found.number FROM ( \
             SELECT tenant_id, {column} AS word, COUNT(*) AS number FROM audit_logs \
             WHERE tenant_id IN (SELECT tenant_id FROM audit_long_logs WHERE words = '{table}') \
                 AND id >= ? AND id < ? AND +{column} IS NOT NULL \
             GROUP BY +tenant_id, +{column}) AS found \
         WHERE {table}.tenant_id = found.tenant_id AND {table}.{column} = found.word"
    )
}

/// Counts the entries of at most `limit` words of long logs that nobody counted yet. Answers whether there was anything to do.
///
/// # Errors
/// [`DbError`] of the database.
pub fn count_entries(conn: &mut Connection, limit: i64) -> Result<bool, DbError> {
    let Connection::Sqlite(c) = conn else { return Ok(false) };
    let log: Option<(String, String)> = audit_long_logs::table
        .filter(audit_long_logs::counted.eq(false))
        .select((audit_long_logs::tenant_id, audit_long_logs::words))
        .first(c)
        .optional()?;
    let Some((tenant, words)) = log else { return Ok(false) };
    let Some(field) = FIELDS.into_iter().find(|field| field.words() == words) else {
        return Err(DbError::Corrupt(format!("audit_long_logs has words {words}")));
    };
    let (table, column) = (field.words(), field.column());
    let counted = sql_query(format!(
        "UPDATE {table} SET entries = ( \
             SELECT COUNT(*) FROM audit_logs WHERE audit_logs.tenant_id = {table}.tenant_id \
                 AND audit_logs.{column} = {table}.{column} AND audit_logs.{column} IS NOT NULL \
                 AND audit_logs.id < (SELECT end_id FROM audit_spans ORDER BY end_id DESC LIMIT 1)) \
         WHERE id IN (SELECT id FROM {table} WHERE tenant_id = ? AND entries IS NULL LIMIT ?)"
    ))
    .bind::<Text, _>(&tenant)
    .bind::<BigInt, _>(limit)
    .execute(c)?;
    if counted == 0 {
        let log = audit_long_logs::table.find((tenant, words));
        diesel::update(log).set(audit_long_logs::counted.eq(true)).execute(c)?;
    }
    Ok(true)
}

/// How many entries a way finds in a log; `None` where its words are not counted, or more is asked than they tell.
pub(super) fn total(conn: &mut Connection, tenant: TenantId, way: &Way) -> Result<Option<i64>, DbError> {
    let Connection::Sqlite(c) = conn else { return Ok(None) };
    if way.rest != AuditFilter::default() {
        return Ok(None);
    }
    let key = tenant.to_string();
    let log = audit_long_logs::table.find((&key, way.by.words())).select(audit_long_logs::counted);
    if log.first::<bool>(c).optional()? != Some(true) {
        return Ok(None);
    }
    let sum = sql::<BigInt>("COALESCE(SUM(entries), 0)");
    let known: i64 = match way.by {
        Field::Actor => audit_actors::table
            .filter(audit_actors::tenant_id.eq(&key).and(contains(audit_actors::actor, way.part())))
            .select(sum)
            .get_result(c)?,
        Field::Source => audit_sources::table
            .filter(audit_sources::tenant_id.eq(&key).and(contains(audit_sources::source_ip, way.part())))
            .select(sum)
            .get_result(c)?,
    };
    let since = Range { from: spans::last_end(c, None)?, before: None };
    let part = way.alone();
    let new: i64 = entries!(Sqlite, Some(tenant), &part, &since).count().get_result(c)?;
    Ok(Some(known + new))
}

/// Forgets a log that is gone.
pub(super) fn delete(conn: &mut Connection, tenant: &str) -> Result<(), DbError> {
    let Connection::Sqlite(c) = conn else { return Ok(()) };
    diesel::delete(audit_long_logs::table.filter(audit_long_logs::tenant_id.eq(tenant))).execute(c)?;
    Ok(())
}

/// The statements of [`add_span`], for a look at how SQLite runs them.
#[cfg(test)]
pub(in crate::store) fn statements_of_a_span() -> [String; 2] {
    FIELDS.map(of_span)
}
