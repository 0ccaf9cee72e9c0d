use super::{fixture::*, harness::TestDatabase, on_every_engine};
use crate::{
    db::{Connection, DbError},
    store::challenges,
};

on_every_engine!(a_challenge_is_used_once, challenges_are_kept_whole, expired_ones_are_purged);

async fn a_challenge_is_used_once(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| challenges::insert(c, &challenge(1, None, 1))).await;
    let racers: Vec<_> = (0..50)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move { db.write(|c| challenges::take(c, tenant_id(1), &challenge_value(1))).await })
        })
        .collect();
    let mut won = 0;
    for racer in racers {
        won += usize::from(racer.await.expect("a racer"));
    }
    assert_eq!(won, 1);
}

async fn challenges_are_kept_whole(db: TestDatabase) {
    two_tenants(&db).await;
    let mut whole = challenge(1, Some(2), 1);
    whole.transaction_id = Some(transaction_id(1));
    let stored = whole.clone();
    db.write(move |c| challenges::insert(c, &stored)).await;
    assert_eq!(db.read(|c| challenges::find(c, tenant_id(1), &challenge_value(1))).await, Some(whole));
    assert_eq!(db.read(|c| challenges::find(c, tenant_id(2), &challenge_value(1))).await, None);
    let again = db.database.write(|c: &mut Connection| challenges::insert(c, &challenge(1, None, 1))).await;
    assert_eq!(again, Err(DbError::Duplicate { table: "challenges".to_owned() }));
    let orphan = db.database.write(|c: &mut Connection| challenges::insert(c, &challenge(1, Some(9), 2))).await;
    assert_eq!(orphan, Err(DbError::Orphan));
    assert!(!db.write(|c| challenges::take(c, tenant_id(2), &challenge_value(1))).await);
}

async fn expired_ones_are_purged(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| {
        for number in 1..=10 {
            challenges::insert(c, &challenge(1 + u128::from(number % 2), None, number))?;
        }
        Ok(())
    })
    .await;
    assert_eq!(db.write(|c| challenges::purge_expired(c, at(6000), 3)).await, 3);
    assert_eq!(db.write(|c| challenges::purge_expired(c, at(6000), 100)).await, 2);
    assert_eq!(db.write(|c| challenges::purge_expired(c, at(6000), 100)).await, 0);
    assert!(db.read(|c| challenges::find(c, tenant_id(1), &challenge_value(6))).await.is_some());
}
