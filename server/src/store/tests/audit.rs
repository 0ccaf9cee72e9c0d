use doorward_shared::{AuditType, TenantId, Timestamp, page::PageRequest};

use super::{fixture::*, harness::TestDatabase, on_every_engine};
use crate::{
    db::{Connection, DbError},
    domain::audit::{AuditCursor, AuditError, AuditFilter},
    store::{audit, tenants},
};

on_every_engine!(
    entries_are_kept_whole,
    totals_are_exact,
    filters_take_wildcards_as_they_are,
    slices_go_on,
    far_pages_pass_over_days
);

const DAY: i64 = 86_400_000;
const KINDS: [AuditType; 3] =
    [AuditType::ApiKeyRejected, AuditType::WebauthnAuthenticationFinalSucceeded, AuditType::UserDeleted];
const ALL: PageRequest = PageRequest { page: 1, per_page: 100 };

async fn entries_are_kept_whole(db: TestDatabase) {
    let mut full = event(TenantId::INSTALLATION, 3, 1, AuditType::AdminTokenRejected);
    full.error = Some(AuditError { code: "forbidden", reason: "bad\0role".to_owned() });
    full.credential_id = Some("-_8".to_owned());
    full.transaction_id = Some("order".to_owned());
    full.detail = Some(serde_json::json!({"before": null, "after": ["x", 1]}));
    let stored = full.clone();
    db.write(move |c| audit::insert(c, &stored)).await;
    let page = db.read(|c| audit::page(c, Some(TenantId::INSTALLATION), &AuditFilter::default(), ALL)).await;
    let item = &page.items[0];
    assert_eq!((item.id, item.kind, item.created_at, item.updated_at), (full.id, full.kind, at(3), at(3)));
    // PostgreSQL's texts cannot hold NUL, and an attacker's text must not keep the entry out of the log.
    assert_eq!((item.error.as_deref(), item.error_code.as_deref()), (Some("bad\u{fffd}role"), Some("forbidden")));
    assert_eq!((&item.detail, &item.credential_id), (&full.detail, &full.credential_id));
    assert_eq!((&item.transaction_id, &item.actor_user_id), (&full.transaction_id, &full.actor));
    assert_eq!(item.meta_source_ip, full.meta.source_ip);
    let again = db.database.write(move |c: &mut Connection| audit::insert(c, &full)).await;
    assert_eq!(again, Err(DbError::Duplicate { table: "audit_logs".to_owned() }));
}

fn within(start: Option<i64>, end: Option<i64>, kinds: &[AuditType]) -> AuditFilter {
    AuditFilter { start: start.map(at), end: end.map(at), kinds: kinds.to_vec(), ..AuditFilter::default() }
}

/// The page's total, and what counting all entries by hand gives.
async fn both_totals(db: &TestDatabase, tenant: Option<TenantId>, filter: AuditFilter) -> (u64, u64) {
    db.read(move |c| {
        let page = audit::page(c, tenant, &filter, ALL)?;
        let everything = audit::page(c, None, &AuditFilter::default(), PageRequest { page: 1, per_page: 9999 })?;
        let fits = |at: Timestamp| filter.start.is_none_or(|s| at >= s) && filter.end.is_none_or(|e| at < e);
        let counted = everything
            .items
            .iter()
            .filter(|item| tenant.is_none_or(|tenant| item.tenant_id == tenant))
            .filter(|item| filter.kinds.is_empty() || filter.kinds.contains(&item.kind))
            .filter(|item| fits(item.created_at))
            .count();
        Ok((page.total.expect("a total"), counted as u64))
    })
    .await
}

async fn check_totals(db: &TestDatabase) {
    for tenant in [None, Some(tenant_id(1)), Some(tenant_id(2)), Some(TenantId::INSTALLATION)] {
        for kinds in [&KINDS[..0], &KINDS[..1], &KINDS[1..]] {
            for (start, end) in [
                (None, None),
                (Some(0), Some(2 * DAY)),
                (Some(1), Some(3 * DAY - 1)),
                (Some(DAY / 2), Some(DAY / 2 + 1000)),
                (Some(DAY / 2), Some(DAY + DAY / 2)),
                (Some(DAY), None),
                (None, Some(DAY + 1)),
                (Some(3 * DAY), Some(DAY)),
            ] {
                let (told, counted) = both_totals(db, tenant, within(start, end, kinds)).await;
                assert_eq!(told, counted, "{tenant:?} {kinds:?} {start:?} {end:?}");
            }
        }
    }
}

async fn totals_are_exact(db: TestDatabase) {
    two_tenants(&db).await;
    // 120 entries over three and a half days in three logs, written by many at once; some fail and are undone.
    let writers: Vec<_> = (0..120_u8)
        .map(|number| {
            let db = db.clone();
            tokio::spawn(async move {
                let tenant = [tenant_id(1), tenant_id(2), TenantId::INSTALLATION][usize::from(number % 3)];
                let kind = KINDS[usize::from(number / 3 % 3)];
                let one = event(tenant, i64::from(number) * DAY / 35, number, kind);
                let result = db
                    .database
                    .write(move |c: &mut Connection| {
                        audit::insert(c, &one)?;
                        if number % 10 == 9 { Err(DbError::Database("undone".to_owned())) } else { Ok(()) }
                    })
                    .await;
                assert_eq!(result.is_ok(), number % 10 != 9, "{result:?}");
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("a writer");
    }
    assert_eq!(both_totals(&db, None, AuditFilter::default()).await, (108, 108));
    check_totals(&db).await;
    assert_eq!(db.write(|c| audit::purge_before(c, Some(tenant_id(1)), at(DAY), 5)).await, 5);
    check_totals(&db).await;
    assert_eq!(db.write(|c| audit::purge_before(c, None, at(DAY + 5), 20)).await, 20);
    check_totals(&db).await;
    db.write(|c| audit::purge_before(c, None, at(DAY), 1000)).await;
    check_totals(&db).await;
    assert!(db.write(|c| tenants::delete(c, tenant_id(2))).await);
    check_totals(&db).await;
    db.write(|c| audit::purge_before(c, None, at(100 * DAY), 1000)).await;
    assert_eq!(both_totals(&db, None, AuditFilter::default()).await, (0, 0));
}

async fn filters_take_wildcards_as_they_are(db: TestDatabase) {
    for (number, actor) in [Some("50%"), Some("a_b"), Some("Back\\slash"), None, Some("axb")].into_iter().enumerate() {
        let mut one = event(tenant_id(1), 0, number as u8, KINDS[0]);
        one.actor = actor.map(str::to_owned);
        db.write(move |c| audit::insert(c, &one)).await;
    }
    let actor = |part: &str| AuditFilter { actor: Some(part.to_owned()), ..AuditFilter::default() };
    let text = |part: &str| AuditFilter { text: Some(part.to_owned()), ..AuditFilter::default() };
    let source = |part: &str| AuditFilter { source_ip: Some(part.to_owned()), ..AuditFilter::default() };
    for (filter, total) in [
        (actor("%"), 1),
        (actor("_"), 1),
        (actor("\\"), 1),
        (actor("bACK"), 1),
        (actor(""), 4),
        (text("192.0.2.3"), 1),
        (text("A_B"), 1),
        (source("192.0.2."), 5),
        (source("%"), 0),
        (AuditFilter { source_ip: Some("2.0".to_owned()), ..actor("50") }, 1),
    ] {
        let asked = filter.clone();
        let page = db.read(move |c| audit::page(c, Some(tenant_id(1)), &asked, ALL)).await;
        assert_eq!((page.items.len() as u64, page.total), (total, Some(total)), "{filter:?}");
    }
}

async fn slices_go_on(db: TestDatabase) {
    // Several entries in one millisecond, and another tenant's between them.
    db.write(|c| {
        for (offset, number) in [(0, 1), (0, 2), (0, 3), (1, 4), (2, 5)] {
            audit::insert(c, &event(tenant_id(1), offset, number, KINDS[usize::from(number % 2)]))?;
            audit::insert(c, &event(tenant_id(2), offset, number, KINDS[0]))?;
        }
        Ok(())
    })
    .await;
    let slice = |tenant: Option<TenantId>, filter: AuditFilter, cursor: AuditCursor, limit: u32| {
        let db = db.clone();
        async move {
            let items = db.read(move |c| audit::slice(c, tenant, &filter, cursor, limit)).await;
            items.iter().map(|item| item.id).collect::<Vec<_>>()
        }
    };
    let (one, all) = (Some(tenant_id(1)), AuditFilter::default);
    let id = |offset, number| audit_id(offset, number);
    assert_eq!(slice(one, all(), AuditCursor::After(id(0, 2)), 2).await, [id(0, 3), id(1, 4)]);
    assert_eq!(slice(one, all(), AuditCursor::After(id(2, 5)), 2).await, []);
    assert_eq!(slice(one, all(), AuditCursor::Before(id(1, 4)), 2).await, [id(0, 3), id(0, 2)]);
    let odd = within(None, None, &KINDS[1..2]);
    assert_eq!(slice(one, odd, AuditCursor::Before(id(9, 0)), 9).await, [id(2, 5), id(0, 3), id(0, 1)]);
    assert_eq!(slice(None, all(), AuditCursor::After(id(0, 3)), 9).await.len(), 4);
    // The place may have been purged.
    db.write(move |c| audit::purge_before(c, one, at(1), 9)).await;
    assert_eq!(slice(one, all(), AuditCursor::After(id(0, 2)), 9).await, [id(1, 4), id(2, 5)]);
}

async fn far_pages_pass_over_days(db: TestDatabase) {
    two_tenants(&db).await;
    // Five days with 700 entries each, two in three of the first tenant.
    db.write(|c| {
        for number in 0..3_500_i64 {
            let tenant = if number % 3 == 0 { tenant_id(2) } else { tenant_id(1) };
            let mut one = event(tenant, number * DAY / 700, (number % 251) as u8, KINDS[(number % 2) as usize]);
            one.actor = None;
            audit::insert(c, &one)?;
        }
        Ok(())
    })
    .await;
    let everything = PageRequest { page: 1, per_page: 9_999 };
    for tenant in [Some(tenant_id(1)), Some(tenant_id(2)), None] {
        for kinds in [&KINDS[..0], &KINDS[..1]] {
            for (start, end) in [
                (None, None),
                (Some(DAY / 2), Some(4 * DAY + DAY / 3)),
                (None, Some(3 * DAY)),
                (Some(DAY), Some(5 * DAY - 1)),
                (Some(4 * DAY + 5), Some(5 * DAY - 5)),
            ] {
                let filter = within(start, end, kinds);
                let asked = filter.clone();
                let all = db.read(move |c| audit::page(c, tenant, &asked, everything)).await.items;
                for page in [1, 80, 101, 150, 173, 200, 240, 349, 350, 351, 900] {
                    let asked = filter.clone();
                    let page = PageRequest { page, per_page: 10 };
                    let found = db.read(move |c| audit::page(c, tenant, &asked, page)).await;
                    let offset = usize::try_from(page.offset()).expect("a place").min(all.len());
                    let expected = &all[offset..all.len().min(offset + 10)];
                    assert_eq!(found.items, expected, "{tenant:?} {filter:?} {page:?}");
                    assert_eq!(found.total, Some(all.len() as u64));
                }
            }
        }
    }
}
