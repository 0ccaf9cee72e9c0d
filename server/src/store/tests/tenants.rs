use doorward_shared::{AuditType, TenantId, page::PageRequest};

use super::{fixture::*, harness::TestDatabase, on_every_engine};
use crate::{
    db::{Connection, DbError},
    store::{api_keys, audit, challenges, credentials, installation, signing_keys, tenants, transactions},
};

on_every_engine!(
    tenants_can_be_read_changed_and_deleted,
    data_of_a_deleted_tenant_is_deleted_in_units,
    search_matches_wildcards_literally,
    installation_values_are_kept_by_name
);

async fn tenants_can_be_read_changed_and_deleted(db: TestDatabase) {
    two_tenants(&db).await;
    assert_eq!(db.read(|c| tenants::find(c, tenant_id(1))).await, Some(tenant(1)));
    assert_eq!(db.read(|c| tenants::find(c, tenant_id(9))).await, None);
    assert_eq!(db.read(tenants::all).await, [tenant(1), tenant(2)]);
    let again = db.database.write(|c: &mut Connection| tenants::insert(c, &tenant(1))).await;
    assert_eq!(again, Err(DbError::Duplicate { table: "tenants".to_owned() }));

    assert!(db.write(|c| tenants::rename(c, tenant_id(1), "Other", at(7))).await);
    let mut config = tenant(1).config;
    config.webauthn.timeout = 1;
    let changed = config.clone();
    assert!(db.write(move |c| tenants::update_config(c, tenant_id(1), &config, at(8))).await);
    let stored = db.read(|c| tenants::find(c, tenant_id(1))).await.expect("the tenant");
    assert_eq!((stored.display_name.as_str(), stored.updated_at, stored.config), ("Other", at(8), changed.clone()));
    assert!(!db.write(|c| tenants::rename(c, tenant_id(9), "Other", at(7))).await);
    assert!(!db.write(move |c| tenants::update_config(c, tenant_id(9), &changed, at(7))).await);

    let page = db.read(|c| tenants::list(c, None, PageRequest { page: 2, per_page: 1 })).await;
    assert_eq!((page.total, page.items[0].id), (2, tenant_id(2)));

    // Deleting the nil tenant or an unknown tenant does nothing, so the installation's log is kept.
    let kind = doorward_shared::AuditType::TenantDeleted;
    db.write(move |c| audit::insert(c, &event(TenantId::INSTALLATION, 0, 1, kind))).await;
    assert!(!db.write(|c| delete_tenant(c, TenantId::INSTALLATION)).await);
    assert!(db.write(|c| delete_tenant(c, tenant_id(1))).await);
    assert!(!db.write(|c| delete_tenant(c, tenant_id(1))).await);
    assert_eq!(db.read(|c| tenants::all(c).map(|all| all.len())).await, 1);
    let log = db.read(|c| audit::page(c, None, &Default::default(), None, PageRequest::default())).await;
    assert_eq!((log.total, log.items.len()), (crate::domain::audit::Total::Exact(1), 1));
}

async fn data_of_a_deleted_tenant_is_deleted_in_units(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| {
        for tenant in [1, 2] {
            for number in 1..=5 {
                credentials::insert(c, &credential(tenant, 1, number))?;
                challenges::insert(c, &challenge(tenant, Some(1), number))?;
                transactions::insert(c, &transaction(tenant, 1, number.into()))?;
            }
            api_keys::insert(c, &api_key(tenant, 1))?;
            signing_keys::insert(c, &signing_key(tenant, 1))?;
        }
        tenants::mark_deleted(c, tenant_id(1), at(9)).map(drop)
    })
    .await;
    // No function finds the tenant, and no entry can be added to its log.
    assert_eq!(db.read(|c| tenants::find(c, tenant_id(1))).await, None);
    assert_eq!(db.read(|c| tenants::all(c).map(|all| all.len())).await, 1);
    assert_eq!(db.read(|c| tenants::list(c, None, PageRequest::default())).await.total, 1);
    assert!(!db.write(|c| tenants::rename(c, tenant_id(1), "Other", at(7))).await);
    assert!(!db.write(|c| tenants::mark_deleted(c, tenant_id(1), at(9))).await);
    let entry = event(tenant_id(1), 0, 1, AuditType::ApiKeyRejected);
    let late = db
        .database
        .write(move |c: &mut Connection| {
            assert!(challenges::take(c, tenant_id(1), &challenge_value(1))?);
            audit::insert(c, &entry)
        })
        .await;
    assert_eq!(late, Err(DbError::Orphan));
    assert!(db.read(|c| challenges::find(c, tenant_id(1), &challenge_value(1))).await.is_some());
    // The job can resume after any unit of work.
    assert_eq!(db.read(|c| tenants::deleted(c, 10)).await, [tenant_id(1)]);
    let mut units = 0;
    while db.write(|c| tenants::remove_some(c, tenant_id(1), 2)).await {
        units += 1;
        assert!(matches!(
            db.database.write(|c: &mut Connection| tenants::insert(c, &tenant(1))).await,
            Err(DbError::Duplicate { .. })
        ));
    }
    assert_eq!(units, 3 + 3 + 3 + 2 + 1 + 1);
    assert_eq!(db.read(|c| tenants::deleted(c, 10)).await, []);
    db.write(|c| tenants::insert(c, &tenant(1))).await;
    assert_eq!(db.read(|c| credentials::for_user(c, tenant_id(2), user_id(1))).await.len(), 5);
    assert!(db.read(|c| challenges::find(c, tenant_id(2), &challenge_value(5))).await.is_some());
    // An existing tenant is never removed.
    assert!(!db.write(|c| tenants::remove_some(c, tenant_id(1), 2)).await);
    assert_eq!(db.read(|c| tenants::find(c, tenant_id(1))).await, Some(tenant(1)));
}

async fn search_matches_wildcards_literally(db: TestDatabase) {
    for (number, name) in ["100%", "a_b", "back\\slash", "axb", "ÄRGER", "Straße"].into_iter().enumerate() {
        let mut one = tenant(number as u128);
        one.display_name = name.to_owned();
        db.write(move |c| tenants::insert(c, &one)).await;
    }
    for (text, expected) in [
        ("%", vec!["100%"]),
        ("_", vec!["a_b"]),
        ("\\", vec!["back\\slash"]),
        ("A_B", vec!["a_b"]),
        ("SLASH", vec!["back\\slash"]),
        // The case of letters outside ASCII matters, on both engines.
        ("Ä", vec!["ÄRGER"]),
        ("ä", vec![]),
        ("ärger", vec![]),
        ("ß", vec!["Straße"]),
    ] {
        let page = db.read(move |c| tenants::list(c, Some(text), PageRequest::default())).await;
        let names: Vec<_> = page.items.iter().map(|item| item.display_name.as_str()).collect();
        assert_eq!((names, page.total), (expected.clone(), expected.len() as u64), "{text}");
    }
}

async fn installation_values_are_kept_by_name(db: TestDatabase) {
    assert_eq!(db.read(|c| installation::get(c, "a")).await, None);
    assert_eq!(db.write(|c| installation::put_if_absent(c, "a", "1")).await, "1");
    assert_eq!(db.write(|c| installation::put_if_absent(c, "a", "2")).await, "1");
    db.write(|c| installation::put(c, "a", "3")).await;
    db.write(|c| installation::put(c, "b", "4")).await;
    assert_eq!(db.read(|c| installation::get(c, "a")).await.as_deref(), Some("3"));
}
