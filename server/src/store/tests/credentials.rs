use doorward_shared::{
    AttestationTrust, Timestamp,
    page::{Order, PageRequest},
};

use super::{fixture::*, harness::TestDatabase, on_every_engine};
use crate::{
    db::{Connection, DbError},
    domain::{Credential, User, audit::Total, list::PageQuery},
    store::{
        ceremony_steps::FindUser,
        credentials::{self, CredentialUse},
        users,
    },
};

on_every_engine!(
    credentials_can_be_added_read_renamed_and_deleted,
    concurrent_uses_are_recorded_once,
    use_of_a_changed_credential_is_rejected,
    use_of_a_disabled_credential_or_user_is_rejected,
    unit_of_work_is_usable_after_a_duplicate
);

async fn find_user(db: &TestDatabase, external_id: &str) -> Option<(User, Vec<Credential>)> {
    db.database.query(FindUser::new(tenant_id(1), external_id)).await.expect("a query")
}

async fn credentials_can_be_added_read_renamed_and_deleted(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| {
        credentials::insert(c, &credential(1, 1, 1))?;
        credentials::insert(c, &credential(1, 1, 2))?;
        credentials::insert(c, &credential(1, 2, 3))?;
        credentials::insert(c, &credential(2, 2, 1))
    })
    .await;
    let id = || credential_id(1);
    assert_eq!(db.read(move |c| credentials::find(c, tenant_id(1), &id())).await, Some(credential(1, 1, 1)));
    let both = db.read(move |c| credentials::find_with_owner(c, tenant_id(2), &id())).await;
    assert_eq!(both, Some((credential(2, 2, 1), user(2, 2))));
    let own = db.read(|c| credentials::for_user(c, tenant_id(1), user_id(1))).await;
    assert_eq!(own, [credential(1, 1, 2), credential(1, 1, 1)]);

    let one = PageRequest { page: 1, per_page: 1 };
    let page =
        db.read(move |c| credentials::page(c, tenant_id(1), None, &PageQuery::numbered(Order::Descending, one))).await;
    assert_eq!((page.items, page.total), (vec![(credential(1, 2, 3), "user-2".to_owned())], Some(Total::Exact(3))));
    let page = db
        .read(move |c| {
            credentials::page(c, tenant_id(1), Some(user_id(1)), &PageQuery::numbered(Order::Ascending, one))
        })
        .await;
    assert_eq!((page.items, page.total), (vec![(credential(1, 1, 1), "user-1".to_owned())], Some(Total::Exact(2))));

    assert!(db.write(move |c| credentials::rename(c, tenant_id(1), &id(), "New", at(99))).await);
    let renamed = db.read(move |c| credentials::find(c, tenant_id(1), &id())).await.expect("the credential");
    assert_eq!((renamed.name.as_str(), renamed.updated_at), ("New", at(99)));
    assert!(db.write(move |c| credentials::delete(c, tenant_id(1), &id())).await);
    assert!(!db.write(move |c| credentials::delete(c, tenant_id(1), &id())).await);
    assert!(!db.write(move |c| credentials::rename(c, tenant_id(1), &id(), "New", at(99))).await);
    assert!(db.read(move |c| credentials::find(c, tenant_id(2), &id())).await.is_some());
}

async fn concurrent_uses_are_recorded_once(db: TestDatabase) {
    two_tenants(&db).await;
    let mut fresh = credential(1, 1, 1);
    fresh.sign_count = 5;
    let observed = fresh.clone();
    db.write(move |c| credentials::insert(c, &fresh)).await;
    let usage = CredentialUse { sign_count: 6, backup_state: true, backup_eligible: true, at: at(70) };
    let racers: Vec<_> = (0..20)
        .map(|_| {
            let (db, observed) = (db.clone(), observed.clone());
            tokio::spawn(async move { db.write(move |c| credentials::record_use(c, &observed, &usage)).await })
        })
        .collect();
    let mut won = 0;
    for racer in racers {
        won += usize::from(racer.await.expect("a racer"));
    }
    assert_eq!(won, 1);
    let used = db.read(|c| credentials::find(c, tenant_id(1), &credential_id(1))).await.expect("the credential");
    assert_eq!((used.sign_count, used.backup_state, used.last_used_at), (6, true, Some(at(70))));
    // `updated_at` changes only if the name changes.
    assert_eq!(used.updated_at, at(1));
}

async fn use_of_a_changed_credential_is_rejected(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| credentials::insert(c, &credential(1, 1, 1))).await;
    let usage = CredentialUse { sign_count: 9, backup_state: true, backup_eligible: true, at: at(70) };
    let observed = credential(1, 1, 1);
    let other_user = Credential { user_id: user_id(2), ..observed.clone() };
    let other_time = Credential { created_at: at(77), ..observed.clone() };
    let other_eligibility = Credential { backup_eligible: !observed.backup_eligible, ..observed.clone() };
    let other_counter = Credential { sign_count: 7, ..observed.clone() };
    let other_trust = Credential { attestation_trust: AttestationTrust::Chain, ..observed.clone() };
    for other in [other_user, other_time, other_eligibility, other_counter, other_trust] {
        assert!(!db.write(move |c| credentials::record_use(c, &other, &usage)).await);
    }
    assert!(db.write(move |c| credentials::record_use(c, &observed, &usage)).await);
    let (owner, own) = find_user(&db, "user-1").await.expect("the user");
    assert_eq!((owner, own.len()), (user(1, 1), 1));
    let nothing = find_user(&db, "user-2").await;
    assert_eq!(nothing, Some((user(1, 2), Vec::new())));
    assert_eq!(find_user(&db, "user-9").await, None);
}

async fn use_of_a_disabled_credential_or_user_is_rejected(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| {
        credentials::insert(c, &credential(1, 1, 1))?;
        credentials::insert(c, &credential(1, 2, 2))?;
        credentials::insert(c, &credential(2, 1, 1))
    })
    .await;
    let usage = CredentialUse { sign_count: u32::MAX, backup_state: false, backup_eligible: true, at: at(70) };
    let use_of = |tenant, user, number| {
        let (db, observed) = (db.clone(), credential(tenant, user, number));
        async move { db.write(move |c| credentials::record_use(c, &observed, &usage)).await }
    };
    let disable = |since: Option<Timestamp>| {
        db.write(move |c| {
            Ok(credentials::set_disabled(c, tenant_id(1), user_id(1), &credential_id(1), &since.into())?.is_some())
        })
    };
    assert!(disable(Some(at(5))).await && !disable(Some(at(6))).await);
    assert!(!use_of(1, 1, 1).await && use_of(1, 2, 2).await && use_of(2, 1, 1).await);
    assert!(disable(None).await && !disable(None).await);
    let disable_user = |since: Option<Timestamp>| {
        db.write(move |c| Ok(users::set_disabled(c, tenant_id(1), user_id(1), &since.into())?.is_some()))
    };
    assert!(disable_user(Some(at(7))).await && !disable_user(Some(at(8))).await);
    assert!(!use_of(1, 1, 1).await && use_of(1, 2, 2).await && use_of(2, 1, 1).await);
    // The owner is disabled, but the credential itself is enabled.
    let (stored, owner) =
        db.read(|c| credentials::find_with_owner(c, tenant_id(1), &credential_id(1))).await.expect("the credential");
    assert_eq!((stored.disabled_at, owner.disabled_at), (None, Some(at(7))));
    assert!(disable_user(None).await && !disable_user(None).await);
    assert!(use_of(1, 1, 1).await);
}

async fn unit_of_work_is_usable_after_a_duplicate(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| credentials::insert(c, &credential(1, 1, 1))).await;
    let orphan = db.database.write(|c: &mut Connection| credentials::insert(c, &credential(1, 9, 9))).await;
    assert_eq!(orphan, Err(DbError::Orphan));
    db.write(|c| {
        let again = credentials::insert(c, &credential(1, 2, 1));
        assert_eq!(again, Err(DbError::Duplicate { table: "credentials".to_owned() }));
        credentials::insert(c, &credential(1, 2, 2))
    })
    .await;
    assert!(db.read(|c| credentials::find(c, tenant_id(1), &credential_id(2))).await.is_some());
}
