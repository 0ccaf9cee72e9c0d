//! Users newest first, page by page, and searches among very many of them.

use diesel::{dsl::not, prelude::*, sql_types::Bool};
use doorward_shared::{TenantId, UserId};

use super::{
    super::{
        Connection, DbError, bounded_search, on_engine, row_convert,
        schema::users,
        tenant_summaries,
        text_match::{after_all_that_begin, begins, contains},
    },
    Row, parts,
};
use crate::domain::{
    User,
    list::{Place, SortKey, TimeQuery},
};

/// Which users a search looks for.
struct Search<'a> {
    tenant: String,
    part: &'a str,
}

/// Users whose id or a name begins with the text. The tenant's own ids are looked up as they are written.
macro_rules! beginning {
    ($part:expr) => {{
        let part: &str = $part;
        let id = part.parse::<UserId>().map_or_else(|_| String::new(), |id| id.to_string());
        users::id
            .eq(id)
            .or(users::external_id.ge(part.to_owned()).and(users::external_id.lt(after_all_that_begin(part))))
            .or(begins(users::name, part))
            .or(begins(users::display_name, part))
    }};
}

/// Users older than a place, newest first.
macro_rules! older {
    ($query:expr, $after:expr) => {{
        let (query, after): (_, Option<&Place>) = ($query, $after);
        let query = match after {
            None => query,
            Some(place) => query
                .filter(users::created_at.le(place.key.number()))
                .filter(users::created_at.lt(place.key.number()).or::<_, Bool>(users::id.lt(place.id.clone()))),
        };
        query.order((users::created_at.desc(), users::id.desc()))
    }};
}

impl bounded_search::Table for Search<'_> {
    type Row = Row;

    fn place(row: &Row) -> Place {
        Place { key: SortKey::Number(row.created_at), id: row.id.clone() }
    }

    fn beginning(&self, conn: &mut Connection) -> Result<Option<Vec<Row>>, DbError> {
        let of_tenant = || users::table.filter(users::tenant_id.eq(&self.tenant));
        let limit = bounded_search::MORE_THAN_FEW;
        let ids = users::external_id.ge(self.part).and(users::external_id.lt(after_all_that_begin(self.part)));
        let (names, display_names) = (begins(users::name, self.part), begins(users::display_name, self.part));
        // One by one, so that each is a range of its index.
        let found: [Vec<Row>; 3] = on_engine!(conn, c, _Db => [
            of_tenant().filter(ids.clone()).select(Row::as_select()).limit(limit).load(c)?,
            of_tenant().filter(names.clone()).select(Row::as_select()).limit(limit).load(c)?,
            of_tenant().filter(display_names.clone()).select(Row::as_select()).limit(limit).load(c)?,
        ]);
        if found.iter().any(|rows| rows.len() > bounded_search::FEW) {
            return Ok(None);
        }
        let mut rows: Vec<Row> = found.into_iter().flatten().collect();
        if let Ok(id) = self.part.parse::<UserId>() {
            let one = || of_tenant().filter(users::id.eq(id.to_string()));
            rows.extend(on_engine!(conn, c, _Db => one().select(Row::as_select()).first(c).optional())?);
        }
        Ok(Some(rows))
    }

    fn look(
        &self,
        conn: &mut Connection,
        after: Option<&Place>,
        rest: bool,
        most: i64,
    ) -> Result<bounded_search::Looked<Row>, DbError> {
        let end = look_ahead(conn, &self.tenant, after)?;
        let rows = on_engine!(conn, c, Db => {
            let mut query = older!(users::table.filter(users::tenant_id.eq(&self.tenant)).into_boxed::<Db>(), after)
                .filter(parts!(self.part));
            if rest {
                query = query.filter(not(beginning!(self.part)));
            }
            if let Some((at, id)) = &end {
                query = query
                    .filter(users::created_at.ge(at))
                    .filter(users::created_at.gt(at).or::<_, Bool>(users::id.ge(id)));
            }
            query.select(Row::as_select()).limit(most).load::<Row>(c)
        })?;
        Ok(bounded_search::Looked { rows, end: end.map(|(at, id)| Place { key: SortKey::Number(at), id }) })
    }
}

/// The last of the users that a page looks at, unless it looks at all that are left.
fn look_ahead(conn: &mut Connection, tenant: &str, after: Option<&Place>) -> Result<Option<(i64, String)>, DbError> {
    Ok(on_engine!(conn, c, Db => older!(users::table.filter(users::tenant_id.eq(tenant)).into_boxed::<Db>(), after)
        .select((users::created_at, users::id))
        .offset(bounded_search::LOOKED_AT - 1)
        .first(c)
        .optional())?)
}

/// Users newest first, from a place on; with a search, those whose id or a name begins with the text come first, then
/// those that contain it.
///
/// # Errors
/// [`DbError`] of the database.
pub fn search(
    conn: &mut Connection,
    tenant: TenantId,
    query: &TimeQuery,
) -> Result<bounded_search::Found<User>, DbError> {
    let key = tenant.to_string();
    let found = match &query.search {
        Some(part) => bounded_search::page(conn, &Search { tenant: key, part }, query.after.clone(), query.limit)?,
        None => {
            let after = query.after.as_ref().map(|after| &after.place);
            let rows = on_engine!(conn, c, Db => {
                older!(users::table.filter(users::tenant_id.eq(&key)).into_boxed::<Db>(), after)
                    .select(Row::as_select())
                    .limit(i64::from(query.limit) + 1)
                    .load::<Row>(c)
            })?;
            let known = tenant_summaries::counts(conn, tenant)?.users;
            bounded_search::Found { known, ..bounded_search::plain::<Search<'_>>(rows, query.limit) }
        }
    };
    Ok(bounded_search::Found { rows: row_convert::all(found.rows)?, known: found.known, next: found.next })
}
