use diesel::RunQueryDsl as _;
use doorward_shared::page::{Order, PageRequest};

use super::{fixture::*, harness::TestDatabase, on_every_engine};
use crate::{
    db::{Connection, DbError, cached_sql::CachedSql, on_engine},
    domain::{
        User,
        audit::Total,
        list::{NUMBERED_ROWS, NextRows, PageQuery, TimeQuery},
    },
    store::{
        credentials, tenant_summaries, transactions,
        users::{self, Deletion},
    },
};

on_every_engine!(
    upsert_keeps_id_and_creation_time,
    pages_are_sorted_and_searched,
    numbered_pages_end_at_the_bound_and_cursors_go_on,
    delete_removes_everything_of_the_user,
    transactions_of_a_deleted_user_are_deleted_in_units
);

async fn upsert_keeps_id_and_creation_time(db: TestDatabase) {
    two_tenants(&db).await;
    let mut changed = user(1, 1);
    changed.id = user_id(77);
    changed.updated_at = at(50);
    changed.created_at = at(50);
    // An update that changes nothing keeps `updated_at`.
    let same = changed.clone();
    assert_eq!(db.write(move |c| users::upsert(c, &same)).await, user(1, 1));
    changed.display_name = "Renamed".to_owned();
    let expected = {
        let mut e = user(1, 1);
        e.display_name = "Renamed".to_owned();
        e.updated_at = at(50);
        e
    };
    assert_eq!(db.write(move |c| users::upsert(c, &changed)).await, expected);
    assert_eq!(db.read(|c| users::find(c, tenant_id(1), user_id(1))).await, Some(expected));
    assert_eq!(db.read(|c| users::find(c, tenant_id(1), user_id(77))).await, None);
    assert_eq!(db.read(|c| users::find_by_external(c, tenant_id(2), "user-1")).await, Some(user(2, 1)));
    // User ids are compared byte by byte.
    assert_eq!(db.read(|c| users::find_by_external(c, tenant_id(2), "USER-1")).await, None);
    let orphan = db.database.write(|c: &mut Connection| users::upsert(c, &user(9, 1))).await;
    assert_eq!(orphan, Err(DbError::Orphan));
}

async fn pages_are_sorted_and_searched(db: TestDatabase) {
    two_tenants(&db).await;
    let first = PageRequest { page: 1, per_page: 2 };
    let page =
        db.read(move |c| users::page(c, tenant_id(1), None, &PageQuery::numbered(Order::Descending, first))).await;
    assert_eq!((page.items, page.total), (vec![user(1, 3), user(1, 2)], Some(Total::Exact(3))));
    let second = PageRequest { page: 2, per_page: 2 };
    let page =
        db.read(move |c| users::page(c, tenant_id(1), None, &PageQuery::numbered(Order::Ascending, second))).await;
    assert_eq!((page.items, page.total), (vec![user(1, 3)], Some(Total::Exact(3))));
    for (text, total) in [("USER", 3), ("name2@", 1), ("User 3", 1), ("user-1", 1), ("%", 0), ("_", 0)] {
        let page = db
            .read(move |c| users::page(c, tenant_id(1), Some(text), &PageQuery::numbered(Order::Ascending, first)))
            .await;
        assert_eq!(page.total, Some(Total::Exact(total)), "{text}");
    }
}

/// Returns the ids on all pages, the total of the first page, and the number of the last numbered page.
async fn walk(db: &TestDatabase, text: Option<&'static str>, order: Order) -> (Vec<String>, Option<Total>, u32) {
    let mut query = PageQuery::numbered(order, PageRequest { page: 1, per_page: 900 });
    let (mut ids, mut total) = (Vec::new(), None);
    loop {
        let next = query.clone();
        let page = db.read(move |c| users::page(c, tenant_id(1), text, &next)).await;
        ids.extend(page.items.into_iter().map(|user| user.external_id));
        total = total.or(page.total);
        match page.next {
            Some(NextRows::Number) => query.page.page += 1,
            Some(NextRows::After(cursor)) => query.after = Some(cursor),
            None => return (ids, total, query.page.page),
        }
    }
}

async fn numbered_pages_end_at_the_bound_and_cursors_go_on(db: TestDatabase) {
    two_tenants(&db).await;
    let count = NUMBERED_ROWS + 1_500;
    db.write(move |c| {
        // Several users have the same creation time, and every tenth user matches the search.
        let (tenant, start) = (tenant_id(1).to_string(), at(100).millis());
        let insert = CachedSql::<()>::new(
            "WITH RECURSIVE numbers (n) AS (SELECT 4 UNION ALL SELECT n + 1 FROM numbers WHERE n < 11500) \
             INSERT INTO users (tenant_id, id, external_id, name, display_name, icon, created_at, updated_at) \
             SELECT CAST(? AS TEXT), '00000000-0000-0002-0000-' || CAST(100000000000 + n AS TEXT), \
             CASE WHEN n % 10 = 0 THEN 'match-' ELSE 'other-' END || CAST(n AS TEXT), 'n', 'd', '', \
             CAST(? AS BIGINT) + n / 7, 0 FROM numbers",
        );
        let insert = insert.bind(&tenant).bind(start);
        on_engine!(c, conn, _Db => insert.execute(conn))?;
        let update = CachedSql::<()>::new("UPDATE tenant_summaries SET users = ? WHERE tenant_id = ?");
        let update = update.bind(count).bind(&tenant);
        on_engine!(c, conn, _Db => update.execute(conn))?;
        Ok(())
    })
    .await;
    let count = u64::try_from(count).unwrap();
    for order in [Order::Ascending, Order::Descending] {
        let (ids, total, numbers) = walk(&db, None, order).await;
        assert_eq!((ids.len() as u64, total, numbers), (count, Some(Total::Exact(count)), 12));
        let distinct: std::collections::BTreeSet<&String> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        let (matches, total, _) = walk(&db, Some("match"), order).await;
        let expected: Vec<String> = ids.into_iter().filter(|id| id.starts_with("match")).collect();
        assert_eq!(matches, expected);
        let Some(Total::AtLeast(bound)) = total else { panic!("{total:?}") };
        assert!((990..=1_000).contains(&bound), "{bound}");
    }
}

async fn delete_removes_everything_of_the_user(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| {
        for tenant in [1, 2] {
            credentials::insert(c, &credential(tenant, 1, 1))?;
            transactions::insert(c, &transaction(tenant, 1, 1))?;
        }
        Ok(())
    })
    .await;
    assert!(db.write(|c| delete_user(c, tenant_id(1), user_id(1))).await);
    assert!(!db.write(|c| delete_user(c, tenant_id(1), user_id(1))).await);
    for (tenant, exists) in [(1, false), (2, true)] {
        let tenant = tenant_id(tenant);
        assert_eq!(db.read(move |c| credentials::find(c, tenant, &credential_id(1))).await.is_some(), exists);
        assert_eq!(db.read(move |c| transactions::find(c, tenant, transaction_id(1))).await.is_some(), exists);
    }
}

async fn transactions_of_a_deleted_user_are_deleted_in_units(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| {
        credentials::insert(c, &credential(1, 1, 1))?;
        credentials::insert(c, &credential(1, 1, 2))?;
        (1..=7).try_for_each(|number| transactions::insert(c, &transaction(1, 1, number)))?;
        transactions::insert(c, &transaction(1, 2, 8))
    })
    .await;
    let delete = || db.write(|c| users::delete(c, tenant_id(1), user_id(1), at(9), 2));
    assert_eq!(delete().await, Deletion::Started);
    assert_eq!(delete().await, Deletion::Done);
    assert_eq!(delete().await, Deletion::NotFound);
    // The user no longer exists, although five of the user's transactions still do.
    assert_eq!(db.read(|c| users::find(c, tenant_id(1), user_id(1))).await, None);
    assert_eq!(db.read(|c| users::find_by_external(c, tenant_id(1), "user-1")).await, None);
    let query = TimeQuery { search: None, after: None, limit: 100 };
    let listed = db.read(move |c| transactions::search(c, tenant_id(1), None, &query)).await;
    assert_eq!(listed.rows.len(), 1);
    let counts = db.read(|c| tenant_summaries::counts(c, tenant_id(1))).await;
    assert_eq!((counts.users, counts.credentials), (2, 0));
    for orphan in [
        db.database.write(|c: &mut Connection| credentials::insert(c, &credential(1, 1, 1))).await,
        db.database.write(|c: &mut Connection| transactions::insert(c, &transaction(1, 1, 99))).await,
    ] {
        assert_eq!(orphan, Err(DbError::Orphan));
    }
    assert_eq!(db.write(|c| users::upsert(c, &same_external_id())).await, same_external_id());
    let mut units = 0;
    while db.write(|c| users::remove_some(c, 2)).await {
        units += 1;
    }
    assert_eq!(units, 3);
    assert_eq!(db.read(|c| transactions::for_user(c, tenant_id(1), user_id(1), None)).await.0, []);
    assert_eq!(db.read(|c| transactions::for_user(c, tenant_id(1), user_id(2), None)).await.0.len(), 1);
    assert_eq!(db.read(|c| users::find(c, tenant_id(1), user_id(77))).await, Some(same_external_id()));
}

fn same_external_id() -> User {
    User { id: user_id(77), ..user(1, 1) }
}
