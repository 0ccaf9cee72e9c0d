//! Actors and addresses of all logs by a part of three characters or more: SQLite's index of trigrams (FTS5) tells which
//! may contain it. A job adds new ones to the index; those that it did not come to yet are looked at one by one.

use std::collections::BTreeSet;

use diesel::{
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_query,
    sql_types::{BigInt, Nullable, Text},
    sqlite::Sqlite,
};

use super::{
    super::{
        Connection, DbError, row_convert,
        schema::{audit_actors, audit_sources},
        text_match::old::{Contains, contains},
    },
    words::{Field, Way, Word},
};

/// Characters that the index knows together.
const TOGETHER: usize = 3;
/// Of so many of a part's trigrams the rarest are asked for.
const LOOKED_AT: usize = 24;
/// How far the first so many words that have a trigram are apart tells how many have it.
const PROBED: i64 = if cfg!(test) { 4 } else { 128 };
/// So many words of a trigram's list are passed over in the time that one is looked at.
const PASSED_OVER: i64 = if cfg!(test) { 2 } else { 400 };
/// A further trigram leaves about one of so many words: the parts of a text do not stand side by side by chance.
const LEFT_OVER: i64 = 4;

/// More words are not told apart from more still.
const CANDIDATES: usize = 8_000;

/// Pages of an index that are merged in one unit of work.
const MERGED_PAGES: u32 = 64;

/// The index of a table of words.
const fn index_of(field: Field) -> &'static str {
    match field {
        Field::Actor => "audit_actor_parts",
        Field::Source => "audit_source_parts",
    }
}

/// From these numbers on, words are not in the index yet.
fn end_of(field: Field) -> String {
    format!("COALESCE((SELECT rowid FROM {} ORDER BY rowid DESC LIMIT 1), 0)", index_of(field))
}

/// Numbers of words that have a part's trigrams.
pub(super) struct Likely {
    ids: Vec<i64>,
    /// What the index is asked for, where there are more.
    trigrams: String,
}

/// Looks for them once; `None` where the index is of no use.
fn likely<'a>(conn: &mut Connection, way: &'a Way) -> Result<Option<&'a Likely>, DbError> {
    let found = match way.likely.get() {
        Some(found) => found,
        None => {
            let found = look_for(conn, way)?;
            way.likely.get_or_init(|| found)
        }
    };
    Ok(found.as_ref())
}

fn look_for(conn: &mut Connection, way: &Way) -> Result<Option<Likely>, DbError> {
    #[derive(QueryableByName)]
    struct Candidate {
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    let (Connection::Sqlite(c), Some(trigrams)) = (conn, trigrams(way.part())) else { return Ok(None) };
    let (trigrams, parts) = (rarest(c, way.by, &trigrams)?, index_of(way.by));
    let candidates: Vec<Candidate> =
        sql_query(format!("SELECT rowid AS id FROM {parts} WHERE {parts} MATCH ? LIMIT {CANDIDATES}"))
            .bind::<Text, _>(&trigrams)
            .load(c)?;
    Ok(Some(Likely { ids: candidates.into_iter().map(|candidate| candidate.id).collect(), trigrams }))
}

/// Words of all logs that contain a part, at most `limit`; `None` where the index is of no use.
pub(super) fn find(conn: &mut Connection, way: &Way, limit: i64) -> Result<Option<Vec<Word>>, DbError> {
    let Some(likely) = likely(conn, way)? else { return Ok(None) };
    let Connection::Sqlite(c) = conn else { return Ok(None) };
    let (field, part, trigrams) = (way.by, way.part(), likely.trigrams.as_str());
    // Fewer than were asked for: there are no more.
    let ids = if likely.ids.len() < CANDIDATES { Some(row_convert::to_json(&likely.ids)?) } else { None };
    Ok(Some(match field {
        Field::Actor => {
            Known { field, ids, trigrams, contained: contains(audit_actors::actor, part), limit }.load(c)?
        }
        Field::Source => {
            Known { field, ids, trigrams, contained: contains(audit_sources::source_ip, part), limit }.load(c)?
        }
    }))
}

/// Some words of those that may contain a part.
pub(super) struct Sample {
    /// Those of the looked at that do.
    pub(super) words: Vec<Word>,
    /// How many were looked at.
    pub(super) size: usize,
    /// Of how many.
    pub(super) of: usize,
}

/// Looks at so many of the words that may contain a part; `None` where these are not more, or not known.
pub(super) fn sample(conn: &mut Connection, way: &Way, size: usize) -> Result<Option<Sample>, DbError> {
    let Some(likely) = likely(conn, way)?.filter(|likely| likely.ids.len() > size) else { return Ok(None) };
    let Connection::Sqlite(c) = conn else { return Ok(None) };
    let of = likely.ids.len();
    let looked_at: Vec<i64> = likely.ids.iter().step_by(of.div_ceil(size)).copied().collect();
    let size = looked_at.len();
    macro_rules! words {
        ($table:ident, $column:ident) => {
            $table::table
                .filter($table::id.eq_any(looked_at))
                .filter(contains($table::$column, way.part()))
                .select(($table::tenant_id, $table::$column))
                .load(c)?
        };
    }
    let words = match way.by {
        Field::Actor => words!(audit_actors, actor),
        Field::Source => words!(audit_sources, source_ip),
    };
    Ok(Some(Sample { words, size, of }))
}

/// The part's trigrams in FTS5's language: each quoted, and once.
fn trigrams(part: &str) -> Option<BTreeSet<String>> {
    let symbols: Vec<char> = part.chars().collect();
    // The index reads texts to their first NUL, and no log has one.
    if symbols.len() < TOGETHER || symbols.contains(&'\0') {
        return None;
    }
    let quoted = symbols.windows(TOGETHER).take(LOOKED_AT).map(|symbols| {
        let trigram: String = symbols.iter().collect();
        format!("\"{}\"", trigram.replace('"', "\"\""))
    });
    Some(quoted.collect())
}

/// Asks for those trigrams that are worth reading their lists: the rarest, and others as long as they leave out more words to be
/// looked at than they have to be passed over themselves. What `user-` and a number have in common, most users have.
fn rarest(c: &mut SqliteConnection, field: Field, trigrams: &BTreeSet<String>) -> Result<String, DbError> {
    let mut lists = lengths(c, field, trigrams)?;
    lists.sort_unstable();
    // As if the rarest one, too, had left one of so many: it is asked for in any case.
    let mut left = lists.first().map_or(0, |(length, _)| *length).saturating_mul(LEFT_OVER);
    let worth = lists.into_iter().take_while(|(length, _)| {
        let is_worth_it = *length <= left.saturating_mul(PASSED_OVER);
        left /= LEFT_OVER;
        is_worth_it
    });
    Ok(worth.map(|(_, trigram)| trigram).collect::<Vec<_>>().join(" AND "))
}

/// About how many words have each of some trigrams.
fn lengths(c: &mut SqliteConnection, field: Field, trigrams: &BTreeSet<String>) -> Result<Vec<(i64, String)>, DbError> {
    #[derive(QueryableByName)]
    struct Probe {
        #[diesel(sql_type = Text)]
        trigram: String,
        #[diesel(sql_type = BigInt)]
        end: i64,
        #[diesel(sql_type = Nullable<BigInt>)]
        from_start: Option<i64>,
        #[diesel(sql_type = Nullable<BigInt>)]
        from_middle: Option<i64>,
    }
    let (parts, end, offset) = (index_of(field), end_of(field), PROBED - 1);
    let found = format!("SELECT rowid FROM {parts} WHERE {parts} MATCH trigrams.value");
    let probes: Vec<Probe> = sql_query(format!(
        "SELECT trigrams.value AS trigram, {end} AS \"end\", ({found} LIMIT 1 OFFSET {offset}) AS from_start, \
         ({found} AND rowid > {end} / 2 LIMIT 1 OFFSET {offset}) AS from_middle FROM json_each(?) AS trigrams"
    ))
    .bind::<Text, _>(row_convert::to_json(trigrams)?)
    .load(c)?;
    let length = |Probe { trigram, end, from_start, from_middle }| {
        let half = |place: i64| PROBED * (end / 2) / place.max(1);
        let number = PROBED + from_start.map_or(0, half) + from_middle.map_or(0, |place| half(place - end / 2));
        (number, trigram)
    };
    Ok(probes.into_iter().map(length).collect())
}

/// The statement of [`find`].
struct Known<'a, C> {
    field: Field,
    /// The numbers of all words that have the trigrams, in JSON, if they are known.
    ids: Option<String>,
    trigrams: &'a str,
    contained: Contains<C>,
    limit: i64,
}

impl<C> QueryId for Known<'_, C> {
    type QueryId = ();

    // Four statements that have one type.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C> Query for Known<'_, C> {
    type SqlType = (Text, Text);
}

impl<C> RunQueryDsl<SqliteConnection> for Known<'_, C> {}

impl<C> QueryFragment<Sqlite> for Known<'_, C>
where
    Contains<C>: QueryFragment<Sqlite>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let (words, column, parts) = (self.field.words(), self.field.column(), index_of(self.field));
        out.push_sql(&format!("SELECT {words}.tenant_id, {words}.{column} FROM "));
        // Each in the order of its numbers, as it is found: where many contain the part, the first ones are enough.
        if let Some(ids) = &self.ids {
            out.push_sql("json_each(");
            out.push_bind_param::<Text, _>(ids)?;
            out.push_sql(&format!(") AS likely CROSS JOIN {words} ON {words}.id = likely.value WHERE "));
        } else {
            out.push_sql(&format!("{parts} CROSS JOIN {words} ON {words}.id = {parts}.rowid WHERE {parts} MATCH "));
            out.push_bind_param::<Text, _>(&self.trigrams)?;
            out.push_sql(" AND ");
        }
        self.contained.walk_ast(out.reborrow())?;
        out.push_sql(&format!(
            " UNION ALL SELECT {words}.tenant_id, {words}.{column} FROM {words} WHERE {words}.id > {} AND ",
            end_of(self.field)
        ));
        self.contained.walk_ast(out.reborrow())?;
        out.push_sql(" LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}

/// Adds words to the indexes that they do not have yet, at most `limit` to each, and tidies these a little, which else whoever
/// deletes words would have to wait for. Answers how many at most were added to one.
///
/// # Errors
/// [`DbError`] of the database.
pub fn index(conn: &mut Connection, limit: usize) -> Result<usize, DbError> {
    let Connection::Sqlite(c) = conn else { return Ok(0) };
    let mut most = 0;
    for field in [Field::Actor, Field::Source] {
        let parts = index_of(field);
        most = most.max(Add { field, limit: i64::try_from(limit).unwrap_or(i64::MAX) }.execute(c)?);
        sql_query(format!("INSERT INTO {parts} ({parts}, rank) VALUES ('merge', {MERGED_PAGES})")).execute(c)?;
    }
    Ok(most)
}

/// The statement of [`index`].
struct Add {
    field: Field,
    limit: i64,
}

impl QueryId for Add {
    type QueryId = ();

    // Two statements that have one type.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<SqliteConnection> for Add {}

impl QueryFragment<Sqlite> for Add {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let (words, column, parts) = (self.field.words(), self.field.column(), index_of(self.field));
        out.push_sql(&format!(
            "INSERT INTO {parts} (rowid, {column}) SELECT id, {column} FROM {words} WHERE id > {} ORDER BY id LIMIT ",
            end_of(self.field)
        ));
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}
