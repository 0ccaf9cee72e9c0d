use doorward_shared::AuditType;

use super::{fixture::*, harness::TestDatabase, on_every_engine};
use crate::{
    db::{Connection, DbError},
    store::{
        audit, challenges,
        expired_rows::{self, CHALLENGES, REDEEMED_TOKENS, RowKey},
        redeemed_tokens,
        state::StateChange,
        tenants,
    },
};

on_every_engine!(
    concurrent_takes_succeed_once,
    challenges_are_stored_completely,
    challenges_of_a_disabled_tenant_are_not_taken_for_a_token,
    expired_challenges_are_purged_in_chunks,
    token_is_redeemed_once_and_its_id_is_purged_after_its_expiry
);

async fn concurrent_takes_succeed_once(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| challenges::insert(c, &challenge(1, None, 1))).await;
    let takes: Vec<_> = (0..50)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move { db.write(|c| challenges::take(c, tenant_id(1), &challenge_value(1))).await })
        })
        .collect();
    let mut succeeded = 0;
    for take in takes {
        succeeded += usize::from(take.await.expect("a task"));
    }
    assert_eq!(succeeded, 1);
}

async fn challenges_are_stored_completely(db: TestDatabase) {
    two_tenants(&db).await;
    let mut whole = challenge(1, Some(2), 1);
    whole.transaction_id = Some(transaction_id(1));
    let stored = whole.clone();
    db.write(move |c| challenges::insert(c, &stored)).await;
    assert_eq!(db.read(|c| challenges::find(c, tenant_id(1), &challenge_value(1))).await, Some(whole));
    assert_eq!(db.read(|c| challenges::find(c, tenant_id(2), &challenge_value(1))).await, None);
    let again = db.database.write(|c: &mut Connection| challenges::insert(c, &challenge(1, None, 1))).await;
    assert_eq!(again, Err(DbError::Duplicate { table: "challenges".to_owned() }));
    // On PostgreSQL, only the insertion of an audit entry in the same transaction refuses an unknown tenant.
    let orphan = |c: &mut Connection| {
        challenges::insert(c, &challenge(9, None, 2))?;
        audit::insert(c, &event(tenant_id(9), 0, 1, AuditType::WebauthnAuthenticationInitSucceeded))
    };
    assert_eq!(db.database.write(orphan).await, Err(DbError::Orphan));
    assert!(!db.write(|c| challenges::take(c, tenant_id(2), &challenge_value(1))).await);
}

async fn challenges_of_a_disabled_tenant_are_not_taken_for_a_token(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| {
        challenges::insert(c, &challenge(1, None, 1))?;
        challenges::insert(c, &challenge(2, None, 1))?;
        assert_eq!(tenants::set_disabled(c, tenant_id(1), &Some(at(5)).into())?, Some(1));
        assert_eq!(tenants::set_disabled(c, tenant_id(1), &Some(at(6)).into())?, None);
        Ok(())
    })
    .await;
    assert_eq!(db.read(|c| tenants::find(c, tenant_id(1))).await.expect("the tenant").disabled_at, Some(at(5)));
    assert!(!db.write(|c| challenges::take_if_enabled(c, tenant_id(1), &challenge_value(1))).await);
    assert!(db.write(|c| challenges::take_if_enabled(c, tenant_id(2), &challenge_value(1))).await);
    assert_eq!(db.write(|c| tenants::set_disabled(c, tenant_id(1), &StateChange::default())).await, Some(2));
    assert_eq!(db.write(|c| tenants::set_disabled(c, tenant_id(1), &StateChange::default())).await, None);
    assert!(db.write(|c| challenges::take_if_enabled(c, tenant_id(1), &challenge_value(1))).await);
    assert!(!db.write(|c| challenges::take_if_enabled(c, tenant_id(1), &challenge_value(1))).await);
}

async fn expired_challenges_are_purged_in_chunks(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| {
        for number in 1..=10 {
            challenges::insert(c, &challenge(1 + u128::from(number % 2), None, number))?;
        }
        Ok(())
    })
    .await;
    // Five challenges have expired. Each chunk contains at most three rows, in the order of the key. A chunk can
    // contain rows of several tenants.
    let (mut after, mut chunks) = (RowKey::default(), Vec::new());
    loop {
        let from = after.clone();
        let chunk = db.read(move |c| expired_rows::find(c, CHALLENGES, &from, at(6000), 3)).await;
        let (from, end) = (after, chunk.end.clone());
        let deleted = db.write(move |c| expired_rows::delete(c, CHALLENGES, &from, end.as_ref(), at(6000))).await;
        assert_eq!(deleted, chunk.expired);
        chunks.push(deleted);
        let Some(end) = chunk.end else { break };
        after = end;
    }
    assert_eq!((chunks.len(), chunks.iter().sum::<usize>()), (4, 5));
    for number in 1..=10 {
        let tenant = tenant_id(1 + u128::from(number % 2));
        let found = db.read(move |c| challenges::find(c, tenant, &challenge_value(number))).await;
        assert_eq!(found.is_some(), number >= 6, "{number}");
    }
}

async fn token_is_redeemed_once_and_its_id_is_purged_after_its_expiry(db: TestDatabase) {
    two_tenants(&db).await;
    let redemptions: Vec<_> = (0..50)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move { db.write(|c| redeemed_tokens::insert(c, tenant_id(1), "a", at(5))).await })
        })
        .collect();
    let mut succeeded = 0;
    for redemption in redemptions {
        succeeded += usize::from(redemption.await.expect("a task"));
    }
    assert_eq!(succeeded, 1);
    assert!(db.write(|c| redeemed_tokens::insert(c, tenant_id(2), "a", at(9))).await, "another tenant's id");
    let orphan = db.database.write(|c: &mut Connection| redeemed_tokens::insert(c, tenant_id(9), "a", at(5))).await;
    assert_eq!(orphan, Err(DbError::Orphan));
    let purge = |before| {
        move |c: &mut Connection| {
            let found = expired_rows::find(c, REDEEMED_TOKENS, &RowKey::default(), at(before), 10)?;
            let deleted = expired_rows::delete(c, REDEEMED_TOKENS, &RowKey::default(), found.end.as_ref(), at(before))?;
            Ok((found.expired, deleted))
        }
    };
    assert_eq!(db.write(purge(5)).await, (0, 0));
    assert_eq!(db.write(purge(6)).await, (1, 1));
    assert!(!db.write(|c| redeemed_tokens::insert(c, tenant_id(2), "a", at(9))).await);
}
