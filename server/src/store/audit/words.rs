//! Entries by a part of their actor or address. `audit_actors` and `audit_sources` hold each of a log's once: a part is
//! looked for among these, and the entries of those that contain it are ranges of an index. Few entries are
//! found at once, by `few`; of many, a page is found by `walk` and `top`, and the total is told from here.

use std::{cell::OnceCell, collections::BTreeSet};

use diesel::{
    backend::Backend,
    dsl::{exists, not},
    expression::{AppearsOnTable, Expression, ValidGrouping, is_aggregate},
    prelude::*,
    query_builder::{AstPass, QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::{Array, Bool, HasSqlType, Text},
};
use doorward_shared::TenantId;

use super::{
    super::{
        Connection, DbError, on_engine,
        schema::{audit_actors, audit_logs, audit_sources},
        text_match::old::{Contains, contains},
    },
    Gone, filtered, long_logs,
    parts::{self, Likely},
};
use crate::domain::audit::AuditFilter;

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
    /// Words that may contain the part, once somebody looked for them.
    pub(super) likely: OnceCell<Option<Likely>>,
}

impl Way {
    /// The part that is looked for.
    pub(super) fn part(&self) -> &str {
        &self.part
    }

    /// The part as a filter of its own.
    pub(super) fn alone(&self) -> AuditFilter {
        let part = Some(self.part.clone());
        match self.by {
            Field::Actor => AuditFilter { actor: part, ..AuditFilter::default() },
            Field::Source => AuditFilter { source_ip: part, ..AuditFilter::default() },
        }
    }
}

/// The ways that together find all entries which fit; none when the filter looks into no text.
pub(super) fn ways(filter: &AuditFilter) -> Vec<Way> {
    let way = |by, part: &String, rest| Way { by, part: part.clone(), rest, likely: OnceCell::new() };
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
pub(super) fn by_source(filter: &AuditFilter) -> Option<Way> {
    let part = filter.source_ip.clone()?;
    let rest = AuditFilter { source_ip: None, ..filter.clone() };
    Some(Way { by: Field::Source, part, rest, likely: OnceCell::new() })
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
) -> Result<Vec<Word>, DbError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    if tenant.is_none()
        && let Some(words) = parts::find(conn, way, limit)?
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

/// How many entries of a log fit a filter that looks into texts.
pub(super) fn total(conn: &mut Connection, tenant: TenantId, filter: &AuditFilter) -> Result<i64, DbError> {
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

fn count(conn: &mut Connection, tenant: TenantId, way: &Way) -> Result<i64, DbError> {
    if let Some(total) = long_logs::total(conn, tenant, way)? {
        return Ok(total);
    }
    Ok(on_engine!(conn, c, Db => found!(Db, tenant, way).count().get_result::<i64>(c))?)
}

/// Forgets actors and addresses of deleted entries that no other entry has.
pub(super) fn forget(conn: &mut Connection, gone: &[Gone]) -> Result<(), DbError> {
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
pub(super) fn delete(conn: &mut Connection, tenant: &str) -> Result<(), DbError> {
    long_logs::delete(conn, tenant)?;
    on_engine!(conn, c, _Db => {
        diesel::delete(audit_actors::table.filter(audit_actors::tenant_id.eq(tenant))).execute(c)?;
        diesel::delete(audit_sources::table.filter(audit_sources::tenant_id.eq(tenant))).execute(c)?;
    });
    Ok(())
}
