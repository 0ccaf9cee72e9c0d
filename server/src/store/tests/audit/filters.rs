use doorward_shared::{ApiKeyId, audit::AuditOutcome};
use ipnet::IpNet;

use super::*;
use crate::domain::audit::NextPage;

on_every_engine!(
    prepared_statements_stay_bounded,
    filters_find_what_a_model_finds,
    substrings_match_literally_in_every_script,
    a_request_id_with_its_time_is_found_anywhere
);

/// Returns whether an entry matches a filter. This implementation uses no SQL.
pub(super) fn matches(item: &AuditLogItem, tenant: Option<TenantId>, filter: &AuditFilter) -> bool {
    let contains = |text: Option<&str>, part: &str| {
        text.is_some_and(|text| text.to_ascii_lowercase().contains(&part.to_ascii_lowercase()))
    };
    let value = |text: Option<&str>, values: &Values<String>| {
        let is = |value: &String| text == Some(value.as_str());
        (values.any_of.is_empty() || values.any_of.iter().any(is)) && !values.none_of.iter().any(is)
    };
    let address: std::net::IpAddr = item.meta_source_ip.parse().expect("an address");
    let inside = |network: &IpNet| network.contains(&address);
    let networks = &filter.source_ip;
    let (actor, source) = (item.actor_user_id.as_deref(), Some(item.meta_source_ip.as_str()));
    tenant.is_none_or(|tenant| item.tenant_id == tenant)
        && filter.start.is_none_or(|start| item.created_at >= start)
        && filter.end.is_none_or(|end| item.created_at < end)
        && (filter.kinds.any_of.is_empty() || filter.kinds.any_of.contains(&item.kind))
        && !filter.kinds.none_of.contains(&item.kind)
        && filter.outcome.is_none_or(|outcome| (outcome == AuditOutcome::Failed) == item.kind.is_failure())
        && value(actor, &filter.actor)
        && value(item.error_code.as_deref(), &filter.error_code)
        && value(Some(&item.meta_http_request_id), &filter.request_id)
        && value(item.credential_id.as_deref(), &filter.credential_id)
        && value(item.transaction_id.as_deref(), &filter.transaction_id)
        && value(item.api_key_id.map(|id| id.to_string()).as_deref(), &filter.api_key_id.texts())
        && (networks.any_of.is_empty() || networks.any_of.iter().any(inside))
        && !networks.none_of.iter().any(inside)
        && filter.actor_part.as_ref().is_none_or(|part| contains(actor, part))
        && filter.source_ip_part.as_ref().is_none_or(|part| contains(source, part))
        && filter.text.as_ref().is_none_or(|part| contains(actor, part) || contains(source, part))
}

fn values(any_of: &[&str], none_of: &[&str]) -> Values<String> {
    let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Values { any_of: own(any_of), none_of: own(none_of) }
}

fn networks(any_of: &[&str], none_of: &[&str]) -> Values<IpNet> {
    let own = |texts: &[&str]| texts.iter().map(|text| text.parse().expect("a network")).collect();
    Values { any_of: own(any_of), none_of: own(none_of) }
}

fn keys(any_of: &[u128], none_of: &[u128]) -> Values<ApiKeyId> {
    let ids = |numbers: &[u128]| numbers.iter().copied().map(api_key_id).collect();
    Values { any_of: ids(any_of), none_of: ids(none_of) }
}

fn filters() -> Vec<AuditFilter> {
    let all = AuditFilter::default;
    let text = |text: &str| Some(text.to_owned());
    let mut filters = vec![
        all(),
        AuditFilter { actor: values(&["alice"], &[]), ..all() },
        AuditFilter { actor: values(&["alice", "bob", "nobody"], &[]), ..all() },
        AuditFilter { actor: values(&[], &["alice"]), ..all() },
        AuditFilter { actor: values(&["alice", "bob"], &["bob"]), ..all() },
        AuditFilter { error_code: values(&["internal"], &[]), ..all() },
        AuditFilter { error_code: values(&[], &["internal"]), ..all() },
        AuditFilter { request_id: values(&["request-7", "request-9"], &[]), ..all() },
        AuditFilter { request_id: values(&[], &["request-7"]), ..all() },
        AuditFilter { credential_id: values(&["credential-1"], &[]), ..all() },
        AuditFilter { credential_id: values(&[], &["credential-1"]), ..all() },
        AuditFilter { transaction_id: values(&["order-2"], &[]), ..all() },
        AuditFilter { transaction_id: values(&[], &["order-2", "order-3"]), ..all() },
        AuditFilter { api_key_id: keys(&[1, 2], &[]), ..all() },
        AuditFilter { api_key_id: keys(&[], &[1]), ..all() },
        AuditFilter { source_ip: networks(&["10.0.0.7/32", "2001:db8::1/128"], &[]), ..all() },
        AuditFilter { source_ip: networks(&[], &["10.0.0.7/32"]), ..all() },
        AuditFilter { source_ip: networks(&["10.0.0.0/29", "2001:db8::1/128"], &["10.0.0.1/32"]), ..all() },
        AuditFilter { source_ip: networks(&[], &["2001:db8::/32"]), ..all() },
        AuditFilter { actor_part: text("LI"), ..all() },
        AuditFilter { source_ip_part: text("db8"), ..all() },
        AuditFilter { text: text("1"), ..all() },
    ];
    let kinds =
        |any_of: &[AuditType], none_of: &[AuditType]| Values { any_of: any_of.to_vec(), none_of: none_of.to_vec() };
    for number in 0..filters.len() {
        let base = filters[number].clone();
        filters.push(AuditFilter { kinds: kinds(&KINDS[..2], &[]), ..base.clone() });
        filters.push(AuditFilter {
            kinds: kinds(&[], &KINDS[1..]),
            outcome: Some(AuditOutcome::Failed),
            ..base.clone()
        });
        filters.push(AuditFilter {
            start: Some(at(20)),
            end: Some(at(121)),
            outcome: Some(AuditOutcome::Succeeded),
            ..base
        });
    }
    filters
}

async fn filters_find_what_a_model_finds(db: TestDatabase) {
    let entry = |number: u8| {
        let tenant = [tenant_id(1), tenant_id(2), TenantId::INSTALLATION][usize::from(number % 5 / 2)];
        let mut one = event(tenant, i64::from(number), number, KINDS[usize::from(number % 3)]);
        one.actor = ["alice", "bob", "Ali"].get(usize::from(number % 4)).map(|&name| name.to_owned());
        one.meta.source_ip = if number.is_multiple_of(7) {
            format!("2001:db8::{}", number % 3)
        } else {
            format!("10.0.0.{}", number % 11)
        };
        one.credential_id = number.is_multiple_of(2).then(|| format!("credential-{}", number % 5));
        one.transaction_id = number.is_multiple_of(3).then(|| format!("order-{}", number % 4));
        one.meta.api_key = (number % 4 < 3).then(|| api_key_id(u128::from(number % 4)));
        one
    };
    add(&db, (0..150).map(entry).collect()).await;
    let mut entries = everything(&db).await;
    entries.reverse();
    for filter in filters() {
        for tenant in [None, Some(tenant_id(1)), Some(TenantId::INSTALLATION)] {
            let expected: Vec<&AuditLogItem> = entries.iter().filter(|item| matches(item, tenant, &filter)).collect();
            let copy = filter.clone();
            let page = db.read(move |c| audit::page(c, tenant, &copy, None, ALL)).await;
            assert_eq!(page.items.iter().collect::<Vec<_>>(), expected, "{tenant:?} {filter:?}");
            assert_eq!((page.total, page.next), (Total::Exact(expected.len() as u64), None), "{tenant:?} {filter:?}");
        }
    }
}

async fn substrings_match_literally_in_every_script(db: TestDatabase) {
    let actors = [
        "Þóra.Ægisdóttir@example.is",
        "山田太郎",
        "ΣΊΣΥΦΟΣ",
        "straße",
        "👩‍🚀 astronaut",
        "a\"b\"c AND d",
        "50%",
        "a_b",
        "Back\\slash",
        "axb",
    ];
    let entry = |(number, actor): (u8, &str)| {
        let mut one = event(tenant_id(1), i64::from(number), number, KINDS[0]);
        one.actor = Some(actor.to_owned());
        one
    };
    add(&db, (1..).zip(actors).map(entry).collect()).await;
    for (part, found) in [
        // For ASCII letters, upper and lower case are equivalent. For other letters, they differ.
        ("ÞÓRA", 0),
        ("Þóra", 1),
        ("ægis", 0),
        ("ÆgisD", 1),
        ("太郎", 1),
        ("σίσ", 0),
        ("traß", 1),
        ("🚀 AST", 1),
        ("\"B\"", 1),
        ("c and D", 1),
        // Wildcards of SQL have no special meaning.
        ("%", 1),
        ("_", 1),
        ("\\", 1),
        ("A_B", 1),
        ("a%b", 0),
    ] {
        for tenant in [None, Some(tenant_id(1))] {
            let by_actor = AuditFilter { actor_part: Some(part.to_owned()), ..AuditFilter::default() };
            let by_text = AuditFilter { text: Some(part.to_owned()), ..AuditFilter::default() };
            for filter in [by_actor, by_text] {
                let total = db.read(move |c| audit::total(c, tenant, &filter, None)).await;
                assert_eq!(total, Total::Exact(found), "{part} {tenant:?}");
            }
        }
    }
}

async fn a_request_id_with_its_time_is_found_anywhere(db: TestDatabase) {
    let newest = EXAMINED as i64 + 700;
    pages::bulk(&db, (0..newest).map(|number| (tenant_id(1), number)).collect()).await;
    // The first request id contains the time of its audit entry. A client chose the second request id.
    let own = pages::time_id(2);
    for (number, request) in [(2, own.clone()), (3, "mine".to_owned())] {
        let id = pages::bulk_id(number);
        db.write(move |c| c.run(&format!("UPDATE audit_logs SET request_id = '{request}' WHERE id = '{id}'"))).await;
    }
    let page = |request: &str| {
        let filter = AuditFilter { request_id: values(&[request], &[]), ..AuditFilter::default() };
        db.read(move |c| audit::page(c, Some(tenant_id(1)), &filter, None, PageRequest::default()))
    };
    let found = page(&own).await;
    assert_eq!(found.items.iter().map(|item| item.id).collect::<Vec<_>>(), [pages::bulk_id(2)]);
    assert_eq!(found.total, Total::AtLeast(1));
    // Gives the request id `own` to a second entry. The first page and the pages after it contain each entry exactly
    // once.
    let again = pages::bulk_id(600);
    let sql = format!("UPDATE audit_logs SET request_id = '{own}' WHERE id = '{again}'");
    db.write(move |c| c.run(&sql)).await;
    let mut filter = AuditFilter { request_id: values(&[&own], &[]), ..AuditFilter::default() };
    let per_page = PageRequest { page: 1, per_page: 2 };
    let first = db.read({
        let filter = filter.clone();
        move |c| audit::page(c, Some(tenant_id(1)), &filter, None, per_page)
    });
    let first = first.await;
    let mut ids: Vec<AuditId> = first.items.iter().map(|item| item.id).collect();
    let Some(NextPage::BeforeWithout(mut before, shown)) = first.next else { panic!("{:?}", first.next) };
    filter.shown = Some(shown);
    loop {
        let (filter, cursor) = (filter.clone(), AuditCursor::Before(before));
        let slice = db.read(move |c| audit::slice(c, Some(tenant_id(1)), &filter, None, cursor, 2)).await;
        ids.extend(slice.items.iter().map(|item| item.id));
        let Some(next) = slice.next else { break };
        before = next;
    }
    assert_eq!(ids, [pages::bulk_id(2), again]);
    // If an entry with the request id `own` is in the first window, the normal scan finds it and returns the usual
    // cursor.
    let recent = pages::bulk_id(newest - 1);
    let sql = format!("UPDATE audit_logs SET request_id = '{own}' WHERE id = '{recent}'");
    db.write(move |c| c.run(&sql)).await;
    let found = page(&own).await;
    assert_eq!(found.items.iter().map(|item| item.id).collect::<Vec<_>>(), [recent]);
    assert_eq!(found.next, Some(NextPage::Before(pages::bulk_id(700))));
    // If a request id contains no time, its entry is found only when the scan examines the entry.
    let first = page("mine").await;
    assert_eq!((first.items.len(), first.total), (0, Total::AtLeast(0)));
    assert_eq!(first.next, Some(NextPage::Before(pages::bulk_id(700))));
}

async fn prepared_statements_stay_bounded(db: TestDatabase) {
    use diesel::{RunQueryDsl as _, dsl::sql, sql_types::BigInt};
    if db.database.engine() == Engine::Sqlite {
        return;
    }
    add(&db, vec![event(tenant_id(1), 0, 1, KINDS[0])]).await;
    let prepared = db
        .read(|c| {
            for number in 0..256_u32 {
                let has = |bit: u32| number >> bit & 1 == 1;
                let some = |bit: u32, other: u32| Values {
                    any_of: if has(bit) { vec!["a".to_owned(), "b".to_owned()] } else { Vec::new() },
                    none_of: if has(other) { vec!["c".to_owned()] } else { Vec::new() },
                };
                let filter = AuditFilter {
                    actor: some(0, 1),
                    error_code: some(2, 3),
                    request_id: some(4, 5),
                    text: has(6).then(|| "a".to_owned()),
                    start: has(7).then(|| at(0)),
                    ..AuditFilter::default()
                };
                audit::page(c, Some(tenant_id(1)), &filter, None, PageRequest::default())?;
            }
            let count = "(SELECT COUNT(*) FROM pg_prepared_statements)";
            let Connection::Postgres(c, _) = c else { return Ok(0) };
            Ok(diesel::select(sql::<BigInt>(count)).get_result::<i64>(c)?)
        })
        .await;
    assert!((1..40).contains(&prepared), "{prepared}");
}
