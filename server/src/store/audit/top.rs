//! The newest entries that have one of many actors or addresses, where walking the log would pass over a lot of others. An
//! entry among the newest *k* has an actor whose own newest entry is among the newest *k* of all these actors: one look
//! into an index for each finds them, and then no others are read.

use std::collections::BTreeSet;

use diesel::{
    backend::Backend,
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::{BigInt, HasSqlType, Text},
};
use doorward_shared::{AuditType, TenantId};

use super::{
    super::{
        Connection, Engine, StoreError, on_engine, row,
        schema::audit_logs,
        text::{Contains, contains},
    },
    Row,
    walk::{Range, entries},
    words::{self, Key, OneOf, Way, Word},
};
use crate::domain::audit::AuditFilter;

/// Where there are more words, one of the next entries has one of them.
const MANY: usize = 50_000;
/// As far as pages are found so: the words' entries are sorted for each.
const DEEP: i64 = 500;

/// A page of entries that a filter's texts find, in a range of ids; `None` where the log is to be walked.
pub(super) fn newest(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    filter: &AuditFilter,
    range: &Range,
    offset: i64,
    limit: i64,
) -> Result<Option<Vec<Row>>, StoreError> {
    let wanted = offset.saturating_add(limit);
    if wanted > DEEP {
        return Ok(None);
    }
    if filter.fitting_kinds().is_some_and(|kinds| kinds.is_empty()) {
        return Ok(Some(Vec::new()));
    }
    let mut keys: BTreeSet<Key> = BTreeSet::new();
    for way in words::ways(filter) {
        let words = words::containing(conn, tenant, &way, MANY + 1)?;
        if words.len() > MANY {
            return Ok(None);
        }
        keys.extend(of_way(conn, tenant, &way, words, range, wanted)?);
    }
    let (offset, limit) = (usize::try_from(offset).unwrap_or(0), usize::try_from(limit).unwrap_or(0));
    let keys: Vec<Key> = keys.into_iter().rev().skip(offset).take(limit).collect();
    words::rows(conn, &keys).map(Some)
}

/// The newest entries of some words.
fn of_way(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    way: &Way,
    words: Vec<Word>,
    range: &Range,
    wanted: i64,
) -> Result<Vec<Key>, StoreError> {
    let ranked = ranked(conn, way, &words, range, wanted)?;
    let is_all = i64::try_from(ranked.len()).is_ok_and(|found| found < wanted);
    let oldest = ranked.last().filter(|_| !is_all).map(|(.., id)| id.clone());
    let words: Vec<Word> = ranked.into_iter().map(|(tenant, word, _)| (tenant, word)).collect();
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let range = range.clone().within(&Range { from: oldest, before: None });
    let entries = on_engine!(conn, c, Db => entries!(Db, tenant, &way.rest, &range)
        .filter(OneOf { column: way.by.column(), words })
        .select((audit_logs::id, audit_logs::tenant_id))
        .order(audit_logs::id.desc())
        .limit(wanted)
        .load(c))?;
    Ok(entries)
}

/// A word, after whose log knows it, and its newest entry that fits.
type Ranked = (String, String, String);

/// The words with the newest entries.
fn ranked(
    conn: &mut Connection,
    way: &Way,
    words: &[Word],
    range: &Range,
    limit: i64,
) -> Result<Vec<Ranked>, StoreError> {
    let elements = match conn.engine() {
        Engine::Sqlite => ["json_each(", ")"],
        Engine::Postgres => ["json_array_elements(CAST(", " AS JSON))"],
    };
    let rank = Rank {
        elements,
        words: row::to_json(&words)?,
        column: way.by.column(),
        kinds: way.rest.fitting_kinds(),
        actor: way.rest.actor.as_deref().map(|part| contains(audit_logs::actor, part)),
        source: way.rest.source_ip.as_deref().map(|part| contains(audit_logs::source_ip, part)),
        range,
        limit,
    };
    Ok(on_engine!(conn, c, _Db => rank.load(c))?)
}

/// The statement of [`ranked`].
struct Rank<'a> {
    /// What is around a list in JSON that makes its elements rows.
    elements: [&'static str; 2],
    words: String,
    column: &'static str,
    kinds: Option<Vec<AuditType>>,
    actor: Option<Contains<audit_logs::actor>>,
    source: Option<Contains<audit_logs::source_ip>>,
    range: &'a Range,
    limit: i64,
}

impl QueryId for Rank<'_> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Rank<'_> {
    type SqlType = (Text, Text, Text);
}

impl<C> RunQueryDsl<C> for Rank<'_> {}

impl<DB> QueryFragment<DB> for Rank<'_>
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<Text>,
    i64: ToSql<BigInt, DB>,
    String: ToSql<Text, DB>,
    str: ToSql<Text, DB>,
    Contains<audit_logs::actor>: QueryFragment<DB>,
    Contains<audit_logs::source_ip>: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let Self { elements: [open, close], column, range, .. } = self;
        out.unsafe_to_cache_prepared();
        // Materialized, lest each mention of the newest entry looks for it again.
        out.push_sql("WITH ranked AS MATERIALIZED (SELECT words.tenant_id, words.word, (");
        out.push_sql("SELECT audit_logs.id FROM audit_logs WHERE audit_logs.tenant_id = words.tenant_id AND ");
        out.push_sql(&format!("audit_logs.{column} = words.word AND audit_logs.{column} IS NOT NULL"));
        if let Some(from) = &range.from {
            out.push_sql(" AND audit_logs.id >= ");
            out.push_bind_param::<Text, _>(from)?;
        }
        if let Some(before) = &range.before {
            out.push_sql(" AND audit_logs.id < ");
            out.push_bind_param::<Text, _>(before)?;
        }
        if let Some(kinds) = &self.kinds {
            // Texts of this program, and no others.
            let kinds: Vec<String> = kinds.iter().map(|kind| format!("'{}'", kind.as_str())).collect();
            out.push_sql(&format!(" AND audit_logs.type IN ({})", kinds.join(", ")));
        }
        if let Some(actor) = &self.actor {
            out.push_sql(" AND ");
            actor.walk_ast(out.reborrow())?;
        }
        if let Some(source) = &self.source {
            out.push_sql(" AND ");
            source.walk_ast(out.reborrow())?;
        }
        out.push_sql(" ORDER BY audit_logs.id DESC LIMIT 1) AS newest FROM (");
        out.push_sql(&format!("SELECT value ->> 0 AS tenant_id, value ->> 1 AS word FROM {open}"));
        out.push_bind_param::<Text, _>(&self.words)?;
        out.push_sql(&format!("{close}) AS words) "));
        out.push_sql("SELECT tenant_id, word, newest FROM ranked WHERE newest IS NOT NULL ORDER BY newest DESC LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}
