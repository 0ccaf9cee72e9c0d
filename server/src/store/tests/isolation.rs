//! Functions that take a tenant id must neither read nor change rows of another tenant, even if both tenants have rows
//! with the same ids.

use doorward_shared::{
    AttestationTrust, AuditType, TenantId,
    page::{Order, PageRequest},
};

use super::{attestations::kept, fixture::*, harness::TestDatabase, on_every_engine};
use crate::{
    db::{Connection, DbError},
    domain::list::PageQuery,
    store::{
        api_keys, attestations, audit, challenges,
        credentials::{self, CredentialUse},
        redeemed_tokens, signing_keys, tenants, transactions, users,
    },
};

on_every_engine!(changes_do_not_affect_another_tenant, reads_do_not_return_rows_of_another_tenant);

fn fill(c: &mut Connection, number: u128) -> Result<(), DbError> {
    api_keys::insert(c, &api_key(number, 1))?;
    signing_keys::insert(c, &signing_key(number, 1))?;
    credentials::insert(c, &credential(number, 1, 1))?;
    attestations::insert(c, tenant_id(number), &credential_id(1), &kept(1), 1)?;
    challenges::insert(c, &challenge(number, Some(1), 1))?;
    assert!(redeemed_tokens::insert(c, tenant_id(number), "a", at(9))?);
    transactions::insert(c, &transaction(number, 1, 1))?;
    audit::insert(c, &event(tenant_id(number), 0, 1, AuditType::ApiKeyCreated)).map(drop)
}

/// Returns all rows of a tenant as text.
fn everything(c: &mut Connection, tenant: TenantId) -> Result<String, DbError> {
    let (id, value, all) = (credential_id(1), challenge_value(1), PageRequest::default());
    Ok(format!(
        "{:?}",
        (
            (tenants::find(c, tenant)?, api_keys::list(c, tenant)?, api_keys::find(c, tenant, api_key_id(1))?),
            signing_keys::list(c, tenant)?.iter().map(|key| (key.id, key.retired_at)).collect::<Vec<_>>(),
            (users::find(c, tenant, user_id(1))?, users::find_by_external(c, tenant, "user-1")?),
            users::page(c, tenant, Some("u"), &PageQuery::numbered(Order::Ascending, all))?,
            (credentials::find(c, tenant, &id)?, credentials::find_with_owner(c, tenant, &id)?),
            credentials::for_user(c, tenant, user_id(1))?,
            credentials::page(c, tenant, None, &PageQuery::numbered(Order::Ascending, all))?,
            challenges::find(c, tenant, &value)?,
            (
                transactions::find(c, tenant, transaction_id(1))?,
                transactions::for_user(c, tenant, user_id(1), None)?,
                audit::page(c, Some(tenant), &Default::default(), None, all)?,
            ),
        )
    ))
}

async fn changes_do_not_affect_another_tenant(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| fill(c, 1).and_then(|()| fill(c, 2))).await;
    let before = db.read(|c| everything(c, tenant_id(1))).await;
    db.write(|c| {
        let tenant = tenant_id(2);
        let (id, value) = (credential_id(1), challenge_value(1));
        let usage = CredentialUse { sign_count: 1, backup_state: true, backup_eligible: true, at: at(9) };
        let observed = credentials::find(c, tenant, &id)?.expect("the credential");
        assert!(credentials::record_use(c, &observed, &usage)?);
        let judged = attestations::outdated(c, 2, 10)?.into_iter().find(|it| it.tenant_id == tenant).expect("one");
        assert!(attestations::record(c, &judged, AttestationTrust::Chain, 2)?);
        assert!(credentials::rename(c, tenant, &id, "Theirs", at(9))?);
        assert!(transactions::confirm(c, tenant, transaction_id(1), at(9))?);
        api_keys::record_use(c, tenant, api_key_id(1), at(9))?;
        assert!(api_keys::revoke(c, tenant, api_key_id(1), at(9))?.is_some());
        assert!(signing_keys::retire(c, tenant, signing_key_id(1), at(9))?);
        assert!(signing_keys::delete(c, tenant, signing_key_id(1))?);
        assert!(challenges::take(c, tenant, &value)?);
        assert!(credentials::delete(c, tenant, &id)?);
        let mut renamed = user(2, 1);
        renamed.name = "theirs".to_owned();
        users::upsert(c, &renamed)?;
        assert!(delete_user(c, tenant, user_id(1))?);
        audit::insert(c, &event(TenantId::INSTALLATION, 0, 1, AuditType::ApiKeyCreated))?;
        assert_eq!(audit::purge(c, Some(tenant), at(9), None, 100)?.deleted, 1);
        assert!(tenants::rename(c, tenant, "Theirs", at(9))?);
        assert!(tenants::update_config(c, tenant, &self::tenant(2).config, at(9))?);
        assert!(delete_tenant(c, tenant)?);
        Ok(())
    })
    .await;
    assert_eq!(db.read(|c| everything(c, tenant_id(1))).await, before);
}

async fn reads_do_not_return_rows_of_another_tenant(db: TestDatabase) {
    two_tenants(&db).await;
    let empty = db.read(|c| everything(c, tenant_id(2))).await;
    db.write(|c| fill(c, 1)).await;
    assert_eq!(db.read(|c| everything(c, tenant_id(2))).await, empty);
    assert!(db.read(|c| everything(c, tenant_id(1))).await != empty);
}
