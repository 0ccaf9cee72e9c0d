//! List of a tenant's users, newest first, with a bounded search.

use diesel::{dsl::not, prelude::*};
use doorward_shared::{TenantId, UserId};

use super::{
    super::{
        Connection, DbError,
        bounded_search::{self, Examined, ListPage, down_to, newest_first},
        on_engine, row_convert,
        schema::users,
        tenant_summaries,
        text_match::{end_of_prefix, starts_with},
    },
    row::{Row, existing},
};
use crate::domain::{
    User,
    list::{Cursor, SortKey, TimeQuery},
};

/// Condition: the user id, the name or the display name contains a text.
macro_rules! id_or_name_contains {
    ($text:expr) => {{
        use $crate::store::text_match::contains;
        contains!(users::external_id, $text).or(contains!(users::name, $text)).or(contains!(users::display_name, $text))
    }};
}
pub(super) use id_or_name_contains;

struct Search<'a> {
    tenant: &'a str,
    text: &'a str,
}

/// Condition: the user id starts with the text. Case matters.
macro_rules! external_id_starts_with {
    ($text:expr) => {
        users::external_id.ge($text).and(users::external_id.lt(end_of_prefix($text)))
    };
}

impl bounded_search::Search for Search<'_> {
    type Row = Row;

    fn cursor(row: &Row) -> Cursor {
        row.cursor()
    }

    fn prefixes(&self, conn: &mut Connection) -> Result<Option<Vec<Row>>, DbError> {
        let users = || existing(self.tenant);
        let limit = bounded_search::PREFIX_LIMIT;
        // There are three queries, so that each can use its own index.
        let found: [Vec<Row>; 3] = on_engine!(conn, c, _Db => [
            users().filter(external_id_starts_with!(self.text)).select(Row::as_select()).limit(limit).load(c)?,
            users().filter(starts_with!(users::name, self.text)).select(Row::as_select()).limit(limit).load(c)?,
            users().filter(starts_with!(users::display_name, self.text)).select(Row::as_select()).limit(limit).load(c)?,
        ]);
        if found.iter().any(|rows| rows.len() > bounded_search::MAX_PREFIXES) {
            return Ok(None);
        }
        let mut rows: Vec<Row> = found.into_iter().flatten().collect();
        if let Ok(id) = self.text.parse::<UserId>() {
            let by_id = || users().filter(users::id.eq(id.to_string()));
            rows.extend(on_engine!(conn, c, _Db => by_id().select(Row::as_select()).first(c).optional())?);
        }
        Ok(Some(rows))
    }

    fn examine(
        &self,
        conn: &mut Connection,
        after: Option<&Cursor>,
        skip_prefixes: bool,
        limit: i64,
    ) -> Result<Examined<Row>, DbError> {
        let end: Option<(i64, String)> = on_engine!(conn, c, Db => {
            let query = existing(self.tenant).into_boxed::<Db>();
            newest_first!(query, users, after)
                .select((users::created_at, users::id))
                .offset(bounded_search::EXAMINED - 1)
                .first(c)
                .optional()
        })?;
        let end = end.map(|(at, id)| Cursor { key: SortKey::Number(at), id });
        let rows = on_engine!(conn, c, Db => {
            let query = existing(self.tenant).into_boxed::<Db>();
            let mut query = down_to!(newest_first!(query, users, after), users, id, end.as_ref())
                .filter(id_or_name_contains!(self.text));
            if skip_prefixes {
                let id = self.text.parse::<UserId>().map(|id| id.to_string()).unwrap_or_default();
                query = query
                    .filter(users::id.ne(id))
                    .filter(not(external_id_starts_with!(self.text)))
                    .filter(not(starts_with!(users::name, self.text)))
                    .filter(not(starts_with!(users::display_name, self.text)));
            }
            query.select(Row::as_select()).limit(limit).load::<Row>(c)
        })?;
        Ok(Examined { rows, end })
    }
}

/// Returns a page of users, newest first. With a search, users whose id or name starts with the text come first, then
/// those whose id or name contains the text elsewhere.
pub fn search(conn: &mut Connection, tenant: TenantId, query: &TimeQuery) -> Result<ListPage<User>, DbError> {
    let key = tenant.to_string();
    let page = match &query.search {
        Some(text) => bounded_search::page(conn, &Search { tenant: &key, text }, query.after.clone(), query.limit)?,
        None => {
            let rows = on_engine!(conn, c, Db => {
                let rows = existing(&key).into_boxed::<Db>();
                newest_first!(rows, users, query.after.as_ref().map(|after| &after.row))
                    .select(Row::as_select())
                    .limit(i64::from(query.limit) + 1)
                    .load::<Row>(c)
            })?;
            let total = tenant_summaries::counts(conn, tenant)?.users;
            bounded_search::unfiltered::<Search<'_>>(rows, query.limit, total)
        }
    };
    Ok(ListPage { rows: row_convert::all(page.rows)?, known: page.known, next: page.next })
}
