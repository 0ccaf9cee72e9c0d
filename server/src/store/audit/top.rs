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
use doorward_shared::TenantId;

use super::{
    super::{Connection, DbError, Engine, on_engine, row_convert, schema::audit_logs},
    Row,
    few::{self, Key, Known, Place},
    walk::{Range, entries},
    words::{self, OneOf, Way, Word},
};
use crate::domain::audit::AuditFilter;

/// Where there are more words, one of the next entries has one of them. Tests have fewer.
const MANY: usize = if cfg!(test) { 400 } else { 50_000 };
/// Words that are looked at together: as much memory as they need.
const AT_ONCE: usize = if cfg!(test) { 150 } else { 5_000 };
/// As far as pages are found so: the words' entries are sorted for each.
const DEEP: i64 = if cfg!(test) { 20 } else { 500 };

/// What the newest entries are looked for by.
pub(super) struct Candidates(Vec<Place>);

impl Candidates {
    /// The words that a filter's texts find, which may be known; `None` where the log is to be walked for a page up to the
    /// `wanted`-th entry.
    pub(super) fn of(
        conn: &mut Connection,
        tenant: Option<TenantId>,
        filter: &AuditFilter,
        wanted: i64,
        known: Known,
    ) -> Result<Option<Self>, DbError> {
        // The indexes know a word and its entries' order, and nothing else: for more, all of a word's entries would be read.
        let ways = words::ways(filter);
        let is_more_asked = filter.fitting_kinds().is_some() || ways.iter().any(|way| way.rest.looks_into_texts());
        if wanted > DEEP || is_more_asked {
            return Ok(None);
        }
        let ways = match known {
            Known::Words(places) => return Ok(Some(Self(places))),
            Known::Ways(known) => known,
            Known::Nothing => ways,
        };
        let mut places = Vec::new();
        for way in ways {
            let words = words::containing(conn, tenant, &way, MANY + 1)?;
            if words.len() > MANY {
                return Ok(None);
            }
            places.push((way, words));
        }
        Ok(Some(Self(places)))
    }

    /// A page of their entries in a range of ids.
    pub(super) fn newest(
        &self,
        conn: &mut Connection,
        range: &Range,
        offset: i64,
        limit: i64,
    ) -> Result<Vec<Row>, DbError> {
        let mut keys: BTreeSet<Key> = BTreeSet::new();
        for (way, words) in &self.0 {
            keys.extend(of_way(conn, way, words, range, offset.saturating_add(limit))?);
        }
        let (offset, limit) = (usize::try_from(offset).unwrap_or(0), usize::try_from(limit).unwrap_or(0));
        let keys: Vec<Key> = keys.into_iter().rev().skip(offset).take(limit).collect();
        few::rows(conn, &keys)
    }
}

/// The newest entries of some words.
fn of_way(conn: &mut Connection, way: &Way, words: &[Word], range: &Range, wanted: i64) -> Result<Vec<Key>, DbError> {
    let most = usize::try_from(wanted).unwrap_or(usize::MAX);
    let mut best: Vec<Ranked> = Vec::new();
    let mut range = range.clone();
    for words in words.chunks(AT_ONCE) {
        best.extend(ranked(conn, way, words, &range, wanted)?);
        best.sort_unstable_by(|(.., one), (.., other)| other.cmp(one));
        best.truncate(most);
        if best.len() == most {
            // Older ones are not wanted, whose ever they are.
            range = range.within(&Range { from: best.last().map(|(.., id)| id.clone()), before: None });
        }
    }
    if best.is_empty() {
        return Ok(Vec::new());
    }
    let words: Vec<Word> = best.into_iter().map(|(tenant, word, _)| (tenant, word)).collect();
    // Each word is one of its own tenant's. Were that said once more, SQLite would walk the tenant's log.
    let entries = on_engine!(conn, c, Db => entries!(Db, None, &way.rest, &range)
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
fn ranked(conn: &mut Connection, way: &Way, words: &[Word], range: &Range, limit: i64) -> Result<Vec<Ranked>, DbError> {
    let elements = match conn.engine() {
        Engine::Sqlite => ["json_each(", ")"],
        Engine::Postgres => ["json_array_elements(CAST(", " AS JSON))"],
    };
    let rank = Rank { elements, words: row_convert::to_json(&words)?, column: way.by.column(), range, limit };
    Ok(on_engine!(conn, c, _Db => rank.load(c))?)
}

/// The statement of [`ranked`].
struct Rank<'a> {
    /// What is around a list in JSON that makes its elements rows.
    elements: [&'static str; 2],
    words: String,
    column: &'static str,
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
        out.push_sql(" ORDER BY audit_logs.id DESC LIMIT 1) AS newest FROM (");
        out.push_sql(&format!("SELECT value ->> 0 AS tenant_id, value ->> 1 AS word FROM {open}"));
        out.push_bind_param::<Text, _>(&self.words)?;
        out.push_sql(&format!("{close}) AS words) "));
        out.push_sql("SELECT tenant_id, word, newest FROM ranked WHERE newest IS NOT NULL ORDER BY newest DESC LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}
