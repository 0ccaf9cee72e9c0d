use super::{fixture::*, harness::TestDatabase, on_every_engine};
use crate::{
    db::{Connection, DbError},
    store::transactions,
};

on_every_engine!(transactions_can_be_added_read_and_confirmed);

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
    let own = db.read(|c| transactions::for_user(c, tenant_id(1), user_id(1))).await;
    assert_eq!(own, [transaction(1, 1, 2), transaction(1, 1, 1)]);
    assert!(db.write(|c| transactions::confirm(c, tenant_id(1), transaction_id(1), at(42))).await);
    assert!(!db.write(|c| transactions::confirm(c, tenant_id(1), transaction_id(9), at(42))).await);
    let confirmed = db.read(|c| transactions::find(c, tenant_id(1), transaction_id(1))).await.expect("it");
    assert_eq!((confirmed.created_at, confirmed.updated_at), (at(1), at(42)));
}
