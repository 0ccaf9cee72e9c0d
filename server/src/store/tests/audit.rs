//! Tests of the audit log. This file tests entries, totals and deletion.

mod filters;
mod order;
mod pages;

use std::collections::{BTreeMap, BTreeSet};

use doorward_shared::{AuditId, AuditType, TenantId, Timestamp, audit::AuditLogItem, page::PageRequest};

use super::{fixture::*, harness::TestDatabase, on_every_engine};
use crate::{
    db::{Connection, DbError, Engine},
    domain::{
        AuditEvent, Tenant,
        audit::{Activity, AuditCursor, AuditError, AuditFilter, Days, EXAMINED, Total, Values},
    },
    store::{audit, audit_counts, installation, kept_logs, tenants},
};

on_every_engine!(
    entries_are_stored_completely,
    entry_of_an_unknown_type_is_listed_and_counted,
    longest_values_can_be_stored,
    totals_equal_the_counted_entries,
    activity_is_summed_by_day_and_tenant,
    all_entries_are_counted_in_bounded_units,
    busiest_tenants_are_counted_among_the_newest_entries,
    purge_is_bounded_and_keeps_the_newest_entry,
    logs_of_deleted_tenants_are_deleted_in_units
);

const DAY: i64 = 86_400_000;
const KINDS: [AuditType; 3] =
    [AuditType::ApiKeyRejected, AuditType::WebauthnAuthenticationFinalSucceeded, AuditType::UserDeleted];
const ALL: PageRequest = PageRequest { page: 1, per_page: 9_999 };

/// Adds entries. Also adds their tenants if the tenants do not exist.
async fn add(db: &TestDatabase, events: Vec<AuditEvent>) -> Vec<AuditId> {
    db.write(move |c| {
        let ids: BTreeSet<TenantId> = events.iter().map(|event| event.tenant_id).collect();
        for id in ids.into_iter().filter(|id| *id != TenantId::INSTALLATION) {
            if tenants::find(c, id)?.is_none() {
                tenants::insert(c, &Tenant { id, ..tenant(1) })?;
            }
        }
        events.iter().map(|event| audit::insert(c, event)).collect()
    })
    .await
}

/// Returns all entries of all logs, oldest first.
async fn everything(db: &TestDatabase) -> Vec<AuditLogItem> {
    let (mut items, mut after) = (Vec::new(), Some(AuditId::new(uuid::Uuid::nil())));
    while let Some(id) = after {
        let cursor = AuditCursor::After(id);
        let slice = db.read(move |c| audit::slice(c, None, &AuditFilter::default(), None, cursor, 1_000)).await;
        items.extend(slice.items);
        after = slice.next;
    }
    items
}

async fn entries_are_stored_completely(db: TestDatabase) {
    let mut full = event(TenantId::INSTALLATION, 3, 1, AuditType::AdminTokenRejected);
    full.error = Some(AuditError { code: "forbidden", reason: "bad\0role".to_owned() });
    full.credential_id = Some("-_8".to_owned());
    full.transaction_id = Some("order".to_owned());
    full.meta.api_key = Some(api_key_id(7));
    full.detail = Some(serde_json::json!({"before": null, "after": ["x", 1]}));
    let id = add(&db, vec![full.clone()]).await[0];
    let page = db.read(|c| audit::page(c, Some(TenantId::INSTALLATION), &AuditFilter::default(), None, ALL)).await;
    let item = &page.items[0];
    assert_eq!((item.id, item.kind, item.created_at, item.updated_at), (id, full.kind, at(3), at(3)));
    // PostgreSQL cannot store NUL characters. An entry must be stored even if a client sends such characters.
    assert_eq!((item.error.as_deref(), item.error_code.as_deref()), (Some("bad\u{fffd}role"), Some("forbidden")));
    assert_eq!((&item.detail, &item.credential_id), (&full.detail, &full.credential_id));
    assert_eq!((&item.transaction_id, &item.actor_user_id), (&full.transaction_id, &full.actor));
    assert_eq!((&item.meta_source_ip, item.api_key_id), (&full.meta.source_ip, full.meta.api_key));
}

async fn entry_of_an_unknown_type_is_listed_and_counted(db: TestDatabase) {
    add(&db, vec![event(tenant_id(1), 0, 1, KINDS[0]), event(tenant_id(1), 0, 2, KINDS[2])]).await;
    // Simulates that a node of a newer version has written the second entry.
    db.write(|c| {
        c.run("UPDATE audit_logs SET type = 'newer_event' WHERE type = 'user_deleted'")?;
        c.run("UPDATE audit_counts SET type = 'newer_event' WHERE type = 'user_deleted'")
    })
    .await;
    let kinds: Vec<AuditType> = everything(&db).await.iter().map(|item| item.kind).collect();
    assert_eq!(kinds, [KINDS[0], AuditType::Unknown]);
    let page = db.read(|c| audit::page(c, Some(tenant_id(1)), &AuditFilter::default(), None, ALL)).await;
    assert_eq!((page.items.len(), page.total), (2, Total::Exact(2)));
    let days = Days { first: 0, last: i64::from(u16::MAX) };
    let activity = db.read(move |c| audit_counts::activity_by_day(c, tenant_id(1), days)).await;
    assert_eq!(activity.values().map(|day| day.entries).sum::<u64>(), 2);
    let purged = db.write(|c| audit::purge(c, None, at(DAY), None, 100)).await;
    assert_eq!(purged.deleted, 1);
}

async fn longest_values_can_be_stored(db: TestDatabase) {
    // The texts are random. PostgreSQL would compress regular texts, and then even texts that are too long could fit in
    // an index.
    let text = |length: usize| -> String {
        let mut state = 7_u64;
        let symbol = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from_u32(0x4e00 + u32::try_from(state >> 52).expect("12 bits")).expect("a letter")
        };
        (0..length).map(symbol).collect()
    };
    let mut long = event(tenant_id(1), 0, 1, AuditType::WebauthnTransactionFinalFailed);
    long.actor = Some(text(5_000));
    long.credential_id = Some(text(5_000));
    long.transaction_id = Some(text(5_000));
    long.meta.request_id = "r".repeat(128);
    add(&db, vec![long.clone()]).await;
    let item = everything(&db).await.remove(0);
    let cut = |stored: Option<String>, whole: Option<String>| {
        let (stored, whole) = (stored.expect("a text"), whole.expect("a text"));
        assert!(whole.starts_with(&stored));
        stored.len()
    };
    assert_eq!(cut(item.actor_user_id, long.actor), 255);
    assert_eq!(cut(item.credential_id, long.credential_id), 1_362);
    assert_eq!(cut(item.transaction_id, long.transaction_id), 510);
}

fn within(start: Option<i64>, end: Option<i64>, kinds: &[AuditType]) -> AuditFilter {
    let kinds = Values { any_of: kinds.to_vec(), none_of: Vec::new() };
    AuditFilter { start: start.map(at), end: end.map(at), kinds, ..AuditFilter::default() }
}

async fn check_totals(db: &TestDatabase) {
    let entries = everything(db).await;
    for tenant in [None, Some(tenant_id(1)), Some(tenant_id(2)), Some(TenantId::INSTALLATION)] {
        for kinds in [&KINDS[..0], &KINDS[..1], &KINDS[1..]] {
            for (start, end) in [
                (None, None),
                (Some(0), Some(2 * DAY)),
                (Some(1), Some(3 * DAY - 1)),
                (Some(DAY / 2), Some(DAY / 2 + 1000)),
                (Some(DAY), None),
                (None, Some(DAY + 1)),
                (Some(3 * DAY), Some(DAY)),
            ] {
                let filter = within(start, end, kinds);
                let counted = entries.iter().filter(|item| filters::matches(item, tenant, &filter)).count() as u64;
                let total = db.read(move |c| audit::total(c, tenant, &filter, None)).await;
                assert_eq!(total, Total::Exact(counted), "{tenant:?} {kinds:?} {start:?} {end:?}");
            }
        }
    }
    let days = Days { first: NOW / DAY, last: NOW / DAY + 9 };
    let (sums, counted) = (db.read(move |c| audit_counts::sums_by_day(c, days)).await, activity(&entries));
    assert_eq!(sums, counted);
}

fn activity(entries: &[AuditLogItem]) -> BTreeMap<i64, Activity> {
    let mut days: BTreeMap<i64, Activity> = BTreeMap::new();
    for item in entries {
        let day = days.entry(item.created_at.day()).or_default();
        day.entries += 1;
        day.succeeded += u64::from(item.kind.ends_ceremony());
        day.refused += u64::from(item.kind.is_failure());
    }
    days
}

async fn totals_equal_the_counted_entries(db: TestDatabase) {
    two_tenants(&db).await;
    // Concurrent writers add 120 entries to three logs. The times of the entries span three and a half days. Some
    // transactions roll back.
    let writers: Vec<_> = (0..120_u8)
        .map(|number| {
            let db = db.clone();
            tokio::spawn(async move {
                let tenant = [tenant_id(1), tenant_id(2), TenantId::INSTALLATION][usize::from(number % 3)];
                let kind = KINDS[usize::from(number / 3 % 3)];
                let one = event(tenant, i64::from(number) * DAY / 35, number, kind);
                let write = move |c: &mut Connection| {
                    audit::insert(c, &one)?;
                    if number % 10 == 9 { Err(DbError::Database("rolled back".to_owned())) } else { Ok(()) }
                };
                let result = db.database.write(write).await;
                assert_eq!(result.is_ok(), number % 10 != 9, "{result:?}");
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("a writer");
    }
    assert_eq!(everything(&db).await.len(), 108);
    check_totals(&db).await;
    for (tenant, before, limit) in [(Some(tenant_id(1)), DAY, 5), (None, DAY + 5, 20), (None, DAY, 1_000)] {
        db.write(move |c| audit::purge(c, tenant, at(before), None, limit)).await;
        check_totals(&db).await;
    }
    add(&db, vec![event(TenantId::INSTALLATION, 0, 1, AuditType::TenantDeleted)]).await;
    assert!(db.write(|c| delete_tenant(c, tenant_id(2))).await);
    while db.write(|c| kept_logs::delete_due(c, at(0), 1_000)).await {}
    assert!(everything(&db).await.iter().all(|item| item.tenant_id != tenant_id(2)));
    check_totals(&db).await;
    db.write(|c| audit::purge(c, None, at(100 * DAY), None, 1_000)).await;
    assert_eq!(everything(&db).await.len(), 1);
    check_totals(&db).await;
}

async fn activity_is_summed_by_day_and_tenant(db: TestDatabase) {
    let login = AuditType::MfaAuthenticationFinalSucceeded;
    let of = |tenant, day: i64, kind| event(tenant, day * DAY, 1, kind);
    let events = vec![
        of(tenant_id(1), 0, login),
        of(tenant_id(1), 0, login),
        of(tenant_id(1), 1, AuditType::ApiKeyRejected),
        of(tenant_id(1), 5, login),
        of(tenant_id(2), 1, AuditType::UserDeleted),
    ];
    add(&db, events).await;
    let (first, ids) = (NOW / DAY, [tenant_id(1), tenant_id(2), tenant_id(3)]);
    let days = Days { first, last: first + 1 };
    let numbers = |entries, succeeded, refused| Activity { entries, succeeded, refused };
    let one = db.read(move |c| audit_counts::activity_by_day(c, tenant_id(1), days)).await;
    assert_eq!(one, BTreeMap::from([(first, numbers(2, 2, 0)), (first + 1, numbers(1, 0, 1))]));
    let tenants = db.read(move |c| audit_counts::activity_of_tenants(c, &ids, days)).await;
    assert_eq!(tenants, BTreeMap::from([(tenant_id(1), numbers(3, 2, 1)), (tenant_id(2), numbers(1, 0, 0))]));
    let all = db.read(move |c| audit_counts::sums_by_day(c, days)).await;
    assert_eq!(all, BTreeMap::from([(first, numbers(2, 2, 0)), (first + 1, numbers(2, 0, 1))]));
}

async fn busiest_tenants_are_counted_among_the_newest_entries(db: TestDatabase) {
    let newest = EXAMINED as i64;
    // Tenant 3 has many entries, but none of them are among the newest entries.
    let tenant = |number: i64| match number {
        _ if number < 500 => tenant_id(3),
        _ if number % 10 == 0 => TenantId::INSTALLATION,
        _ if number % 10 < 4 => tenant_id(1),
        _ => tenant_id(2),
    };
    pages::bulk(&db, (0..newest + 500).map(|number| (tenant(number), number)).collect()).await;
    let busiest = db.read(|c| audit::busiest(c, 10)).await;
    let number = |number: i64| u64::try_from(newest / 10 * number).expect("a number");
    assert_eq!(busiest, [(tenant_id(2), number(6)), (tenant_id(1), number(3))]);
    assert_eq!(db.read(|c| audit::busiest(c, 1)).await.len(), 1);
}

async fn purge_is_bounded_and_keeps_the_newest_entry(db: TestDatabase) {
    let events = (0..10_u8).map(|number| event(tenant_id(1), i64::from(number), number, KINDS[0])).collect();
    let ids = add(&db, events).await;
    let unit = |after, before| db.write(move |c| audit::purge(c, None, at(before), after, 3));
    let first = unit(None, 5).await;
    assert_eq!((first.deleted, first.next), (3, Some(ids[2])));
    let second = unit(first.next, 5).await;
    assert_eq!((second.deleted, second.next), (2, Some(ids[5])));
    let mut after = None;
    loop {
        after = unit(after, 99).await.next;
        if after.is_none() {
            break;
        }
    }
    let left: Vec<AuditId> = everything(&db).await.iter().map(|item| item.id).collect();
    assert_eq!(left, ids[9..]);
}

async fn logs_of_deleted_tenants_are_deleted_in_units(db: TestDatabase) {
    two_tenants(&db).await;
    pages::bulk(&db, (0..1_250).map(|number| (tenant_id(1), number)).collect()).await;
    add(&db, vec![event(tenant_id(2), 0, 1, KINDS[0])]).await;
    assert!(db.write(|c| delete_tenant(c, tenant_id(1))).await);
    let left = || async { everything(&db).await.len() - 1 };
    assert!(!db.write(|c| kept_logs::delete_due(c, at(-1), 100)).await, "the log is still kept");
    let unit = || db.write(|c| kept_logs::delete_due(c, at(0), 500));
    assert!(unit().await && unit().await);
    assert_eq!(left().await, 250);
    while unit().await {}
    assert_eq!(left().await, 0);
    assert!(!unit().await);
    let name = format!("log_of_deleted_tenant/{}", tenant_id(1));
    assert_eq!(db.read(move |c| installation::get(c, &name)).await, None);
    let days = Days { first: 0, last: i64::from(u16::MAX) };
    assert_eq!(db.read(move |c| audit_counts::activity_by_day(c, tenant_id(1), days)).await, BTreeMap::new());
}

async fn all_entries_are_counted_in_bounded_units(db: TestDatabase) {
    const COUNTERS: u64 = 25_000;
    let fill = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {COUNTERS}) \
         INSERT INTO audit_counts SELECT 'tenant ' || (i / 100), i % 100, 'api_key_rejected', 0, 2 FROM n"
    );
    db.write(move |c| c.run(&fill)).await;
    let (mut sums, mut next) = (Vec::new(), Some(audit_counts::CounterKey::default()));
    while let Some(after) = next {
        let (sum, end) = db.read(move |c| audit_counts::count_some(c, &after)).await;
        sums.push(sum);
        next = end;
    }
    assert_eq!(sums, [20_000, 20_000, 10_000]);
}
