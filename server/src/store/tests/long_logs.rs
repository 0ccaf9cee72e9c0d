//! Long logs: what is known of their users and addresses says as much as looking at each entry does.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Text},
};
use doorward_shared::{AuditType, audit::AuditLogItem, page::PageRequest};

use super::{
    fixture::*,
    harness::TestDatabase,
    on_every_engine,
    words::{fits, ids},
};
use crate::{
    db::{Connection, DbError},
    domain::audit::AuditFilter,
    store::{audit, tenants},
};

on_every_engine!(long_logs_are_counted_by_their_words);

/// More than are found and counted by their keys.
const ENTRIES: u16 = 2_900;
const STEP: i64 = 60_000;

async fn write(db: &TestDatabase, numbers: impl Iterator<Item = u16> + Send + 'static) {
    db.write(|c| {
        for number in numbers {
            let tenant = tenant_id(1 + u128::from(number % 20 == 19));
            let mut one = event(tenant, i64::from(number) * STEP, 1, AuditType::MfaAuthenticationFinalSucceeded);
            one.id = numbered_audit_id(i64::from(number) * STEP, number);
            one.actor = match number {
                _ if number % 13 == 0 => None,
                // Who comes late, and has no other entry.
                203 => Some("user-late".to_owned()),
                _ => Some(format!("User-{}", number % 10)),
            };
            one.meta.source_ip = format!("10.0.{}.7", number % 6);
            audit::insert(c, &one)?;
        }
        Ok(())
    })
    .await;
}

#[derive(Debug, QueryableByName)]
struct Known {
    #[diesel(sql_type = Text)]
    word: String,
    #[diesel(sql_type = BigInt)]
    known: i64,
    #[diesel(sql_type = BigInt)]
    spanned: i64,
}

/// What is known of the words of long logs, and what their entries say; nothing on PostgreSQL.
async fn known(db: &TestDatabase) -> Vec<Known> {
    let of = |table: &str, column: &str| {
        format!(
            "SELECT {column} AS word, COALESCE(entries, -1) AS known, ( \
                 SELECT COUNT(*) FROM audit_logs WHERE audit_logs.tenant_id = {table}.tenant_id \
                     AND audit_logs.{column} = {table}.{column} AND id < (SELECT MAX(end_id) FROM audit_spans)) AS spanned \
             FROM {table} WHERE tenant_id IN (SELECT tenant_id FROM audit_long_logs WHERE words = '{table}' AND counted)"
        )
    };
    let all = format!("{} UNION ALL {}", of("audit_actors", "actor"), of("audit_sources", "source_ip"));
    db.read(move |c: &mut Connection| {
        let Connection::Sqlite(c) = c else { return Ok(Vec::new()) };
        Ok::<_, DbError>(sql_query(all).load(c)?)
    })
    .await
}

/// Looks at a long log in some ways. Answers how many words are known.
async fn check(db: &TestDatabase) -> usize {
    let everything = db
        .read(|c| {
            let all = PageRequest { page: 1, per_page: 10_000 };
            audit::page(c, Some(tenant_id(1)), &AuditFilter::default(), all)
        })
        .await
        .items;
    let some = |text: &str| Some(text.to_owned());
    let filters = [
        AuditFilter { actor: some("USER-"), ..AuditFilter::default() },
        AuditFilter { actor: some("user-3"), ..AuditFilter::default() },
        AuditFilter { actor: some("late"), ..AuditFilter::default() },
        AuditFilter { source_ip: some("10.0."), ..AuditFilter::default() },
        AuditFilter { source_ip: some("0.1."), ..AuditFilter::default() },
        AuditFilter { text: some("0."), ..AuditFilter::default() },
        AuditFilter { text: some("r-"), ..AuditFilter::default() },
        AuditFilter { actor: some("user-"), source_ip: some(".7"), ..AuditFilter::default() },
        AuditFilter { actor: some("user-"), start: Some(at(500 * STEP)), ..AuditFilter::default() },
    ];
    for filter in filters {
        let expected: Vec<AuditLogItem> =
            everything.iter().filter(|item| fits(item, Some(tenant_id(1)), &filter)).cloned().collect();
        let asked = filter.clone();
        let page = PageRequest { page: 2, per_page: 10 };
        let found = db.read(move |c| audit::page(c, Some(tenant_id(1)), &asked, page)).await;
        let wanted: Vec<AuditLogItem> = expected.iter().skip(10).take(10).cloned().collect();
        assert_eq!((found.total, ids(&found.items)), (Some(expected.len() as u64), ids(&wanted)), "{filter:?}");
    }
    let words = known(db).await;
    assert!(words.iter().all(|word| word.known == word.spanned), "{words:?}");
    assert!(words.iter().all(|word| word.known > 0 || word.word.ends_with("new")), "{words:?}");
    words.len()
}

async fn bring_up_to_date(db: &TestDatabase) {
    while db.write(|c| audit::extend_spans(c, at(10_000 * STEP))).await {}
    while db.write(|c| audit::count_entries(c, 4)).await {}
}

async fn long_logs_are_counted_by_their_words(db: TestDatabase) {
    two_tenants(&db).await;
    // One in ten comes later.
    write(&db, (0..ENTRIES).filter(|number| number % 10 != 3)).await;
    assert_eq!(check(&db).await, 0);
    bring_up_to_date(&db).await;
    let words = check(&db).await;
    // Nine users and six addresses.
    assert_eq!(words, if known(&db).await.is_empty() { 0 } else { 15 });
    write(&db, (0..ENTRIES).filter(|number| number % 10 == 3)).await;
    // The tenth, and who came late once.
    assert_eq!(check(&db).await, if words == 0 { 0 } else { 17 });
    assert_eq!(db.write(|c| audit::purge_before(c, None, at(150 * STEP), 100)).await, 100);
    db.write(|c| audit::purge_before(c, Some(tenant_id(1)), at(300 * STEP), 10_000)).await;
    // Nobody knows any more who came late.
    assert_eq!(check(&db).await, if words == 0 { 0 } else { 16 });
    db.write(|c| {
        let mut one = event(tenant_id(1), 3_000 * STEP, 1, AuditType::MfaAuthenticationFinalSucceeded);
        one.id = numbered_audit_id(3_000 * STEP, 3_000);
        one.actor = Some("user-new".to_owned());
        one.meta.source_ip = "10.0.1.7".to_owned();
        audit::insert(c, &one)
    })
    .await;
    write(&db, ENTRIES..ENTRIES + 50).await;
    check(&db).await;
    bring_up_to_date(&db).await;
    check(&db).await;
    assert!(db.write(|c| tenants::delete(c, tenant_id(1))).await);
    while db.write(|c| audit::delete_left(c, 300)).await {
        let words = known(&db).await;
        assert!(words.iter().all(|word| word.known == word.spanned), "{words:?}");
    }
    assert_eq!(known(&db).await.len(), 0);
}

#[tokio::test]
async fn of_a_long_log_a_span_is_read_and_nothing_else() {
    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = Text)]
        detail: String,
    }
    let db = TestDatabase::sqlite().await;
    for statement in audit::statements_of_a_span() {
        let explained = format!("EXPLAIN QUERY PLAN {statement}");
        let steps: Vec<Step> = db
            .read(move |c: &mut Connection| {
                let Connection::Sqlite(c) = c else { return Ok(Vec::new()) };
                Ok::<_, DbError>(sql_query(explained).bind::<Text, _>("a").bind::<Text, _>("b").load(c)?)
            })
            .await;
        let plan: Vec<&str> = steps.iter().map(|step| step.detail.as_str()).collect();
        let reads: Vec<_> = plan.iter().filter(|step| step.contains(" audit_logs ")).collect();
        assert!(matches!(reads[..], [read] if read.ends_with("(tenant_id=? AND id>? AND id<?)")), "{plan:?}");
    }
}
