//! Actors and addresses of all logs by a part of three characters or more: SQLite's index of trigrams (FTS5) tells which
//! may contain it. A job adds new ones to the index; those that it did not come to yet are looked at one by one.

use diesel::{
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_query,
    sql_types::{BigInt, Text},
    sqlite::Sqlite,
};

use super::{
    super::{
        Connection, StoreError,
        schema::{audit_actors, audit_sources},
        text::{Contains, contains},
    },
    words::{Field, Word},
};

/// Characters that the index knows together.
const TOGETHER: usize = 3;
/// So many of a part's trigrams are asked for: more leave nothing out that looking at the texts does not.
const ASKED: usize = 24;

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

/// Words of all logs that contain a part, at most `limit`; `None` where the index is of no use.
pub(super) fn find(
    conn: &mut Connection,
    field: Field,
    part: &str,
    limit: i64,
) -> Result<Option<Vec<Word>>, StoreError> {
    let (Connection::Sqlite(c), Some(trigrams)) = (conn, trigrams(part)) else { return Ok(None) };
    Ok(Some(match field {
        Field::Actor => Known { field, trigrams, contained: contains(audit_actors::actor, part), limit }.load(c)?,
        Field::Source => {
            Known { field, trigrams, contained: contains(audit_sources::source_ip, part), limit }.load(c)?
        }
    }))
}

/// The part's trigrams in FTS5's language: each quoted, all of them.
fn trigrams(part: &str) -> Option<String> {
    let symbols: Vec<char> = part.chars().collect();
    // The index reads texts to their first NUL, and no log has one.
    if symbols.len() < TOGETHER || symbols.contains(&'\0') {
        return None;
    }
    let quoted = symbols.windows(TOGETHER).take(ASKED).map(|symbols| {
        let trigram: String = symbols.iter().collect();
        format!("\"{}\"", trigram.replace('"', "\"\""))
    });
    Some(quoted.collect::<Vec<_>>().join(" AND "))
}

/// The statement of [`find`].
struct Known<C> {
    field: Field,
    trigrams: String,
    contained: Contains<C>,
    limit: i64,
}

impl<C: 'static> QueryId for Known<C> {
    type QueryId = Known<C>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<C> Query for Known<C> {
    type SqlType = (Text, Text);
}

impl<C> RunQueryDsl<SqliteConnection> for Known<C> {}

impl<C> QueryFragment<Sqlite> for Known<C>
where
    Contains<C>: QueryFragment<Sqlite>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let (words, column, parts) = (self.field.words(), self.field.column(), index_of(self.field));
        // Each in the order of its numbers, as it is found: where many contain the part, the first ones are enough.
        out.push_sql(&format!(
            "SELECT {words}.tenant_id, {words}.{column} FROM {parts} CROSS JOIN {words} ON {words}.id = {parts}.rowid \
             WHERE {parts} MATCH "
        ));
        out.push_bind_param::<Text, _>(&self.trigrams)?;
        out.push_sql(" AND ");
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
/// [`StoreError`] of the database.
pub fn index(conn: &mut Connection, limit: usize) -> Result<usize, StoreError> {
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
