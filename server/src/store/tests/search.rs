use doorward_shared::TenantId;

use super::{fixture::*, harness::TestDatabase, on_every_engine};
use crate::{
    db::on_engine,
    domain::{
        Transaction, User,
        list::{SearchCursor, SearchStage, TimeQuery},
    },
    store::{bounded_search::EXAMINED, transactions, users},
};

on_every_engine!(
    users_are_listed_newest_first,
    prefix_matches_come_first_and_no_user_is_listed_twice,
    searches_continue_where_a_page_stopped,
    transactions_are_listed_and_searched_newest_first
);

/// Returns the ids on all pages of a search, and the number of matches that the last page reports.
async fn walk(db: &TestDatabase, tenant: TenantId, search: Option<&str>, limit: u32) -> (Vec<String>, u64) {
    let (mut ids, mut after) = (Vec::new(), None::<SearchCursor>);
    for _ in 0..10_000 {
        let query = TimeQuery { search: search.map(str::to_owned), after, limit };
        let found = db.read(move |c| users::search(c, tenant, &query)).await;
        assert!(found.rows.len() <= limit as usize);
        ids.extend(found.rows.into_iter().map(|user| user.external_id));
        if search.is_some() {
            assert!(ids.len() as u64 <= found.known, "{search:?}: {} of {}", ids.len(), found.known);
        }
        after = found.next;
        if after.is_none() {
            return (ids, found.known);
        }
    }
    panic!("the pages of {search:?} do not end");
}

async fn insert(db: &TestDatabase, people: Vec<User>) {
    db.write(move |c| people.iter().try_for_each(|one| users::upsert(c, one).map(drop))).await;
}

fn named(number: u128, external_id: &str, name: &str, display_name: &str) -> User {
    User {
        external_id: external_id.to_owned(),
        name: name.to_owned(),
        display_name: display_name.to_owned(),
        // Users `2n` and `2n + 1` have the same creation time.
        created_at: at(number as i64 / 2),
        ..user(1, number)
    }
}

async fn users_are_listed_newest_first(db: TestDatabase) {
    two_tenants(&db).await;
    insert(&db, (4..=9).map(|number| named(number, &format!("user-{number}"), "n", "d")).collect()).await;
    // The list is ordered by creation time, then by id. Users 3 and 6 have the same creation time.
    let expected: Vec<String> = [9, 8, 7, 6, 3, 5, 4, 2, 1].map(|number| format!("user-{number}")).into();
    for limit in [1, 2, 4, 9, 50] {
        assert_eq!(walk(&db, tenant_id(1), None, limit).await, (expected.clone(), 9), "{limit}");
    }
    assert_eq!(walk(&db, tenant_id(2), None, 2).await.0.len(), 3);
    assert_eq!(walk(&db, tenant_id(9), None, 2).await, (Vec::new(), 0));
}

async fn prefix_matches_come_first_and_no_user_is_listed_twice(db: TestDatabase) {
    two_tenants(&db).await;
    insert(
        &db,
        vec![
            named(11, "u11", "anna@example.com", "Anna"),
            named(12, "u12", "liam@example.com", "Johanna"),
            named(13, "anna-13", "x", "ANNA too"),
            named(14, "u14", "hannah", "50%_off"),
            named(15, "u15", "b", "Ännchen"),
            named(16, "ANNA", "c", "d"),
        ],
    )
    .await;
    let find = |text: &'static str, limit: u32| {
        let db = db.clone();
        async move {
            let (ids, known) = walk(&db, tenant_id(1), Some(text), limit).await;
            assert_eq!(known, ids.len() as u64, "{text}");
            ids
        }
    };
    for limit in [1, 2, 3, 50] {
        // The search for prefixes distinguishes upper and lower case in ids, but not in names.
        assert_eq!(find("anna", limit).await, ["anna-13", "u11", "ANNA", "u14", "u12"], "{limit}");
        assert_eq!(find("ANNA", limit).await, ["ANNA", "anna-13", "u11", "u14", "u12"], "{limit}");
        assert_eq!(find("@example.com", limit).await, ["u12", "u11", "user-3", "user-2", "user-1"], "{limit}");
    }
    assert_eq!(find("50%_", 2).await, ["u14"]);
    assert_eq!(find("5%", 2).await, [""; 0]);
    assert_eq!(find("Änn", 2).await, ["u15"]);
    assert_eq!(find("nobody", 2).await, [""; 0]);
    let id: &'static str = user_id(12).to_string().leak();
    assert_eq!(find(id, 2).await, ["u12"]);
}

async fn searches_continue_where_a_page_stopped(db: TestDatabase) {
    two_tenants(&db).await;
    // There are more users than a search examines for two pages. The names of one old user and of one user in the
    // middle of the list contain `rare`.
    let number = EXAMINED * 2 + 100;
    db.write(move |c| {
        let sql = format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number}) \
             INSERT INTO users (tenant_id, id, external_id, name, display_name, icon, created_at, updated_at) \
             SELECT '{tenant}', {id}, 'bulk-' || i, \
             CASE WHEN i = 7 OR i = {EXAMINED} THEN 'a rare one' ELSE 'common' END, 'x', '', {NOW} + i / 10, {NOW} FROM n",
            tenant = tenant_id(1),
            id = match c.engine() {
                crate::db::Engine::Sqlite => "printf('00000000-0000-4000-8000-%012d', i)",
                crate::db::Engine::Postgres => "'00000000-0000-4000-8000-' || lpad(i::text, 12, '0')",
            }
        );
        c.run(&sql)
    })
    .await;
    let rare = vec![format!("bulk-{EXAMINED}"), "bulk-7".to_owned()];
    assert_eq!(walk(&db, tenant_id(1), Some("rare"), 50).await, (rare.clone(), 2));
    assert_eq!(walk(&db, tenant_id(1), Some("rare"), 1).await, (rare.clone(), 2));
    // The first page of the search contains the users whose name begins with the text. In the list of all users, newest
    // first, these users are on later pages.
    let query = TimeQuery { search: Some("A RARE".to_owned()), after: None, limit: 2 };
    let found = db.read(move |c| users::search(c, tenant_id(1), &query)).await;
    assert_eq!(found.rows.iter().map(|user| user.external_id.clone()).collect::<Vec<_>>(), rare);
    assert_eq!(found.next.map(|next| next.stage), Some(SearchStage::Prefixes));
    assert_eq!(walk(&db, tenant_id(1), Some("A RARE"), 50).await, (rare, 2));
    // More names begin with `Common` than a search lists before other matches, so all matches are listed newest first.
    let (ids, known) = walk(&db, tenant_id(1), Some("Common"), 200).await;
    assert_eq!((ids.len() as u64, known), (number as u64 - 2, number as u64 - 2));
    let mut sorted = ids.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted.len(), ids.len());
    assert_eq!(ids[0], format!("bulk-{number}"));
}

async fn transactions_are_listed_and_searched_newest_first(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| {
        for number in 1..=6_u128 {
            let mut one = transaction(1, number % 2 + 1, number);
            one.identifier = ["pay-1", "PAY-2", "order-pay", "refund", "pay-5", "x_y"][number as usize - 1].to_owned();
            one.created_at = at(number as i64 / 3);
            one.updated_at = one.created_at;
            transactions::insert(c, &one)?;
        }
        transactions::insert(c, &transaction(2, 1, 9))?;
        // This transaction is confirmed in the millisecond of its creation.
        transactions::confirm(c, tenant_id(1), transaction_id(1), at(0))?;
        transactions::confirm(c, tenant_id(1), transaction_id(6), at(50)).map(drop)
    })
    .await;
    let list = |search: Option<&'static str>, user: Option<u128>, limit: u32| {
        let db = db.clone();
        async move {
            let (mut found, mut after) = (Vec::<(Transaction, String)>::new(), None);
            loop {
                let query = TimeQuery { search: search.map(str::to_owned), after, limit };
                let user = user.map(user_id);
                let page = db.read(move |c| transactions::search(c, tenant_id(1), user, &query)).await;
                found.extend(page.rows);
                after = page.next;
                if after.is_none() {
                    return found;
                }
            }
        }
    };
    let ids = |found: &[(Transaction, String)]| {
        found.iter().map(|(transaction, _)| transaction.identifier.clone()).collect::<Vec<_>>()
    };
    for limit in [1, 2, 50] {
        let all = list(None, None, limit).await;
        assert_eq!(ids(&all), ["x_y", "pay-5", "refund", "order-pay", "PAY-2", "pay-1"], "{limit}");
        let confirmed: Vec<bool> = all.iter().map(|(transaction, _)| transaction.confirmed()).collect();
        assert_eq!(confirmed, [true, false, false, false, false, true]);
        assert_eq!(all.iter().map(|(_, user)| user.as_str()).next(), Some("user-1"));
        assert_eq!(ids(&list(Some("pay"), None, limit).await), ["pay-5", "pay-1", "order-pay", "PAY-2"], "{limit}");
        assert_eq!(ids(&list(Some("pay"), Some(2), limit).await), ["pay-5", "pay-1", "order-pay"], "{limit}");
        assert_eq!(ids(&list(None, Some(1), limit).await), ["x_y", "refund", "PAY-2"], "{limit}");
        assert_eq!(ids(&list(Some("_"), None, limit).await), ["x_y"], "{limit}");
    }
    assert!(db.write(|c| delete_tenant(c, tenant_id(1))).await);
    assert_eq!(list(None, None, 9).await, []);
    let left: i64 = db
        .read(|c| {
            use diesel::prelude::*;
            Ok(on_engine!(c, c, _Db => crate::store::schema::transactions::table.count().get_result(c))?)
        })
        .await;
    assert_eq!(left, 1);
}
