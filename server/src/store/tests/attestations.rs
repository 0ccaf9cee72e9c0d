use std::collections::BTreeMap;

use doorward_shared::AttestationTrust;
use uuid::Uuid;

use super::{fixture::*, harness::TestDatabase, on_every_engine};
use crate::{
    db::{Connection, DbError, Engine},
    domain::{
        CertificateKeyId, KeptAttestation,
        metadata::{MetadataImport, MetadataRecords, ModelId, ModelRecord, StatusReport},
    },
    store::{attestations, credentials, metadata},
};

on_every_engine!(
    metadata_is_replaced_only_by_a_newer_one,
    outdated_attestations_are_judged_once,
    newest_of_concurrent_judgements_is_kept,
    judgement_of_a_replaced_attestation_is_dropped,
    credential_that_another_unit_has_locked_is_judged_later
);

pub(super) fn import(number: u64) -> MetadataImport {
    MetadataImport { number, next_update: "2027-01-01".to_owned(), imported_at: at(5), entries: 2 }
}

pub(super) fn records(description: &str) -> MetadataRecords {
    let report = StatusReport { status: "REVOKED".to_owned(), effective_date: Some("2026-01-01".to_owned()) };
    let record =
        |id, roots| ModelRecord { id, description: description.to_owned(), reports: vec![report.clone()], roots };
    MetadataRecords {
        entries: vec![
            record(ModelId::KeyId(CertificateKeyId([1; 20])), Vec::new()),
            record(ModelId::Aaguid(Uuid::from_u128(7)), vec!["ab".to_owned()]),
        ],
        roots: BTreeMap::from([("ab".to_owned(), vec![0, 1, 255])]),
    }
}

pub(super) fn kept(number: u8) -> KeptAttestation {
    KeptAttestation { object: vec![number, 0, 255], client_data_hash: vec![number; 32] }
}

fn trust(tenant: u128) -> impl Fn(&mut Connection) -> Result<Option<AttestationTrust>, DbError> + Send + 'static {
    move |c| {
        let found = credentials::find(c, tenant_id(tenant), &credential_id(1))?;
        Ok(found.map(|credential| credential.attestation_trust))
    }
}

async fn metadata_is_replaced_only_by_a_newer_one(db: TestDatabase) {
    assert_eq!(db.read(metadata::number).await, 0);
    assert_eq!(db.read(metadata::newest_import).await, None);
    assert!(db.write(|c| metadata::replace(c, &import(9), &records("old"))).await);
    for number in [9, 8] {
        assert!(!db.write(move |c| metadata::replace(c, &import(number), &records("new"))).await);
    }
    let mut found = db.read(metadata::load).await;
    found.entries.sort_by_key(|entry| entry.roots.clone());
    assert_eq!(found, records("old"));
    // The serial numbers of BLOBs are compared as numbers, not as text: 10 is newer than 9.
    assert!(db.write(|c| metadata::replace(c, &import(10), &records("new"))).await);
    assert_eq!((db.read(metadata::number).await, db.read(metadata::newest_import).await), (10, Some(import(10))));
    assert_eq!(db.read(metadata::load).await.entries[0].description, "new");
}

async fn outdated_attestations_are_judged_once(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| {
        for (tenant, number) in [(1, 1), (1, 2), (2, 1)] {
            credentials::insert(c, &credential(tenant, 1, number))?;
            attestations::insert(c, tenant_id(tenant), &credential_id(number), &kept(number), number.into())?;
        }
        Ok(())
    })
    .await;
    assert_eq!(db.read(|c| attestations::outdated(c, 1, 10)).await.len(), 0);
    let outdated = db.read(|c| attestations::outdated(c, 2, 10)).await;
    assert_eq!(outdated.len(), 2);
    assert_eq!(db.read(|c| attestations::outdated(c, 3, 2)).await.len(), 2);
    let first = outdated[0].clone();
    assert_eq!((first.tenant_id, &first.kept), (tenant_id(1), &kept(1)));
    let changed = db
        .write(move |c| {
            let same = attestations::record(c, &outdated[1], AttestationTrust::None, 2)?;
            Ok((attestations::record(c, &outdated[0], AttestationTrust::Chain, 2)?, same))
        })
        .await;
    assert_eq!(changed, (true, false));
    assert_eq!(db.read(|c| attestations::outdated(c, 2, 10)).await.len(), 0);
    assert_eq!(db.read(trust(1)).await, Some(AttestationTrust::Chain));
    assert_eq!(db.read(trust(2)).await, Some(AttestationTrust::None));
    // Only a judgement with newer metadata can replace the stored one.
    assert!(!db.write(move |c| attestations::record(c, &first, AttestationTrust::SelfSigned, 2)).await);
    assert_eq!(db.read(trust(1)).await, Some(AttestationTrust::Chain));
}

/// Two processes read the attestation at the same time and judge it with different metadata.
async fn newest_of_concurrent_judgements_is_kept(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| {
        credentials::insert(c, &credential(1, 1, 1))?;
        attestations::insert(c, tenant_id(1), &credential_id(1), &kept(1), 1)
    })
    .await;
    let both = db.read(|c| attestations::outdated(c, 2, 10)).await;
    let record = |trust, number| {
        let judged = both[0].clone();
        move |c: &mut Connection| attestations::record(c, &judged, trust, number)
    };
    assert!(db.write(record(AttestationTrust::Chain, 2)).await);
    // The process that judges with BLOB 3 read the attestation when the trust was `none`. Since then, the other process
    // has stored `chain`.
    assert!(db.write(record(AttestationTrust::None, 3)).await);
    assert!(!db.write(record(AttestationTrust::Chain, 2)).await);
    assert_eq!(db.read(trust(1)).await, Some(AttestationTrust::None));
}

async fn judgement_of_a_replaced_attestation_is_dropped(db: TestDatabase) {
    two_tenants(&db).await;
    let add = |number: u8| {
        move |c: &mut Connection| {
            credentials::insert(c, &credential(1, 1, 1))?;
            attestations::insert(c, tenant_id(1), &credential_id(1), &kept(number), 1)
        }
    };
    db.write(add(1)).await;
    let outdated = db.read(|c| attestations::outdated(c, 2, 10)).await;
    // The credential is deleted with its attestation, and is then registered again.
    assert!(db.write(|c| credentials::delete(c, tenant_id(1), &credential_id(1))).await);
    assert_eq!(db.read(|c| attestations::outdated(c, 2, 10)).await.len(), 0);
    db.write(add(2)).await;
    assert!(!db.write(move |c| attestations::record(c, &outdated[0], AttestationTrust::Chain, 2)).await);
    let found = db.read(|c| attestations::outdated(c, 2, 10)).await;
    assert_eq!((found.len(), &found[0].kept), (1, &kept(2)));
    assert_eq!(db.read(trust(1)).await, Some(AttestationTrust::None));
}

/// On PostgreSQL, a unit that judges credentials skips those that another unit has locked. If it waited for such a
/// lock, it could deadlock with logins, which may lock the same credentials in another order.
async fn credential_that_another_unit_has_locked_is_judged_later(db: TestDatabase) {
    two_tenants(&db).await;
    if db.database.engine() == Engine::Sqlite {
        return;
    }
    db.write(|c| {
        credentials::insert(c, &credential(1, 1, 1))?;
        attestations::insert(c, tenant_id(1), &credential_id(1), &kept(1), 1)
    })
    .await;
    let outdated = db.read(|c| attestations::outdated(c, 2, 10)).await;
    let record = || {
        let judged = outdated[0].clone();
        move |c: &mut Connection| attestations::record(c, &judged, AttestationTrust::Chain, 2)
    };
    let ((locked, mut wait), (end, ended)) = (tokio::sync::mpsc::unbounded_channel(), std::sync::mpsc::channel::<()>());
    let other = db.another().await;
    let login = tokio::spawn(async move {
        let update = move |c: &mut Connection| {
            c.run("UPDATE credentials SET sign_count = sign_count + 1")?;
            let _ = locked.send(());
            let _ = ended.recv();
            Ok::<_, DbError>(())
        };
        other.write(update).await
    });
    wait.recv().await.expect("a locked credential");
    let judged = tokio::time::timeout(std::time::Duration::from_secs(2), db.database.write(record())).await;
    drop(end);
    login.await.expect("a unit").expect("an update");
    assert_eq!(judged, Ok(Ok(false)), "it did not wait");
    assert_eq!(db.read(|c| attestations::outdated(c, 2, 10)).await.len(), 1);
    assert!(db.write(record()).await);
    assert_eq!(db.read(|c| attestations::outdated(c, 2, 10)).await.len(), 0);
}
