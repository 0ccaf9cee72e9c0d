//! List of a tenant's transactions, newest first, with a bounded search.

use diesel::{dsl::not, prelude::*};
use doorward_shared::{TenantId, UserId};

use super::{
    super::{
        Connection, DbError,
        bounded_search::{self, Examined, ListPage, down_to, newest_first},
        on_engine,
        schema::{transactions, users},
        text_match::{contains, end_of_prefix},
        users::existing,
    },
    row::Row,
};
use crate::domain::{
    Transaction,
    list::{Cursor, SortKey, TimeQuery},
};

struct Search<'a> {
    tenant: &'a str,
    user: Option<&'a str>,
    text: &'a str,
}

/// Query for the transactions of a tenant, or of one of the tenant's users.
macro_rules! transactions_of {
    ($db:ty, $tenant:expr, $user:expr) => {{
        let user: Option<&str> = $user;
        let query = transactions::table.filter(transactions::tenant_id.eq($tenant)).into_boxed::<$db>();
        match user {
            None => query,
            Some(user) => query.filter(transactions::user_id.eq(user)),
        }
    }};
}

/// Condition: the identifier starts with the text. Case matters.
macro_rules! identifier_starts_with {
    ($text:expr) => {
        transactions::identifier.ge($text).and(transactions::identifier.lt(end_of_prefix($text)))
    };
}

impl bounded_search::Search for Search<'_> {
    type Row = Row;

    fn cursor(row: &Row) -> Cursor {
        Cursor { key: SortKey::Number(row.created_at), id: row.id.clone() }
    }

    fn prefixes(&self, conn: &mut Connection) -> Result<Option<Vec<Row>>, DbError> {
        let rows = on_engine!(conn, c, Db => transactions_of!(Db, self.tenant, self.user)
            .filter(identifier_starts_with!(self.text))
            .select(Row::as_select())
            .limit(bounded_search::PREFIX_LIMIT)
            .load::<Row>(c))?;
        Ok((rows.len() <= bounded_search::MAX_PREFIXES).then_some(rows))
    }

    fn examine(
        &self,
        conn: &mut Connection,
        after: Option<&Cursor>,
        skip_prefixes: bool,
        limit: i64,
    ) -> Result<Examined<Row>, DbError> {
        let end: Option<(i64, String)> = on_engine!(conn, c, Db => {
            newest_first!(transactions_of!(Db, self.tenant, self.user), transactions, after)
                .select((transactions::created_at, transactions::id))
                .offset(bounded_search::EXAMINED - 1)
                .first(c)
                .optional()
        })?;
        let end = end.map(|(at, id)| Cursor { key: SortKey::Number(at), id });
        let rows = on_engine!(conn, c, Db => {
            let query = newest_first!(transactions_of!(Db, self.tenant, self.user), transactions, after);
            let mut query = down_to!(query, transactions, id, end.as_ref())
                .filter(contains!(transactions::identifier, self.text));
            if skip_prefixes {
                query = query.filter(not(identifier_starts_with!(self.text)));
            }
            query.select(Row::as_select()).limit(limit).load::<Row>(c)
        })?;
        Ok(Examined { rows, end })
    }
}

/// Returns a page of transactions, newest first, each with the user id of its user. With a search, transactions whose
/// identifier starts with the text come first, then those whose identifier contains it elsewhere.
pub fn search(
    conn: &mut Connection,
    tenant: TenantId,
    user: Option<UserId>,
    query: &TimeQuery,
) -> Result<ListPage<(Transaction, String)>, DbError> {
    let (tenant, user) = (tenant.to_string(), user.map(|user| user.to_string()));
    let user = user.as_deref();
    let page = match &query.search {
        Some(text) => {
            bounded_search::page(conn, &Search { tenant: &tenant, user, text }, query.after.clone(), query.limit)?
        }
        None => {
            let after = query.after.as_ref().map(|after| &after.row);
            let rows = on_engine!(conn, c, Db => {
                newest_first!(transactions_of!(Db, &tenant, user), transactions, after)
                    .select(Row::as_select())
                    .limit(i64::from(query.limit) + 1)
                    .load::<Row>(c)
            })?;
            let known = rows.len() as u64;
            bounded_search::unfiltered::<Search<'_>>(rows, query.limit, known)
        }
    };
    let owners = owners(conn, &tenant, &page.rows)?;
    // The rows of a user that is marked as deleted are left out.
    let with_owner = |row: Row| {
        let owner = owners.iter().find(|(id, _)| *id == row.user_id).map(|(_, owner)| owner.clone())?;
        Some(Transaction::try_from(row).map(|transaction| (transaction, owner)))
    };
    let rows = page.rows.into_iter().filter_map(with_owner).collect::<Result<_, DbError>>()?;
    Ok(ListPage { rows, known: page.known, next: page.next })
}

/// Returns the internal id and the user id of each row's user.
fn owners(conn: &mut Connection, tenant: &str, rows: &[Row]) -> Result<Vec<(String, String)>, DbError> {
    let ids: Vec<&str> = rows.iter().map(|row| row.user_id.as_str()).collect();
    let query = || existing(tenant).filter(users::id.eq_any(&ids)).select((users::id, users::external_id));
    Ok(on_engine!(conn, c, _Db => query().load(c))?)
}
