use super::{fixture::*, harness::TestDatabase, on_every_engine};
use crate::{
    db::{Connection, DbError},
    domain::Transaction,
    store::transactions,
};

on_every_engine!(transactions_can_be_added_read_and_confirmed, pages_of_transactions_are_limited_in_number_and_bytes,);

async fn transactions_can_be_added_read_and_confirmed(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| {
        transactions::insert(c, &transaction(1, 1, 1))?;
        transactions::insert(c, &transaction(1, 1, 2))?;
        transactions::insert(c, &transaction(1, 2, 3))?;
        transactions::insert(c, &transaction(2, 1, 1))
    })
    .await;
    let mut other_id = transaction(1, 1, 1);
    other_id.id = transaction_id(8);
    let again = db.database.write(move |c: &mut Connection| transactions::insert(c, &other_id)).await;
    assert_eq!(again, Err(DbError::Duplicate { table: "transactions".to_owned() }));
    assert_eq!(db.read(|c| transactions::find(c, tenant_id(1), transaction_id(1))).await, Some(transaction(1, 1, 1)));
    let own = db.read(|c| transactions::for_user(c, tenant_id(1), user_id(1), None)).await;
    assert_eq!(own, (vec![transaction(1, 1, 2), transaction(1, 1, 1)], None));
    assert!(db.write(|c| transactions::confirm(c, tenant_id(1), transaction_id(1), at(42))).await);
    assert!(!db.write(|c| transactions::confirm(c, tenant_id(1), transaction_id(9), at(42))).await);
    let confirmed = db.read(|c| transactions::find(c, tenant_id(1), transaction_id(1))).await.expect("it");
    assert_eq!((confirmed.created_at, confirmed.updated_at), (at(1), at(42)));
}

async fn pages_of_transactions_are_limited_in_number_and_bytes(db: TestDatabase) {
    const LARGE: usize = 40 * 1024;
    const COUNT: u128 = 1_100;
    two_tenants(&db).await;
    db.write(|c| {
        (0..COUNT).try_for_each(|number| {
            let data = if number < 60 { "x".repeat(LARGE) } else { String::new() };
            // Three consecutive transactions have the same creation time.
            let created_at = at(i64::try_from(number / 3).expect("a time"));
            transactions::insert(c, &Transaction { data, created_at, ..transaction(1, 1, number) })
        })
    })
    .await;
    let (mut seen, mut after, mut pages) = (Vec::new(), None, Vec::new());
    loop {
        let (page, next) = db.read(move |c| transactions::for_user(c, tenant_id(1), user_id(1), after.clone())).await;
        let bytes: usize = page.iter().map(|one| one.data.len()).sum();
        assert!(page.len() <= 1_000 && bytes <= 1 << 20, "{} {bytes}", page.len());
        pages.push(page.len());
        seen.extend(page.into_iter().map(|one| (one.created_at, one.id)));
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(pages, [1_000, 40 + 25, 25, 10]);
    assert!(seen.is_sorted_by(|one, next| one > next), "newest first, each once");
}
