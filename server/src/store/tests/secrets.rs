use super::{fixture::*, harness::TestDatabase, on_every_engine};
use crate::{
    db::{Connection, DbError},
    store::{admin_tokens, api_keys, signing_keys},
};

on_every_engine!(
    api_keys_are_found_until_revoked,
    admin_tokens_are_found_until_revoked,
    signing_keys_retire_once,
    private_keys_are_destroyed_once,
);

async fn api_keys_are_found_until_revoked(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| api_keys::insert(c, &api_key(1, 2)).and_then(|()| api_keys::insert(c, &api_key(1, 1)))).await;
    let again = db.database.write(|c: &mut Connection| api_keys::insert(c, &api_key(1, 1))).await;
    assert_eq!(again, Err(DbError::Duplicate { table: "api_keys".to_owned() }));
    let orphan = db.database.write(|c: &mut Connection| api_keys::insert(c, &api_key(9, 1))).await;
    assert_eq!(orphan, Err(DbError::Orphan));

    assert_eq!(db.read(|c| api_keys::list(c, tenant_id(1))).await, [api_key(1, 1), api_key(1, 2)]);
    db.write(|c| api_keys::record_use(c, tenant_id(1), api_key_id(1), at(60))).await;
    db.write(|c| api_keys::record_use(c, tenant_id(1), api_key_id(1), at(50))).await;
    let used = db.read(|c| api_keys::find(c, tenant_id(1), api_key_id(1))).await.expect("the key");
    assert_eq!(used.last_used_at, Some(at(60)));

    assert_eq!(db.write(|c| api_keys::revoke(c, tenant_id(1), api_key_id(1), at(9))).await, Some(used));
    assert_eq!(db.write(|c| api_keys::revoke(c, tenant_id(1), api_key_id(1), at(9))).await, None);
    assert_eq!(db.read(|c| api_keys::find(c, tenant_id(1), api_key_id(1))).await, None);
    assert_eq!(db.read(|c| api_keys::list(c, tenant_id(1))).await, [api_key(1, 2)]);
}

async fn admin_tokens_are_found_until_revoked(db: TestDatabase) {
    db.write(|c| admin_tokens::insert(c, &token(1, "ops"))).await;
    let taken = db.database.write(|c: &mut Connection| admin_tokens::insert(c, &token(2, "ops"))).await;
    assert_eq!(taken, Err(DbError::Duplicate { table: "admin_tokens".to_owned() }));
    db.write(|c| admin_tokens::record_use(c, token_id(1), at(60))).await;
    db.write(|c| admin_tokens::record_use(c, token_id(1), at(50))).await;
    let used = db.read(|c| admin_tokens::find(c, token_id(1))).await.expect("the token");
    assert_eq!((used.last_used_at, used.role), (Some(at(60)), token(1, "ops").role));
    assert_eq!(db.write(|c| admin_tokens::revoke(c, token_id(1), at(9))).await, Some(used));
    assert_eq!(db.write(|c| admin_tokens::revoke(c, token_id(1), at(9))).await, None);
    assert_eq!(db.read(|c| admin_tokens::find(c, token_id(1))).await, None);
    // The name of a revoked token can be used again.
    db.write(|c| admin_tokens::insert(c, &token(2, "ops"))).await;
    assert_eq!(db.read(admin_tokens::list).await, [token(2, "ops")]);
}

async fn signing_keys_retire_once(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| {
        signing_keys::insert(c, &signing_key(1, 2)).and_then(|()| signing_keys::insert(c, &signing_key(1, 1)))
    })
    .await;
    assert!(db.read(|c| signing_keys::list(c, tenant_id(1))).await == [signing_key(1, 1), signing_key(1, 2)]);
    assert!(db.write(|c| signing_keys::retire(c, tenant_id(1), signing_key_id(1), at(3))).await);
    assert!(!db.write(|c| signing_keys::retire(c, tenant_id(1), signing_key_id(1), at(4))).await);
    let keys = db.read(|c| signing_keys::list(c, tenant_id(1))).await;
    assert_eq!(keys.iter().map(|key| key.retired_at).collect::<Vec<_>>(), [Some(at(3)), None]);
    assert!(db.write(|c| signing_keys::delete(c, tenant_id(1), signing_key_id(1))).await);
    assert!(!db.write(|c| signing_keys::delete(c, tenant_id(1), signing_key_id(1))).await);
    assert!(db.write(|c| delete_tenant(c, tenant_id(1))).await);
    assert!(db.read(|c| signing_keys::list(c, tenant_id(1))).await.is_empty());
}

async fn private_keys_are_destroyed_once(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| signing_keys::insert(c, &signing_key(1, 1))).await;
    assert!(db.write(|c| signing_keys::retire(c, tenant_id(1), signing_key_id(1), at(3))).await);
    assert!(!db.write(|c| signing_keys::destroy_private(c, tenant_id(1), signing_key_id(1), at(3))).await);
    let key = (tenant_id(1), signing_key_id(1));
    assert_eq!(db.read(|c| signing_keys::list_ended(c, at(4), 9)).await, [key]);
    assert!(db.write(|c| signing_keys::destroy_private(c, tenant_id(1), signing_key_id(1), at(4))).await);
    assert!(!db.write(|c| signing_keys::destroy_private(c, tenant_id(1), signing_key_id(1), at(4))).await);
    assert_eq!(db.read(|c| signing_keys::list_ended(c, at(4), 9)).await, []);
}
