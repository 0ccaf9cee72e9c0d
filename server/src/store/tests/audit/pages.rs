use std::fmt::Write as _;

use doorward_shared::AuditId;

use super::*;
use crate::domain::audit::{LogPage, NextPage};

on_every_engine!(
    numbered_pages_end_at_the_bound_and_cursors_go_on,
    rare_entries_are_found_by_cursors_exactly_once,
    totals_of_all_logs_are_lower_bounds,
    cursors_go_in_both_directions,
    an_exact_actor_is_scanned_by_its_index
);

const NEWEST: i64 = EXAMINED as i64;

/// Returns the id that [`bulk`] gives to the entry with this number.
pub(super) fn bulk_id(number: i64) -> AuditId {
    let millis = u64::try_from(NOW + number * 1_000).expect("a time");
    AuditId::new(uuid::Builder::from_unix_timestamp_millis(millis, &[5; 10]).into_uuid())
}

/// Returns a UUID of version 7 with the same time as [`bulk_id`], but with other random bits.
pub(super) fn time_id(number: i64) -> String {
    let millis = u64::try_from(NOW + number * 1_000).expect("a time");
    uuid::Builder::from_unix_timestamp_millis(millis, &[9; 10]).into_uuid().to_string()
}

/// Adds numbered entries, one per second. Every hundredth entry is a refusal. Entries with even numbers have the actor
/// `even`.
pub(super) async fn bulk(db: &TestDatabase, entries: Vec<(TenantId, i64)>) {
    db.write(move |c| {
        for chunk in entries.chunks(500) {
            let mut sql = "INSERT INTO audit_logs (tenant_id, id, type, error_code, request_id, source_ip, user_agent, \
                           actor, created_at) VALUES "
                .to_owned();
            for (place, (tenant, number)) in chunk.iter().enumerate() {
                let comma = if place == 0 { "" } else { ", " };
                let refused = number % 100 == 0;
                let kind = if refused { KINDS[0] } else { KINDS[1] };
                let code = if refused { "'internal'" } else { "NULL" };
                let (id, actor) = (bulk_id(*number), if number % 2 == 0 { "even" } else { "odd" });
                let created_at = NOW + number * 1_000;
                write!(sql, "{comma}('{tenant}', '{id}', '{kind}', {code}, 'r', '10.0.0.1', 'u', '{actor}', {created_at})")
                    .expect("a text");
            }
            c.run(&sql)?;
        }
        c.run("DELETE FROM audit_counts")?;
        c.run(match c.engine() {
            Engine::Sqlite => {
                "INSERT INTO audit_counts (tenant_id, day, type, shard, count) \
                 SELECT tenant_id, created_at / 86400000, type, 0, COUNT(*) FROM audit_logs GROUP BY 1, 2, 3"
            }
            Engine::Postgres => {
                "INSERT INTO audit_counts (tenant_id, day, type, shard, count) SELECT tenant_id, created_at / 86400000, \
                 type, ('x' || right(id, 1))::bit(4)::int & 7, COUNT(*) FROM audit_logs GROUP BY 1, 2, 3, 4"
            }
        })
    })
    .await;
}

async fn page(db: &TestDatabase, tenant: Option<TenantId>, filter: &AuditFilter, number: u32) -> LogPage<AuditLogItem> {
    let (filter, page) = (filter.clone(), PageRequest { page: number, per_page: 900 });
    db.read(move |c| audit::page(c, tenant, &filter, None, page)).await
}

/// Follows cursors from an entry to the oldest entry. Returns the ids of the older entries and the number of slices.
async fn older(
    db: &TestDatabase,
    tenant: Option<TenantId>,
    filter: &AuditFilter,
    from: AuditId,
) -> (Vec<AuditId>, u32) {
    let (mut ids, mut next, mut slices) = (Vec::new(), Some(from), 0);
    while let Some(id) = next {
        let (filter, cursor) = (filter.clone(), AuditCursor::Before(id));
        let slice = db.read(move |c| audit::slice(c, tenant, &filter, None, cursor, 900)).await;
        ids.extend(slice.items.iter().map(|item| item.id));
        next = slice.next;
        slices += 1;
    }
    (ids, slices)
}

async fn numbered_pages_end_at_the_bound_and_cursors_go_on(db: TestDatabase) {
    let entries = NEWEST + 1_200;
    bulk(&db, (0..entries).map(|number| (tenant_id(1), number)).collect()).await;
    let expected: Vec<AuditId> = (0..entries).rev().map(bulk_id).collect();
    for (tenant, total) in [(Some(tenant_id(1)), Total::Exact(11_200)), (None, Total::AtLeast(10_000))] {
        let filter = AuditFilter::default();
        let mut ids = Vec::new();
        for number in 1..=12 {
            let found = page(&db, tenant, &filter, number).await;
            ids.extend(found.items.iter().map(|item| item.id));
            assert_eq!(found.total, total);
            // Numbered pages reach only the newest 10 000 entries. Page 12 therefore has 100 entries instead of 900,
            // and a cursor continues after it.
            let next = if number < 12 { NextPage::Number } else { NextPage::Before(expected[9_999]) };
            assert_eq!(found.next, Some(next), "{number}");
        }
        assert_eq!(ids, expected[..10_000]);
        ids.extend(older(&db, tenant, &filter, expected[9_999]).await.0);
        assert_eq!(ids, expected);
        let beyond = page(&db, tenant, &filter, 20).await;
        assert_eq!((beyond.items.len(), beyond.total), (0, total));
    }
}

async fn rare_entries_are_found_by_cursors_exactly_once(db: TestDatabase) {
    let entries = 2 * NEWEST + 250;
    bulk(&db, (0..entries).map(|number| (tenant_id(1), number)).collect()).await;
    let expected: Vec<AuditId> = (0..entries).rev().filter(|number| number % 100 == 0).map(bulk_id).collect();
    let code = Values { any_of: vec!["internal".to_owned()], none_of: Vec::new() };
    let by_code = AuditFilter { error_code: code, ..AuditFilter::default() };
    let by_type = within(None, None, &KINDS[..1]);
    for tenant in [None, Some(tenant_id(1))] {
        for filter in [&by_code, &by_type] {
            let first = page(&db, tenant, filter, 1).await;
            let ids: Vec<AuditId> = first.items.iter().map(|item| item.id).collect();
            assert_eq!(ids, expected[..100]);
            let counted = tenant.is_some() && filter == &by_type;
            assert_eq!(first.total, if counted { Total::Exact(203) } else { Total::AtLeast(100) });
            // The page ends at the maximum number of examined entries. The last of these entries does not match.
            let Some(NextPage::Before(cursor)) = first.next else { panic!("{:?}", first.next) };
            assert_eq!(cursor, bulk_id(entries - NEWEST));
            let (rest, slices) = older(&db, tenant, filter, cursor).await;
            assert_eq!([ids, rest].concat(), expected);
            assert_eq!(slices, 2);
        }
    }
    // The scan also works from the oldest entry to the newest one.
    let (mut found, mut after) = (Vec::new(), Some(AuditId::new(uuid::Uuid::nil())));
    while let Some(id) = after {
        let (filter, cursor) = (by_code.clone(), AuditCursor::After(id));
        let slice = db.read(move |c| audit::slice(c, Some(tenant_id(1)), &filter, None, cursor, 150)).await;
        found.extend(slice.items.iter().map(|item| item.id));
        after = slice.next;
    }
    found.reverse();
    assert_eq!(found, expected);
}

async fn totals_of_all_logs_are_lower_bounds(db: TestDatabase) {
    let entries = NEWEST + 10;
    bulk(&db, (0..entries).map(|number| (tenant_id(1 + u128::from(number % 2 == 0)), number)).collect()).await;
    let total = |filter: AuditFilter| db.read(move |c| audit::total(c, None, &filter, None));
    assert_eq!(total(AuditFilter::default()).await, Total::AtLeast(10_000));
    assert_eq!(total(within(None, None, &KINDS[..1])).await, Total::AtLeast(100));
    // If a time filter matches fewer than `EXAMINED` entries, the total is exact.
    assert_eq!(total(within(Some(9_000_000), None, &[])).await, Total::Exact(1_010));
    assert_eq!(total(within(Some(9_000_000), Some(9_500_500), &KINDS[..1])).await, Total::Exact(6));
}

async fn cursors_go_in_both_directions(db: TestDatabase) {
    let mut ids = Vec::new();
    for number in 1..=5 {
        let both = vec![
            event(tenant_id(1), 0, number, KINDS[usize::from(number % 2)]),
            event(tenant_id(2), 0, number, KINDS[0]),
        ];
        ids.push(add(&db, both).await[0]);
    }
    let slice = |tenant: Option<TenantId>, filter: AuditFilter, cursor: AuditCursor, limit: u32| {
        let db = db.clone();
        async move {
            let slice = db.read(move |c| audit::slice(c, tenant, &filter, None, cursor, limit)).await;
            (slice.items.iter().map(|item| item.id).collect::<Vec<_>>(), slice.next)
        }
    };
    let (one, all) = (Some(tenant_id(1)), AuditFilter::default);
    assert_eq!(slice(one, all(), AuditCursor::After(ids[1]), 2).await, (vec![ids[2], ids[3]], Some(ids[3])));
    assert_eq!(slice(one, all(), AuditCursor::After(ids[2]), 2).await, (vec![ids[3], ids[4]], None));
    assert_eq!(slice(one, all(), AuditCursor::After(ids[4]), 2).await, (vec![], None));
    assert_eq!(slice(one, all(), AuditCursor::Before(ids[3]), 2).await, (vec![ids[2], ids[1]], Some(ids[1])));
    let odd = within(None, None, &KINDS[1..2]);
    let newest = AuditId::new(uuid::Uuid::max());
    assert_eq!(slice(one, odd, AuditCursor::Before(newest), 9).await, (vec![ids[4], ids[2], ids[0]], None));
    assert_eq!(slice(None, all(), AuditCursor::After(ids[2]), 9).await.0.len(), 5);
    // A cursor still works after the entry with its id was deleted.
    db.write(move |c| audit::purge(c, one, at(1), None, 2)).await;
    assert_eq!(slice(one, all(), AuditCursor::After(ids[1]), 9).await.0, ids[2..]);
}

async fn an_exact_actor_is_scanned_by_its_index(db: TestDatabase) {
    let entries = 2 * NEWEST + 20;
    bulk(&db, (0..entries).map(|number| (tenant_id(1), number)).collect()).await;
    let actor = Values { any_of: vec!["even".to_owned()], none_of: Vec::new() };
    let filter = AuditFilter { actor, ..AuditFilter::default() };
    let found = page(&db, Some(tenant_id(1)), &filter, 1).await;
    // The actor has 10 010 entries, and the scan examines only these.
    assert_eq!((found.items.len(), found.total), (900, Total::AtLeast(10_000)));
    let code = Values { any_of: vec!["internal".to_owned()], none_of: Vec::new() };
    let narrow = AuditFilter { error_code: code, ..filter };
    let found = page(&db, Some(tenant_id(1)), &narrow, 1).await;
    // To check the second condition, the scan must read other columns of each entry. Therefore, it examines only a
    // quarter as many entries as the scan by actor alone.
    assert_eq!((found.items.len(), found.next), (50, Some(NextPage::Before(bulk_id(15_020)))));
}
