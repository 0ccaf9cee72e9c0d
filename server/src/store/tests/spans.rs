//! Pages, totals and slices of all logs: the same as looking at each entry gives, whatever spans there are.

use diesel::{prelude::*, sql_types::BigInt};
use doorward_shared::{
    AuditId, AuditType, TenantId,
    audit::{AuditLogItem, AuditOutcome},
    page::PageRequest,
};

use super::{
    fixture::*,
    harness::TestDatabase,
    on_every_engine,
    words::{fits, ids, known},
};
use crate::{
    db::{Connection, DbError, on_engine},
    domain::audit::{AuditCursor, AuditFilter},
    store::{audit, tenants},
};

on_every_engine!(
    all_logs_are_read_and_counted_exactly,
    spans_are_kept_exact,
    indexed_words_are_forgotten,
    schemas_on_both_sides_know_the_same,
    long_logs_outlive_their_tenants_for_a_while
);

const LOGIN: AuditType = AuditType::MfaAuthenticationFinalSucceeded;
const REFUSAL: AuditType = AuditType::MfaAuthenticationFinalFailed;
const RARE: AuditType = AuditType::UserDeleted;
/// Ten minutes: entries of several days.
const STEP: i64 = 600_000;
const ENTRIES: u16 = 1_100;

fn id(number: u16) -> AuditId {
    numbered_audit_id(i64::from(number) * STEP, number)
}

async fn write(db: &TestDatabase, numbers: impl Iterator<Item = u16> + Send + 'static) {
    db.write(|c| {
        for number in numbers {
            let kind = match number % 300 {
                17 => RARE,
                _ if number % 9 == 0 => REFUSAL,
                _ => LOGIN,
            };
            let tenant = tenant_id(1 + u128::from(number % 4 == 0));
            let mut one = event(tenant, i64::from(number) * STEP, 1, kind);
            one.id = id(number);
            audit::insert(c, &one)?;
        }
        Ok(())
    })
    .await;
}

async fn extend(db: &TestDatabase) -> usize {
    let mut spans = 0;
    while db.write(|c| audit::extend_spans(c, at(10_000 * STEP))).await {
        spans += 1;
    }
    spans
}

async fn everything(db: &TestDatabase) -> Vec<AuditLogItem> {
    let all = PageRequest { page: 1, per_page: 10_000 };
    let mut logs = Vec::new();
    for tenant in [1, 2] {
        // One log knows no spans.
        logs.extend(
            db.read(move |c| audit::page(c, Some(tenant_id(tenant)), &AuditFilter::default(), all)).await.items,
        );
    }
    logs.sort_by_key(|item| std::cmp::Reverse(item.id));
    logs
}

fn filters() -> Vec<AuditFilter> {
    let number = |number: i64| Some(at(number * STEP));
    let mut filters = Vec::new();
    for (start, end) in [
        (None, None),
        (None, number(640)),
        (number(-500), number(900)),
        (number(200), None),
        (number(333), number(334)),
        (number(400), number(470)),
        (number(64), number(129)),
        (number(900), number(5_000)),
        (number(700), number(300)),
    ] {
        for kinds in [vec![], vec![RARE], vec![LOGIN, RARE], vec![AuditType::ApiKeyRejected]] {
            for outcome in [None, Some(AuditOutcome::Failed), Some(AuditOutcome::Succeeded)] {
                filters.push(AuditFilter { start, end, kinds: kinds.clone(), outcome, ..AuditFilter::default() });
            }
        }
    }
    filters
}

/// Looks at all logs in many ways.
async fn check(db: &TestDatabase) {
    let all = everything(db).await;
    for filter in filters() {
        let expected: Vec<AuditLogItem> = all.iter().filter(|item| fits(item, None, &filter)).cloned().collect();
        let places = [id(1), id(63), id(64), id(500), id(ENTRIES)];
        for per_page in [1, 7, 90] {
            let last = u32::try_from(expected.len()).expect("a number") / per_page + 1;
            for page in [1, 2, last / 2 + 1, last, last + 1] {
                let asked = filter.clone();
                let found = db.read(move |c| audit::page(c, None, &asked, PageRequest { page, per_page })).await;
                let passed = ((page - 1) * per_page) as usize;
                let wanted: Vec<AuditLogItem> = expected.iter().skip(passed).take(per_page as usize).cloned().collect();
                let told = format!("page {page} of {per_page}: {filter:?}");
                assert_eq!((found.total, ids(&found.items)), (Some(expected.len() as u64), ids(&wanted)), "{told}");
            }
        }
        for place in places {
            let asked = filter.clone();
            let older = db.read(move |c| audit::slice(c, None, &asked, AuditCursor::Before(place), 9)).await;
            let wanted: Vec<AuditId> = ids(&expected).into_iter().filter(|one| *one < place).take(9).collect();
            assert_eq!(ids(&older), wanted, "before {place:?}: {filter:?}");
        }
    }
}

async fn all_logs_are_read_and_counted_exactly(db: TestDatabase) {
    two_tenants(&db).await;
    // Odd ones first; one in ten of them comes later.
    write(&db, (0..ENTRIES).filter(|number| number % 2 == 1 && number % 10 != 3)).await;
    check(&db).await;
    let spans = extend(&db).await;
    check(&db).await;
    write(&db, (0..ENTRIES).filter(|number| number % 10 == 3)).await;
    check(&db).await;
    write(&db, ENTRIES..ENTRIES + 100).await;
    let more = extend(&db).await;
    check(&db).await;
    // PostgreSQL has none.
    assert!(spans == 0 && more == 0 || spans > 5 && more > 0, "{spans} and {more} spans");
}

/// Entries before the end of the last span, and how many the spans say they are; nothing without spans.
async fn spanned(db: &TestDatabase) -> Option<(i64, i64)> {
    #[derive(QueryableByName)]
    struct Spanned {
        #[diesel(sql_type = BigInt)]
        entries: i64,
        #[diesel(sql_type = BigInt)]
        counted: i64,
    }
    let sql = "SELECT (SELECT COUNT(*) FROM audit_logs WHERE id < (SELECT MAX(end_id) FROM audit_spans)) AS entries, \
                      (SELECT COALESCE(SUM(count), 0) FROM audit_spans) AS counted";
    db.read(move |c: &mut Connection| {
        let Connection::Sqlite(c) = c else { return Ok(None) };
        let spanned: Spanned = diesel::sql_query(sql).get_result(c)?;
        Ok::<_, DbError>(Some((spanned.entries, spanned.counted)))
    })
    .await
}

async fn spans_are_kept_exact(db: TestDatabase) {
    two_tenants(&db).await;
    write(&db, 0..ENTRIES).await;
    extend(&db).await;
    let Some(before) = spanned(&db).await else { return };
    assert_eq!(before.0, before.1);
    assert!(before.0 > 900, "{before:?}");
    // A whole span and a part of the next one; then what one log has of others.
    assert_eq!(db.write(|c| audit::purge_before(c, None, at(150 * STEP), 100)).await, 100);
    assert_eq!(spanned(&db).await, Some((before.0 - 100, before.1 - 100)));
    check(&db).await;
    db.write(|c| audit::purge_before(c, Some(tenant_id(1)), at(400 * STEP), 10_000)).await;
    let after = spanned(&db).await.expect("spans");
    assert_eq!(after.0, after.1);
    check(&db).await;
    // What is empty goes, once there is a new one.
    write(&db, ENTRIES..ENTRIES + 200).await;
    assert!(extend(&db).await > 0);
    check(&db).await;
    // A long log goes in steps.
    assert!(db.write(|c| tenants::delete(c, tenant_id(2))).await);
    while db.write(|c| audit::delete_left(c, 30)).await {
        let after = spanned(&db).await.expect("spans");
        assert_eq!(after.0, after.1);
    }
    check(&db).await;
    let all = everything(&db).await;
    assert!(!all.is_empty() && all.iter().all(|item| item.tenant_id == tenant_id(1)));
}

/// Users and addresses in the indexes of their parts.
async fn indexed(db: &TestDatabase) -> Option<(i64, i64)> {
    #[derive(QueryableByName)]
    struct Indexed {
        #[diesel(sql_type = BigInt)]
        actors: i64,
        #[diesel(sql_type = BigInt)]
        sources: i64,
    }
    let sql = "SELECT (SELECT COUNT(*) FROM audit_actor_parts) AS actors, \
                      (SELECT COUNT(*) FROM audit_source_parts) AS sources";
    db.read(move |c: &mut Connection| {
        let Connection::Sqlite(c) = c else { return Ok(None) };
        let indexed: Indexed = diesel::sql_query(sql).get_result(c)?;
        Ok::<_, DbError>(Some((indexed.actors, indexed.sources)))
    })
    .await
}

fn total_of(db: &TestDatabase, tenant: Option<TenantId>, actor: &str) -> impl Future<Output = Option<u64>> {
    let filter = AuditFilter { actor: Some(actor.to_owned()), ..AuditFilter::default() };
    let db = db.clone();
    async move { db.read(move |c| audit::total(c, tenant, &filter)).await }
}

async fn indexed_words_are_forgotten(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| {
        for number in 1..=9 {
            audit::insert(c, &event(tenant_id(1 + u128::from(number % 2)), i64::from(number), number, LOGIN))?;
        }
        Ok(())
    })
    .await;
    let Some(none) = indexed(&db).await else { return };
    assert_eq!(none, (0, 0));
    let mut indexings = 0;
    while db.write(|c| audit::index_words(c, 4)).await > 0 {
        indexings += 1;
        assert_eq!(total_of(&db, None, "USER-").await, Some(9));
    }
    assert_eq!((indexings, indexed(&db).await), (3, Some((9, 9))));
    assert_eq!(total_of(&db, None, "user-3").await, Some(1));
    assert_eq!(db.write(|c| audit::purge_before(c, None, at(4), 100)).await, 3);
    assert_eq!(indexed(&db).await, Some((6, 6)));
    assert_eq!(total_of(&db, None, "user-3").await, Some(0));
    assert!(db.write(|c| tenants::delete(c, tenant_id(2))).await);
    assert_eq!((total_of(&db, None, "user-").await, indexed(&db).await), (Some(3), Some((3, 3))));
    // Whoever comes back, even as the newest one, is new.
    db.write(|c| audit::purge_before(c, None, at(100), 100)).await;
    db.write(|c| audit::insert(c, &event(tenant_id(1), 200, 7, LOGIN))).await;
    assert_eq!(total_of(&db, None, "user-7").await, Some(1));
    assert_eq!(db.write(|c| audit::index_words(c, 4)).await, 1);
    assert_eq!(total_of(&db, None, "user-7").await, Some(1));
}

async fn schemas_on_both_sides_know_the_same(db: TestDatabase) {
    two_tenants(&db).await;
    write(&db, 0..200).await;
    db.write(|c| {
        (1..=9).try_for_each(|number| {
            audit::insert(c, &event(tenant_id(1 + u128::from(number % 2)), i64::from(number), number, LOGIN))
        })
    })
    .await;
    let spans = extend(&db).await;
    while db.write(|c| audit::index_words(c, 100)).await > 0 {}
    let (before, words) = (known(&db).await, indexed(&db).await);
    assert_eq!(before, (10, 10));
    let mut reverted = Vec::new();
    while reverted.first().is_none_or(|version| version != "20261125050000") {
        reverted.splice(0..0, db.database.migrate_down_one().await.expect("down"));
    }
    assert_eq!(known(&db).await, before);
    // The schema before notes them, too: one that is new, and one that is known.
    db.write(|c| audit::insert(c, &event(tenant_id(1), 50, 50, LOGIN))).await;
    db.write(|c| audit::insert(c, &event(tenant_id(1), 51, 50, LOGIN))).await;
    assert_eq!(known(&db).await, (11, 11));
    assert_eq!(db.database.migrate_up().await.expect("up"), reverted);
    assert_eq!(known(&db).await, (11, 11));
    assert_eq!(total_of(&db, None, "USER-50").await, Some(2));
    assert_eq!(extend(&db).await, spans);
    while db.write(|c| audit::index_words(c, 100)).await > 0 {}
    assert_eq!(indexed(&db).await, words.map(|(actors, sources)| (actors + 1, sources + 1)));
    assert_eq!(total_of(&db, None, "USER-50").await, Some(2));
    check(&db).await;
}

/// Entries of all logs, as they are counted, and names that the installation keeps.
async fn left(db: &TestDatabase) -> (Option<u64>, i64) {
    #[derive(QueryableByName)]
    struct Names {
        #[diesel(sql_type = BigInt)]
        number: i64,
    }
    db.read(|c| {
        let sql = "SELECT COUNT(*) AS number FROM installation";
        let names: Names = on_engine!(c, c, _Db => diesel::sql_query(sql).get_result(c))?;
        Ok((audit::total(c, None, &AuditFilter::default())?, names.number))
    })
    .await
}

async fn long_logs_outlive_their_tenants_for_a_while(db: TestDatabase) {
    two_tenants(&db).await;
    assert!(!db.write(|c| audit::delete_left(c, 40)).await);
    write(&db, 0..400).await;
    let (all, names) = left(&db).await;
    assert_eq!(all, Some(400));
    // A hundred of them are the second tenant's: no more than go at once.
    assert!(db.write(|c| tenants::delete(c, tenant_id(2))).await);
    assert_eq!(left(&db).await, (Some(300), names));
    assert!(db.write(|c| tenants::delete(c, tenant_id(1))).await);
    assert_eq!(left(&db).await, (Some(300), names + 1));
    let mut steps = 0;
    while db.write(|c| audit::delete_left(c, 40)).await {
        steps += 1;
        assert_eq!(left(&db).await.0, Some(300_u64.saturating_sub(steps * 40)));
    }
    assert_eq!((steps, left(&db).await, known(&db).await), (8, (Some(0), names), (0, 0)));
}
