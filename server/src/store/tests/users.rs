use doorward_shared::page::{Order, PageRequest};

use super::{fixture::*, harness::TestDatabase, on_every_engine};
use crate::{
    db::{Connection, DbError},
    domain::{User, list::TimeQuery},
    store::{
        credentials, tenant_summaries, transactions,
        users::{self, Deletion},
    },
};

on_every_engine!(
    upsert_keeps_id_and_creation_time,
    pages_are_sorted_and_searched,
    delete_removes_everything_of_the_user,
    transactions_of_a_deleted_user_are_deleted_in_units
);

async fn upsert_keeps_id_and_creation_time(db: TestDatabase) {
    two_tenants(&db).await;
    let mut changed = user(1, 1);
    changed.id = user_id(77);
    changed.updated_at = at(50);
    changed.created_at = at(50);
    // An update without changes also keeps `updated_at`.
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
    // Ids are compared byte by byte.
    assert_eq!(db.read(|c| users::find_by_external(c, tenant_id(2), "USER-1")).await, None);
    let orphan = db.database.write(|c: &mut Connection| users::upsert(c, &user(9, 1))).await;
    assert_eq!(orphan, Err(DbError::Orphan));
}

async fn pages_are_sorted_and_searched(db: TestDatabase) {
    two_tenants(&db).await;
    let first = PageRequest { page: 1, per_page: 2 };
    let page = db.read(move |c| users::page(c, tenant_id(1), None, Order::Descending, first)).await;
    assert_eq!((page.items, page.total), (vec![user(1, 3), user(1, 2)], 3));
    let second = PageRequest { page: 2, per_page: 2 };
    let page = db.read(move |c| users::page(c, tenant_id(1), None, Order::Ascending, second)).await;
    assert_eq!((page.items, page.total), (vec![user(1, 3)], 3));
    for (text, total) in [("USER", 3), ("name2@", 1), ("User 3", 1), ("user-1", 1), ("%", 0), ("_", 0)] {
        let page = db.read(move |c| users::page(c, tenant_id(1), Some(text), Order::Ascending, first)).await;
        assert_eq!(page.total, total, "{text}");
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
    // The user is gone, although five transactions are left.
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
