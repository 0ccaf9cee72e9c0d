//! Entries by a part of their actor or address. `audit_actors` and `audit_sources` hold each of a log's once: a part is
//! looked for among these, and the entries of those that contain it are ranges of an index. Where that finds many
//! entries, a page of them is found by `walk` and `top`, and only the total is told from here.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
};

use diesel::{
    backend::Backend,
    dsl::{exists, not},
    expression::{AppearsOnTable, Expression, ValidGrouping, is_aggregate},
    prelude::*,
    query_builder::{AstPass, QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::{Array, Bool, HasSqlType, Text},
};
use doorward_shared::{AuditType, TenantId, audit::AuditLogItem};

use super::{
    super::{
        Connection, StoreError, on_engine, row,
        schema::{audit_actors, audit_logs, audit_sources},
        text::{Contains, contains},
    },
    Gone, Row, filtered, parts,
    walk::{Range, entries},
};
use crate::domain::audit::AuditFilter;

/// Up to so many entries are found and sorted here.
const FEW: usize = 2_000;

/// An entry's place: its id, and whose log it stands in.
pub(super) type Key = (String, String);

/// Which column of an entry is looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Actor,
    Source,
}

impl Field {
    pub(super) const fn column(self) -> &'static str {
        match self {
            Self::Actor => "actor",
            Self::Source => "source_ip",
        }
    }

    /// The table of each log's words, once each.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Actor => "audit_actors",
            Self::Source => "audit_sources",
        }
    }
}

/// How entries are found: by what contains a part. They must fit the rest of the filter, too.
pub(super) struct Way {
    pub(super) by: Field,
    part: String,
    /// The rest of the filter.
    pub(super) rest: AuditFilter,
}

/// The ways that together find all entries which fit; none when the filter looks into no text.
pub(super) fn ways(filter: &AuditFilter) -> Vec<Way> {
    let way = |by, part: &String, rest| Way { by, part: part.clone(), rest };
    if let Some(part) = &filter.text {
        let rest = || AuditFilter { text: None, ..filter.clone() };
        return vec![way(Field::Actor, part, rest()), way(Field::Source, part, rest())];
    }
    if let Some(part) = &filter.actor {
        return vec![way(Field::Actor, part, AuditFilter { actor: None, ..filter.clone() })];
    }
    by_source(filter).into_iter().collect()
}

/// The way by the address that a filter wants.
fn by_source(filter: &AuditFilter) -> Option<Way> {
    let part = filter.source_ip.clone()?;
    Some(Way { by: Field::Source, part, rest: AuditFilter { source_ip: None, ..filter.clone() } })
}

/// An entry's actor or address is one of those of its log that contain a part.
#[derive(Debug, Clone, QueryId)]
struct Among<C> {
    field: Field,
    tenant: String,
    known: Contains<C>,
}

fn actor_among(tenant: TenantId, part: &str) -> Among<audit_actors::actor> {
    let known = contains(audit_actors::actor, part);
    Among { field: Field::Actor, tenant: tenant.to_string(), known }
}

fn source_among(tenant: TenantId, part: &str) -> Among<audit_sources::source_ip> {
    let known = contains(audit_sources::source_ip, part);
    Among { field: Field::Source, tenant: tenant.to_string(), known }
}

impl<C> Expression for Among<C> {
    type SqlType = Bool;
}

impl<C, QS> AppearsOnTable<QS> for Among<C> where audit_logs::tenant_id: AppearsOnTable<QS> {}

impl<C, G> ValidGrouping<G> for Among<C> {
    type IsAggregate = is_aggregate::No;
}

impl<C, DB> QueryFragment<DB> for Among<C>
where
    DB: Backend + HasSqlType<Text>,
    String: ToSql<Text, DB>,
    Contains<C>: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let Self { field, tenant, known } = self;
        let (table, column) = (field.words(), field.column());
        out.push_sql(&format!("(audit_logs.{column} IN ("));
        out.push_sql(&format!("SELECT {table}.{column} FROM {table} WHERE {table}.tenant_id = "));
        out.push_bind_param::<Text, _>(tenant)?;
        out.push_sql(" AND ");
        known.walk_ast(out.reborrow())?;
        out.push_sql("))");
        Ok(())
    }
}

/// What a way finds in a log, as a boxed query.
macro_rules! found {
    ($db:ident, $tenant:expr, $way:expr) => {{
        let (tenant, way): (TenantId, &Way) = ($tenant, $way);
        let rows = filtered!(audit_logs::table.into_boxed::<$db>(), Some(tenant), &way.rest);
        match way.by {
            Field::Actor => rows.filter(actor_among(tenant, &way.part)),
            Field::Source => rows.filter(source_among(tenant, &way.part)),
        }
    }};
}

/// An actor or address, after whose log knows it.
pub(super) type Word = (String, String);

/// An entry's actor or address is one of these, each of its own log.
#[derive(Debug, Clone)]
pub(super) struct OneOf {
    pub(super) column: &'static str,
    pub(super) words: Vec<Word>,
}

impl QueryId for OneOf {
    type QueryId = Self;

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Expression for OneOf {
    type SqlType = Bool;
}

impl<QS> AppearsOnTable<QS> for OneOf where audit_logs::tenant_id: AppearsOnTable<QS> {}

impl<G> ValidGrouping<G> for OneOf {
    type IsAggregate = is_aggregate::No;
}

impl<DB> QueryFragment<DB> for OneOf
where
    DB: Backend + HasSqlType<Text>,
    String: ToSql<Text, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let Self { column, words } = self;
        // Another statement for each number of words: kept compiled, they would fill the memory.
        out.unsafe_to_cache_prepared();
        // SQLite's index of actors has no entries without one. That a pair of columns leaves them out it must be told.
        out.push_sql(&format!(
            "(audit_logs.{column} IS NOT NULL AND (audit_logs.tenant_id, audit_logs.{column}) IN (VALUES "
        ));
        for (number, (tenant, word)) in words.iter().enumerate() {
            out.push_sql(if number == 0 { "(" } else { ", (" });
            out.push_bind_param::<Text, _>(tenant)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(word)?;
            out.push_sql(")");
        }
        out.push_sql("))");
        Ok(())
    }
}

/// Actors or addresses, of a log or of all, that contain a part; no more than `limit` are looked for.
pub(super) fn containing(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    way: &Way,
    limit: usize,
) -> Result<Vec<Word>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    if tenant.is_none()
        && let Some(words) = parts::find(conn, way.by, &way.part, limit)?
    {
        return Ok(words);
    }
    let tenant = tenant.map(|tenant| tenant.to_string());
    macro_rules! words {
        ($table:ident, $column:ident) => {
            on_engine!(conn, c, Db => {
                let mut known = $table::table.filter(contains($table::$column, &way.part)).into_boxed::<Db>();
                if let Some(tenant) = tenant {
                    known = known.filter($table::tenant_id.eq(tenant));
                }
                known.select(($table::tenant_id, $table::$column)).limit(limit).load::<Word>(c)
            })?
        };
    }
    Ok(match way.by {
        Field::Actor => words!(audit_actors, actor),
        Field::Source => words!(audit_sources, source_ip),
    })
}

/// All entries that fit, newest first, of those in a range of ids; `None` when the filter looks into no text, or when what
/// it finds by them is much.
pub(super) fn few(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    filter: &AuditFilter,
    range: &Range,
) -> Result<Option<Vec<Key>>, StoreError> {
    // The indexes know no types: these are looked at afterwards, and only of few.
    if !filter.looks_into_texts() {
        return Ok(None);
    }
    let of_any_type = AuditFilter { kinds: Vec::new(), outcome: None, ..filter.clone() };
    let mut keys = BTreeSet::new();
    for way in ways(&of_any_type) {
        // An address that is looked for beside an actor may be rare where the actor is not.
        let other = by_source(&of_any_type).filter(|_| filter.text.is_none() && way.by == Field::Actor);
        let mut found = None;
        for way in iter::once(way).chain(other) {
            let words = containing(conn, tenant, &way, FEW + 1)?;
            if words.len() <= FEW {
                found = Some((way, words));
                break;
            }
        }
        let Some((way, words)) = found else { return Ok(None) };
        if words.is_empty() {
            continue;
        }
        let rows: Vec<Key> = on_engine!(conn, c, Db => {
            let rows = entries!(Db, tenant, &way.rest, range).filter(OneOf { column: way.by.column(), words });
            rows.select((audit_logs::id, audit_logs::tenant_id)).limit(FEW as i64 + 1).load(c)
        })?;
        if rows.len() > FEW {
            return Ok(None);
        }
        keys.extend(rows);
    }
    if let Some(kinds) = filter.fitting_kinds() {
        keys = of_types(conn, &keys, &kinds)?;
    }
    Ok(Some(keys.into_iter().rev().collect()))
}

/// Entries by their places, as a boxed query. Of several logs, it may find others that have the same id.
macro_rules! at {
    ($db:ident, $keys:expr) => {{
        let keys: &BTreeSet<Key> = $keys;
        let tenants: BTreeSet<&String> = keys.iter().map(|(_, tenant)| tenant).collect();
        let ids: Vec<&String> = keys.iter().map(|(id, _)| id).collect();
        let mut rows = audit_logs::table.filter(audit_logs::id.eq_any(ids)).into_boxed::<$db>();
        // With several tenants, SQLite would look for each id in the log of each.
        if let (Some(tenant), 1) = (tenants.first(), tenants.len()) {
            rows = rows.filter(audit_logs::tenant_id.eq((*tenant).clone()));
        }
        rows
    }};
}

/// Those of these entries that are of some types.
fn of_types(conn: &mut Connection, keys: &BTreeSet<Key>, kinds: &[AuditType]) -> Result<BTreeSet<Key>, StoreError> {
    let rows: Vec<Key> = on_engine!(conn, c, Db => at!(Db, keys)
        .filter(audit_logs::kind.eq_any(kinds.iter().map(|kind| kind.as_str())))
        .select((audit_logs::id, audit_logs::tenant_id))
        .load(c))?;
    Ok(rows.into_iter().filter(|key| keys.contains(key)).collect())
}

/// Entries by their places, in the order given.
pub(super) fn load(conn: &mut Connection, keys: &[Key]) -> Result<Vec<AuditLogItem>, StoreError> {
    row::all(rows(conn, keys)?)
}

/// Rows by their places, in the order given.
pub(super) fn rows(conn: &mut Connection, keys: &[Key]) -> Result<Vec<Row>, StoreError> {
    let wanted: BTreeSet<Key> = keys.iter().cloned().collect();
    let rows = on_engine!(conn, c, Db => at!(Db, &wanted).select(Row::as_select()).load::<Row>(c))?;
    let place = |row: Row| ((row.id.clone(), row.tenant_id.clone()), row);
    let mut rows: BTreeMap<Key, Row> = rows.into_iter().map(place).collect();
    Ok(keys.iter().filter_map(|key| rows.remove(key)).collect())
}

/// How many entries of a log fit a filter that looks into texts.
pub(super) fn total(conn: &mut Connection, tenant: TenantId, filter: &AuditFilter) -> Result<i64, StoreError> {
    let ways = ways(filter);
    let counts = ways.iter().map(|way| count(conn, tenant, way)).collect::<Result<Vec<_>, _>>()?;
    // What is found in both ways is one entry.
    let twice = match (ways.first(), &filter.text) {
        (Some(by_actor), Some(part)) if counts.iter().all(|count| *count > 0) => {
            on_engine!(conn, c, Db => found!(Db, tenant, by_actor)
                .filter(source_among(tenant, part))
                .count()
                .get_result::<i64>(c))?
        }
        _ => 0,
    };
    Ok(counts.iter().sum::<i64>() - twice)
}

fn count(conn: &mut Connection, tenant: TenantId, way: &Way) -> Result<i64, StoreError> {
    Ok(on_engine!(conn, c, Db => found!(Db, tenant, way).count().get_result::<i64>(c))?)
}

/// Forgets actors and addresses of deleted entries that no other entry has.
pub(super) fn forget(conn: &mut Connection, gone: &[Gone]) -> Result<(), StoreError> {
    let actors: BTreeSet<(&str, &str)> =
        gone.iter().filter_map(|gone| Some((gone.tenant_id.as_str(), gone.actor.as_deref()?))).collect();
    let sources: BTreeSet<(&str, &str)> =
        gone.iter().map(|gone| (gone.tenant_id.as_str(), gone.source_ip.as_str())).collect();
    match conn {
        Connection::Sqlite(c) => {
            for (tenant, actor) in actors {
                let entries = audit_logs::table
                    .filter(audit_logs::tenant_id.eq(tenant))
                    .filter(audit_logs::actor.eq(actor).and(audit_logs::actor.is_not_null()));
                let known = audit_actors::table.find((tenant, actor));
                diesel::delete(known.filter(not(exists(entries)))).execute(c)?;
            }
            for (tenant, source) in sources {
                let entries =
                    audit_logs::table.filter(audit_logs::tenant_id.eq(tenant)).filter(audit_logs::source_ip.eq(source));
                let known = audit_sources::table.find((tenant, source));
                diesel::delete(known.filter(not(exists(entries)))).execute(c)?;
            }
        }
        Connection::Postgres(c) => {
            // Who is writing an entry has found its actor here, or will add it: this waits for the one, and makes the other
            // wait, so that none goes whose entry is on its way.
            diesel::sql_query("LOCK TABLE audit_actors, audit_sources IN SHARE ROW EXCLUSIVE MODE").execute(c)?;
            for (table, column, words) in [("audit_actors", "actor", actors), ("audit_sources", "source_ip", sources)] {
                let (tenants, words): (Vec<&str>, Vec<&str>) = words.into_iter().unzip();
                diesel::sql_query(format!(
                    "DELETE FROM {table} known USING unnest($1, $2) AS gone (tenant_id, word) \
                     WHERE known.tenant_id = gone.tenant_id AND known.{column} = gone.word AND NOT EXISTS ( \
                         SELECT 1 FROM audit_logs entry \
                         WHERE entry.tenant_id = gone.tenant_id AND entry.{column} = gone.word)"
                ))
                .bind::<Array<Text>, _>(tenants)
                .bind::<Array<Text>, _>(words)
                .execute(c)?;
            }
        }
    }
    Ok(())
}

/// Forgets all actors and addresses of a log that is gone.
pub(super) fn delete(conn: &mut Connection, tenant: &str) -> Result<(), StoreError> {
    on_engine!(conn, c, _Db => {
        diesel::delete(audit_actors::table.filter(audit_actors::tenant_id.eq(tenant))).execute(c)?;
        diesel::delete(audit_sources::table.filter(audit_sources::tenant_id.eq(tenant))).execute(c)?;
    });
    Ok(())
}
