//! Transactions newest first, page by page, and searches among very many of them.

use diesel::{dsl::not, prelude::*, sql_types::Bool};
use doorward_shared::{TenantId, UserId};

use super::{
    super::{
        Connection, DbError,
        bounded_search::{self, Found, Looked},
        on_engine,
        schema::{transactions, users},
        text_match::{after_all_that_begin, contains},
    },
    Row,
};
use crate::domain::{
    Transaction,
    list::{Place, SortKey, TimeQuery},
};

/// Which transactions are looked for.
struct Search<'a> {
    tenant: String,
    user: Option<String>,
    part: &'a str,
}

/// A tenant's transactions, or those of one user, older than a place, newest first.
macro_rules! older {
    ($query:expr, $tenant:expr, $user:expr, $after:expr) => {{
        let (query, user, after): (_, Option<&str>, Option<&Place>) = ($query, $user, $after);
        let query = query.filter(transactions::tenant_id.eq($tenant));
        let query = match user {
            None => query,
            Some(user) => query.filter(transactions::user_id.eq(user)),
        };
        let query = match after {
            None => query,
            Some(place) => query.filter(transactions::created_at.le(place.key.number())).filter(
                transactions::created_at.lt(place.key.number()).or::<_, Bool>(transactions::id.lt(place.id.clone())),
            ),
        };
        query.order((transactions::created_at.desc(), transactions::id.desc()))
    }};
}

/// Transactions whose identifier begins with the text, as it is written.
macro_rules! beginning {
    ($part:expr) => {
        transactions::identifier.ge($part).and(transactions::identifier.lt(after_all_that_begin($part)))
    };
}

impl bounded_search::Table for Search<'_> {
    type Row = Row;

    fn place(row: &Row) -> Place {
        Place { key: SortKey::Number(row.created_at), id: row.id.clone() }
    }

    fn beginning(&self, conn: &mut Connection) -> Result<Option<Vec<Row>>, DbError> {
        let rows = on_engine!(conn, c, Db => {
            let mut query = transactions::table
                .filter(transactions::tenant_id.eq(&self.tenant))
                .filter(beginning!(self.part))
                .into_boxed::<Db>();
            if let Some(user) = &self.user {
                query = query.filter(transactions::user_id.eq(user));
            }
            query.select(Row::as_select()).limit(bounded_search::MORE_THAN_FEW).load::<Row>(c)
        })?;
        Ok((rows.len() <= bounded_search::FEW).then_some(rows))
    }

    fn look(
        &self,
        conn: &mut Connection,
        after: Option<&Place>,
        rest: bool,
        most: i64,
    ) -> Result<Looked<Row>, DbError> {
        let user = self.user.as_deref();
        let end: Option<(i64, String)> = on_engine!(conn, c, Db => {
            older!(transactions::table.into_boxed::<Db>(), &self.tenant, user, after)
                .select((transactions::created_at, transactions::id))
                .offset(bounded_search::LOOKED_AT - 1)
                .first(c)
                .optional()
        })?;
        let rows = on_engine!(conn, c, Db => {
            let mut query = older!(transactions::table.into_boxed::<Db>(), &self.tenant, user, after)
                .filter(contains(transactions::identifier, self.part));
            if rest {
                query = query.filter(not(beginning!(self.part)));
            }
            if let Some((at, id)) = &end {
                query = query
                    .filter(transactions::created_at.ge(at))
                    .filter(transactions::created_at.gt(at).or::<_, Bool>(transactions::id.ge(id)));
            }
            query.select(Row::as_select()).limit(most).load::<Row>(c)
        })?;
        Ok(Looked { rows, end: end.map(|(at, id)| Place { key: SortKey::Number(at), id }) })
    }
}

/// Transactions newest first, from a place on, each with the tenant's own id of its user. With a search, those whose
/// identifier begins with the text come first, then those that contain it.
///
/// # Errors
/// [`DbError`] of the database.
pub fn search(
    conn: &mut Connection,
    tenant: TenantId,
    user: Option<UserId>,
    query: &TimeQuery,
) -> Result<Found<(Transaction, String)>, DbError> {
    let (tenant, user) = (tenant.to_string(), user.map(|user| user.to_string()));
    let found = match &query.search {
        Some(part) => {
            let table = Search { tenant: tenant.clone(), user, part };
            bounded_search::page(conn, &table, query.after.clone(), query.limit)?
        }
        None => {
            let after = query.after.as_ref().map(|after| &after.place);
            let rows = on_engine!(conn, c, Db => {
                older!(transactions::table.into_boxed::<Db>(), &tenant, user.as_deref(), after)
                    .select(Row::as_select())
                    .limit(i64::from(query.limit) + 1)
                    .load::<Row>(c)
            })?;
            bounded_search::plain::<Search<'_>>(rows, query.limit)
        }
    };
    let owners = owners(conn, &tenant, &found.rows)?;
    let with_owner = |row: Row| {
        let owner = owners.iter().find(|(id, _)| *id == row.user_id).map(|(_, owner)| owner.clone());
        Ok((Transaction::try_from(row)?, owner.unwrap_or_default()))
    };
    let rows = found.rows.into_iter().map(with_owner).collect::<Result<_, DbError>>()?;
    Ok(Found { rows, known: found.known, next: found.next })
}

/// The tenant's own ids of the rows' users.
fn owners(conn: &mut Connection, tenant: &str, rows: &[Row]) -> Result<Vec<(String, String)>, DbError> {
    let ids: Vec<&str> = rows.iter().map(|row| row.user_id.as_str()).collect();
    let query = || {
        users::table
            .filter(users::tenant_id.eq(tenant))
            .filter(users::id.eq_any(&ids))
            .select((users::id, users::external_id))
    };
    Ok(on_engine!(conn, c, _Db => query().load(c))?)
}
