//! Entries found by a part of their actor or address: the same ones, and as many, as looking at each of them finds.

use diesel::{prelude::*, sql_types::BigInt};
use doorward_shared::{
    AuditId, AuditType, TenantId,
    audit::{AuditLogItem, AuditOutcome},
    page::PageRequest,
};

use super::{fixture::*, harness::TestDatabase, on_every_engine};
use crate::{
    db::{Connection, DbError, on_engine},
    domain::audit::{AuditCursor, AuditFilter},
    store::{audit, tenants},
};

on_every_engine!(
    few_and_many_are_found_and_counted,
    few_entries_are_found_beside_many_actors,
    what_is_purged_is_not_known_any_more,
    nobody_is_too_long_to_be_written_down,
    words_are_known_once_in_any_order,
    parts_are_found_in_every_script,
    what_only_looks_alike_is_not_found
);

const MINUTE: i64 = 60_000;
/// More entries than are found by their keys alone.
const ENTRIES: u16 = 4_400;
const LOGIN: AuditType = AuditType::MfaAuthenticationFinalSucceeded;

fn id(number: u16) -> AuditId {
    numbered_audit_id(i64::from(number) * MINUTE, number)
}

/// A log in which some stand often and some rarely: one entry a minute, one in ten of another tenant.
async fn fill(db: &TestDatabase) {
    two_tenants(db).await;
    db.write(|c| {
        for number in 0..ENTRIES {
            let tenant = if number % 10 == 9 { tenant_id(2) } else { tenant_id(1) };
            let kind = match number % 25 {
                3 => AuditType::MfaAuthenticationFinalFailed,
                4 => AuditType::ApiKeyRejected,
                5 => AuditType::UserDeleted,
                _ => LOGIN,
            };
            let mut one = event(tenant, i64::from(number) * MINUTE, 0, kind);
            one.id = id(number);
            one.actor = match number % 7 {
                0 => None,
                1 => Some(format!("Rare-{number}")),
                // Contains what an address begins with.
                2 if number % 3 == 0 => Some("user 10.1".to_owned()),
                _ => Some("often@example.com".to_owned()),
            };
            one.meta.source_ip =
                if number % 11 == 0 { format!("10.1.{}.7", number % 100) } else { "2001:db8::1".to_owned() };
            audit::insert(c, &one)?;
        }
        Ok(())
    })
    .await;
}

fn contains(text: Option<&str>, part: &str) -> bool {
    text.is_some_and(|text| text.to_ascii_lowercase().contains(&part.to_ascii_lowercase()))
}

pub(super) fn fits(item: &AuditLogItem, tenant: Option<TenantId>, filter: &AuditFilter) -> bool {
    let (actor, source) = (item.actor_user_id.as_deref(), Some(item.meta_source_ip.as_str()));
    tenant.is_none_or(|tenant| item.tenant_id == tenant)
        && filter.start.is_none_or(|start| item.created_at >= start)
        && filter.end.is_none_or(|end| item.created_at < end)
        && filter.fitting_kinds().is_none_or(|kinds| kinds.contains(&item.kind))
        && filter.actor.as_ref().is_none_or(|part| contains(actor, part))
        && filter.source_ip.as_ref().is_none_or(|part| contains(source, part))
        && filter.text.as_ref().is_none_or(|part| contains(actor, part) || contains(source, part))
}

pub(super) fn ids(items: &[AuditLogItem]) -> Vec<AuditId> {
    items.iter().map(|item| item.id).collect()
}

/// Every combination of what a filter may say about texts, with times and types.
fn filters() -> Vec<AuditFilter> {
    let mut filters = Vec::new();
    let some = |text: &str| Some(text.to_owned());
    for (actor, source_ip, text) in [
        (some("often"), None, None),
        (some("RARE-1"), None, None),
        (some("nobody"), None, None),
        (some(""), None, None),
        (None, some("10.1.7"), None),
        (None, some("db8"), None),
        (None, None, some("10.1")),
        (None, None, some("rare")),
        (None, None, some("1")),
        // Quotes mean something to the index, and are a part like any other.
        (None, None, some("\"rare\"")),
        (some("are-4"), None, None),
        (None, some(".99.7"), None),
        (some("rare"), some("10."), None),
        (some("e"), some("2001"), some("often")),
        (None, some("10.1.0.7"), some("often")),
    ] {
        for kinds in [vec![], vec![LOGIN], vec![AuditType::UserDeleted, AuditType::ApiKeyRejected]] {
            for (start, end) in [(None, None), (Some(at(500 * MINUTE)), Some(at(3_900 * MINUTE + 1)))] {
                for outcome in [None, Some(AuditOutcome::Failed)] {
                    let (actor, source_ip, text) = (actor.clone(), source_ip.clone(), text.clone());
                    filters.push(AuditFilter { start, end, kinds: kinds.clone(), outcome, actor, source_ip, text });
                }
            }
        }
    }
    filters
}

async fn few_and_many_are_found_and_counted(db: TestDatabase) {
    fill(&db).await;
    // Some are found by the index of all logs, and some not yet.
    db.write(|c| audit::index_words(c, 300)).await;
    let everything = PageRequest { page: 1, per_page: u32::from(ENTRIES) };
    let all = db.read(move |c| audit::page(c, None, &AuditFilter::default(), everything)).await.items;
    assert_eq!(all.len(), usize::from(ENTRIES));
    let (mut few, mut many, mut uncounted) = (0, 0, 0);
    for filter in filters() {
        for tenant in [Some(tenant_id(1)), Some(tenant_id(2)), None] {
            let expected: Vec<AuditLogItem> = all.iter().filter(|item| fits(item, tenant, &filter)).cloned().collect();
            *if expected.len() > 2_000 { &mut many } else { &mut few } += 1;
            let of_any_type = AuditFilter { kinds: Vec::new(), outcome: None, ..filter.clone() };
            let found = all.iter().filter(|item| fits(item, tenant, &of_any_type)).count();
            // What is found often in the texts of all logs is not counted, but where the page says it.
            let is_counted = tenant.is_some() || found <= 2_000;
            let total = is_counted.then_some(expected.len() as u64);
            let on_page = |page: usize| {
                let (before, all) = ((page - 1) * 7, expected.len());
                let is_last = all < before + 7 && (all > before || page == 1);
                if is_last { Some(all as u64) } else { total }
            };
            uncounted += usize::from(!is_counted);
            let asked = filter.clone();
            let (first, third, counted, before) = db
                .read(move |c| {
                    let page =
                        |c: &mut Connection, page| audit::page(c, tenant, &asked, PageRequest { page, per_page: 7 });
                    let place = AuditCursor::Before(id(2_000));
                    Ok((
                        page(c, 1)?,
                        page(c, 3)?,
                        audit::total(c, tenant, &asked)?,
                        audit::slice(c, tenant, &asked, place, 7)?,
                    ))
                })
                .await;
            let told = format!("{tenant:?} {filter:?}");
            assert_eq!((first.total, third.total, counted), (on_page(1), on_page(3), total), "{told}");
            assert_eq!(first.items, expected[..expected.len().min(7)], "{told}");
            assert_eq!(ids(&third.items), ids(&expected[expected.len().min(14)..expected.len().min(21)]), "{told}");
            let older: Vec<AuditId> = ids(&expected).into_iter().filter(|one| *one < id(2_000)).take(7).collect();
            assert_eq!(ids(&before), older, "{told}");
        }
    }
    assert!(few > 100 && many > 10 && uncounted > 10, "{few} few, {many} many, {uncounted} uncounted");
}

/// As many actors as are looked at one by one, and one more; each has one entry, and one in 500 an address of its own.
async fn few_entries_are_found_beside_many_actors(db: TestDatabase) {
    const FEW: u16 = 2_000;
    two_tenants(&db).await;
    db.write(|c| {
        for number in 0..=FEW {
            let tenant = if number % 2 == 0 { tenant_id(1) } else { tenant_id(2) };
            let mut one = event(tenant, i64::from(number) * MINUTE, 0, LOGIN);
            one.id = id(number);
            one.actor = Some(if number == FEW { "person".to_owned() } else { format!("person {number:04}") });
            one.meta.source_ip = match number % 500 {
                7 => format!("192.0.2.{}", number / 500),
                _ => "2001:db8::1".to_owned(),
            };
            audit::insert(c, &one)?;
        }
        Ok(())
    })
    .await;
    let actor = |part: &str| AuditFilter { actor: Some(part.to_owned()), ..AuditFilter::default() };
    let with_address = AuditFilter { source_ip: Some("192.0.2.".to_owned()), ..actor("person") };
    let lately = AuditFilter { start: Some(at(i64::from(FEW - 2) * MINUTE)), ..actor("person") };
    for (filter, newest, page, counted) in [
        (actor("person "), FEW - 1, Some(2_000), Some(2_000)),
        (actor("person"), FEW, None, None),
        // By the address, of which there are few.
        (with_address, 1_507, Some(4), Some(4)),
        // Told by the page, which is not full.
        (lately, FEW, Some(3), None),
    ] {
        let asked = filter.clone();
        let (first, total) = db
            .read(move |c| {
                let page = PageRequest { page: 1, per_page: 10 };
                Ok((audit::page(c, None, &asked, page)?, audit::total(c, None, &asked)?))
            })
            .await;
        assert_eq!((first.items[0].id, first.total, total), (id(newest), page, counted), "{filter:?}");
    }
}

/// Actors and addresses that are known of all logs.
pub(super) async fn known(db: &TestDatabase) -> (i64, i64) {
    #[derive(QueryableByName)]
    struct Known {
        #[diesel(sql_type = BigInt)]
        actors: i64,
        #[diesel(sql_type = BigInt)]
        sources: i64,
    }
    let sql = "SELECT (SELECT COUNT(*) FROM audit_actors) AS actors, (SELECT COUNT(*) FROM audit_sources) AS sources";
    db.read(move |c: &mut Connection| {
        let known: Known = on_engine!(c, c, _Db => diesel::sql_query(sql).get_result(c))?;
        Ok::<_, DbError>((known.actors, known.sources))
    })
    .await
}

async fn what_is_purged_is_not_known_any_more(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| {
        for (offset, number, tenant, actor, source) in [
            (0, 1, 1, Some("old"), "192.0.2.1"),
            (1, 2, 1, Some("still there"), "192.0.2.2"),
            (2, 3, 1, None, "192.0.2.1"),
            (3, 4, 2, Some("old"), "192.0.2.1"),
            (4, 5, 1, Some("still there"), "192.0.2.3"),
        ] {
            let mut one = event(tenant_id(tenant), offset, number, LOGIN);
            (one.actor, one.meta.source_ip) = (actor.map(str::to_owned), source.to_owned());
            audit::insert(c, &one)?;
        }
        Ok(())
    })
    .await;
    assert_eq!(known(&db).await, (3, 4));
    assert_eq!(db.write(|c| audit::purge_before(c, None, at(2), 1)).await, 1);
    // The first tenant's old one is gone, and its address is not: another entry has it.
    assert_eq!(known(&db).await, (2, 4));
    assert_eq!(db.write(|c| audit::purge_before(c, Some(tenant_id(1)), at(3), 100)).await, 2);
    assert_eq!(known(&db).await, (2, 2));
    let old = AuditFilter { actor: Some("old".to_owned()), ..AuditFilter::default() };
    assert_eq!(db.read(move |c| audit::total(c, None, &old)).await, Some(1));
    assert!(db.write(|c| tenants::delete(c, tenant_id(2))).await);
    assert_eq!(known(&db).await, (1, 1));
    // Whoever comes back is known again.
    db.write(|c| audit::insert(c, &event(tenant_id(2), 9, 9, LOGIN))).await;
    assert_eq!(known(&db).await, (2, 2));
    assert_eq!(db.write(|c| audit::purge_before(c, None, at(100), 100)).await, 2);
    assert_eq!(known(&db).await, (0, 0));
}

async fn nobody_is_too_long_to_be_written_down(db: TestDatabase) {
    // Nothing that compression would make fit.
    let long: String =
        (0..3_000_u32).map(|n| char::from(b'a' + (n.wrapping_mul(2_654_435_761) >> 27) as u8 % 26)).collect();
    let mut one = event(tenant_id(1), 0, 1, LOGIN);
    one.actor = Some(long.replace('a', "\u{1f511}"));
    db.write(move |c| audit::insert(c, &one)).await;
    let page = PageRequest { page: 1, per_page: 1 };
    let found = db.read(move |c| audit::page(c, Some(tenant_id(1)), &AuditFilter::default(), page)).await;
    assert_eq!(found.items[0].actor_user_id.as_ref().map(|actor| actor.chars().count()), Some(256));
}

async fn words_are_known_once_in_any_order(db: TestDatabase) {
    two_tenants(&db).await;
    let write = |offset: i64, number: u8| {
        let mut one = event(tenant_id(1), offset, number, LOGIN);
        (one.actor, one.meta.source_ip) = (Some("somebody".to_owned()), "192.0.2.1".to_owned());
        let db = db.clone();
        async move { db.write(move |c| audit::insert(c, &one)).await }
    };
    // The second comes before the first, as from a process whose clock is behind.
    write(5, 1).await;
    write(3, 2).await;
    write(7, 3).await;
    assert_eq!(known(&db).await, (1, 1));
    assert_eq!(db.write(|c| audit::purge_before(c, None, at(4), 100)).await, 1);
    assert_eq!(known(&db).await, (1, 1));
    assert_eq!(db.write(|c| audit::purge_before(c, None, at(6), 100)).await, 1);
    assert_eq!(known(&db).await, (1, 1));
    assert_eq!(db.write(|c| audit::purge_before(c, None, at(8), 100)).await, 1);
    assert_eq!(known(&db).await, (0, 0));
}

async fn parts_are_found_in_every_script(db: TestDatabase) {
    two_tenants(&db).await;
    let long = "a long name of somebody who has a lot of names, each longer than the one before";
    let actors = ["Þóra.Ægisdóttir@example.is", "山田太郎", "ΣΊΣΥΦΟΣ", "straße", "👩‍🚀 astronaut", "a\"b\"c AND d", long];
    db.write(move |c| {
        for (number, actor) in (1..).zip(actors) {
            let mut one = event(tenant_id(1), i64::from(number), number, LOGIN);
            one.actor = Some(actor.to_owned());
            audit::insert(c, &one)?;
        }
        Ok(())
    })
    .await;
    db.write(|c| audit::index_words(c, 100)).await;
    for (part, found) in [
        ("ÞÓRA", 0), // Only ASCII letters match in either case.
        ("Þóra", 1),
        ("ægis", 0),
        ("ÆGIS", 1),
        ("ÆgisD", 1),
        ("山田太", 1),
        ("太郎", 1),
        ("ΣΊΣ", 1),
        ("σίσ", 0),
        ("RASS", 0),
        ("traß", 1),
        ("👩‍🚀", 1),
        ("🚀 AST", 1),
        ("\"B\"", 1),
        ("c and D", 1),
        ("NAME OF SOMEBODY WHO HAS A LOT OF NAMES, EACH LONGER THAN THE ONE", 1),
        ("name of somebody who has a lot of names, each longer than the two", 0),
        ("of names, each longer than the one before", 1),
    ] {
        let filter = AuditFilter { actor: Some(part.to_owned()), ..AuditFilter::default() };
        for tenant in [None, Some(tenant_id(1))] {
            let asked = filter.clone();
            assert_eq!(db.read(move |c| audit::total(c, tenant, &asked)).await, Some(found), "{part} {tenant:?}");
        }
    }
}

async fn what_only_looks_alike_is_not_found(db: TestDatabase) {
    two_tenants(&db).await;
    // All of them have the trigrams of `1.10.1`, and none contains it but the last one.
    db.write(|c| {
        for number in 0..40_u8 {
            let mut one = event(tenant_id(1 + u128::from(number % 2)), i64::from(number), number, LOGIN);
            one.meta.source_ip = format!("10.10.1.1{number}");
            audit::insert(c, &one)?;
        }
        Ok(())
    })
    .await;
    db.write(|c| audit::index_words(c, 100)).await;
    let filters = || {
        let part = || Some("1.10.1".to_owned());
        let by_source = AuditFilter { source_ip: part(), ..AuditFilter::default() };
        [by_source, AuditFilter { text: part(), ..AuditFilter::default() }]
    };
    let page = PageRequest { page: 1, per_page: 10 };
    for filter in filters() {
        let found = db.read(move |c| audit::page(c, None, &filter, page)).await;
        assert_eq!((found.total, found.items.len()), (Some(0), 0));
    }
    db.write(|c| {
        let mut one = event(tenant_id(1), 50, 50, LOGIN);
        one.meta.source_ip = "91.10.1.9".to_owned();
        audit::insert(c, &one)
    })
    .await;
    db.write(|c| audit::index_words(c, 100)).await;
    for filter in filters() {
        let found = db.read(move |c| audit::page(c, None, &filter, page)).await;
        assert_eq!((found.total, found.items.len()), (Some(1), 1));
    }
}
