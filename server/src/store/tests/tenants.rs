use diesel::RunQueryDsl as _;
use doorward_shared::{
    AuditType, TenantId,
    page::{Order, PageRequest},
};

use super::{fixture::*, harness::TestDatabase, on_every_engine};
use crate::{
    db::{Connection, DbError, on_engine},
    domain::{
        audit::Total,
        list::{NUMBERED_ROWS, NextRows, PageQuery},
    },
    store::{
        api_keys, audit, challenges, credentials, installation, redeemed_tokens, signing_keys, tenants, transactions,
    },
};

on_every_engine!(
    tenants_can_be_read_changed_and_deleted,
    data_of_a_deleted_tenant_is_deleted_in_units,
    numbered_pages_end_at_the_bound_and_cursors_go_on,
    search_matches_wildcards_literally,
    names_of_any_number_of_tenants_are_returned,
    installation_values_are_kept_by_name
);

async fn names_of_any_number_of_tenants_are_returned(db: TestDatabase) {
    two_tenants(&db).await;
    // A query may have at most 65 535 parameters on PostgreSQL, and at most 32 766 on SQLite.
    let ids = (1..=70_000).map(tenant_id).collect();
    let names = db.read(move |c| tenants::names(c, &ids)).await;
    assert_eq!(names.into_keys().collect::<Vec<_>>(), [tenant_id(1), tenant_id(2)]);
}

fn numbered(page: u32, per_page: u32) -> PageQuery {
    PageQuery::numbered(Order::Ascending, PageRequest { page, per_page })
}

/// Returns the names on all pages, the total of the first page, and the number of the last numbered page.
async fn walk(db: &TestDatabase, text: Option<&'static str>, order: Order) -> (Vec<String>, Option<Total>, u32) {
    let mut query = PageQuery { order, ..numbered(1, 900) };
    let (mut names, mut total) = (Vec::new(), None);
    loop {
        let next = query.clone();
        let page = db.read(move |c| tenants::list(c, text, None, &next)).await;
        names.extend(page.items.into_iter().map(|tenant| tenant.display_name));
        total = total.or(page.total);
        match page.next {
            Some(NextRows::Number) => query.page.page += 1,
            Some(NextRows::After(cursor)) => query.after = Some(cursor),
            None => return (names, total, query.page.page),
        }
    }
}

async fn numbered_pages_end_at_the_bound_and_cursors_go_on(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| {
        // Several tenants have the same creation time, and every tenth tenant matches the search.
        for insert in [
            "INSERT INTO tenants (id, display_name, config, created_at, updated_at) \
             SELECT '00000000-0000-0002-0000-' || CAST(100000000000 + n AS TEXT), \
             CASE WHEN n % 10 = 0 THEN 'match-' ELSE 'other-' END || CAST(n AS TEXT), '{}', \
             CAST(? AS BIGINT) + n / 7, 0 FROM numbers",
            "INSERT INTO tenant_summaries (tenant_id, name_key, rp_id, created_at, last_activity) \
             SELECT '00000000-0000-0002-0000-' || CAST(100000000000 + n AS TEXT), \
             CASE WHEN n % 10 = 0 THEN 'match-' ELSE 'other-' END || CAST(n AS TEXT), 'example.com', \
             CAST(? AS BIGINT) + n / 7, 0 FROM numbers",
        ] {
            let numbers =
                "WITH RECURSIVE numbers (n) AS (SELECT 3 UNION ALL SELECT n + 1 FROM numbers WHERE n < 11500)";
            let sql = format!("{numbers} {insert}");
            let insert = diesel::sql_query(sql.replace('?', &at(100).millis().to_string()));
            on_engine!(c, conn, _Db => insert.execute(conn))?;
        }
        Ok(())
    })
    .await;
    let mut ascending = Vec::new();
    for order in [Order::Ascending, Order::Descending] {
        let (mut names, total, numbers) = walk(&db, None, order).await;
        assert_eq!((names.len(), total, numbers), (11_500, Some(Total::AtLeast(NUMBERED_ROWS as u64)), 12));
        let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
        let (matches, total, _) = walk(&db, Some("match"), order).await;
        let expected: Vec<&String> = names.iter().filter(|name| name.starts_with("match")).collect();
        assert_eq!(matches.iter().collect::<Vec<_>>(), expected);
        let Some(Total::AtLeast(bound)) = total else { panic!("{total:?}") };
        assert!((990..=1_000).contains(&bound), "{bound}");
        if order == Order::Ascending {
            ascending = names;
        } else {
            names.reverse();
            assert_eq!(names, ascending);
        }
    }
}

async fn tenants_can_be_read_changed_and_deleted(db: TestDatabase) {
    two_tenants(&db).await;
    assert_eq!(db.read(|c| tenants::find(c, tenant_id(1))).await, Some(tenant(1)));
    assert_eq!(db.read(|c| tenants::find(c, tenant_id(9))).await, None);
    assert_eq!(db.read(tenants::all).await, [tenant(1), tenant(2)]);
    let again = db.database.write(|c: &mut Connection| tenants::insert(c, &tenant(1))).await;
    assert_eq!(again, Err(DbError::Duplicate { table: "tenants".to_owned() }));

    assert!(db.write(|c| tenants::rename(c, tenant_id(1), "Other", at(7))).await);
    let mut config = tenant(1).config;
    config.webauthn.timeout = 1;
    let changed = config.clone();
    assert!(db.write(move |c| tenants::update_config(c, tenant_id(1), &config, at(8))).await);
    let stored = db.read(|c| tenants::find(c, tenant_id(1))).await.expect("the tenant");
    assert_eq!((stored.display_name.as_str(), stored.updated_at, stored.config), ("Other", at(8), changed.clone()));
    assert!(!db.write(|c| tenants::rename(c, tenant_id(9), "Other", at(7))).await);
    assert!(!db.write(move |c| tenants::update_config(c, tenant_id(9), &changed, at(7))).await);

    let page = db.read(|c| tenants::list(c, None, None, &numbered(2, 1))).await;
    assert_eq!((page.total, page.items[0].id), (Some(Total::Exact(2)), tenant_id(2)));

    // Deleting `TenantId::INSTALLATION` or an unknown tenant does nothing, so the installation's log is kept.
    let kind = doorward_shared::AuditType::TenantDeleted;
    db.write(move |c| audit::insert(c, &event(TenantId::INSTALLATION, 0, 1, kind))).await;
    assert!(!db.write(|c| delete_tenant(c, TenantId::INSTALLATION)).await);
    assert!(db.write(|c| delete_tenant(c, tenant_id(1))).await);
    assert!(!db.write(|c| delete_tenant(c, tenant_id(1))).await);
    assert_eq!(db.read(|c| tenants::all(c).map(|all| all.len())).await, 1);
    let log = db.read(|c| audit::page(c, None, &Default::default(), None, PageRequest::default())).await;
    assert_eq!((log.total, log.items.len()), (crate::domain::audit::Total::Exact(1), 1));
}

async fn data_of_a_deleted_tenant_is_deleted_in_units(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| {
        for tenant in [1, 2] {
            for number in 1..=5 {
                credentials::insert(c, &credential(tenant, 1, number))?;
                challenges::insert(c, &challenge(tenant, Some(1), number))?;
                redeemed_tokens::insert(c, tenant_id(tenant), &number.to_string(), at(9))?;
                transactions::insert(c, &transaction(tenant, 1, number.into()))?;
            }
            api_keys::insert(c, &api_key(tenant, 1))?;
            signing_keys::insert(c, &signing_key(tenant, 1))?;
        }
        tenants::mark_deleted(c, tenant_id(1), at(9)).map(drop)
    })
    .await;
    // `find`, `all` and `list` do not return the tenant, and no entry can be added to its log.
    assert_eq!(db.read(|c| tenants::find(c, tenant_id(1))).await, None);
    assert_eq!(db.read(|c| tenants::all(c).map(|all| all.len())).await, 1);
    assert_eq!(db.read(|c| tenants::list(c, None, None, &numbered(1, 20))).await.total, Some(Total::Exact(1)));
    assert!(!db.write(|c| tenants::rename(c, tenant_id(1), "Other", at(7))).await);
    assert!(!db.write(|c| tenants::mark_deleted(c, tenant_id(1), at(9))).await);
    let entry = event(tenant_id(1), 0, 1, AuditType::ApiKeyRejected);
    let late = db
        .database
        .write(move |c: &mut Connection| {
            assert!(challenges::take(c, tenant_id(1), &challenge_value(1))?);
            audit::insert(c, &entry)
        })
        .await;
    assert_eq!(late, Err(DbError::Orphan));
    assert!(db.read(|c| challenges::find(c, tenant_id(1), &challenge_value(1))).await.is_some());
    // The deletion job finds the tenant again after each unit of work, so it can resume after a crash.
    assert_eq!(db.read(|c| tenants::deleted(c, 10)).await, [tenant_id(1)]);
    let mut units = 0;
    while db.write(|c| tenants::remove_some(c, tenant_id(1), 2)).await {
        units += 1;
        assert!(matches!(
            db.database.write(|c: &mut Connection| tenants::insert(c, &tenant(1))).await,
            Err(DbError::Duplicate { .. })
        ));
    }
    assert_eq!(units, 3 + 3 + 3 + 3 + 2 + 1 + 1);
    assert_eq!(db.read(|c| tenants::deleted(c, 10)).await, []);
    db.write(|c| tenants::insert(c, &tenant(1))).await;
    assert_eq!(db.read(|c| credentials::for_user(c, tenant_id(2), user_id(1))).await.len(), 5);
    assert!(db.read(|c| challenges::find(c, tenant_id(2), &challenge_value(5))).await.is_some());
    // A tenant that is not marked as deleted is never removed.
    assert!(!db.write(|c| tenants::remove_some(c, tenant_id(1), 2)).await);
    assert_eq!(db.read(|c| tenants::find(c, tenant_id(1))).await, Some(tenant(1)));
}

async fn search_matches_wildcards_literally(db: TestDatabase) {
    for (number, name) in ["100%", "a_b", "back\\slash", "axb", "ÄRGER", "Straße"].into_iter().enumerate() {
        let mut one = tenant(number as u128);
        one.display_name = name.to_owned();
        db.write(move |c| tenants::insert(c, &one)).await;
    }
    for (text, expected) in [
        ("%", vec!["100%"]),
        ("_", vec!["a_b"]),
        ("\\", vec!["back\\slash"]),
        ("A_B", vec!["a_b"]),
        ("SLASH", vec!["back\\slash"]),
        // On both engines, upper and lower case of letters outside ASCII are distinguished.
        ("Ä", vec!["ÄRGER"]),
        ("ä", vec![]),
        ("ärger", vec![]),
        ("ß", vec!["Straße"]),
    ] {
        let page = db.read(move |c| tenants::list(c, Some(text), None, &numbered(1, 20))).await;
        let names: Vec<_> = page.items.iter().map(|item| item.display_name.as_str()).collect();
        assert_eq!((names, page.total), (expected.clone(), Some(Total::Exact(expected.len() as u64))), "{text}");
    }
}

async fn installation_values_are_kept_by_name(db: TestDatabase) {
    assert_eq!(db.read(|c| installation::get(c, "a")).await, None);
    assert_eq!(db.write(|c| installation::put_if_absent(c, "a", "1")).await, "1");
    assert_eq!(db.write(|c| installation::put_if_absent(c, "a", "2")).await, "1");
    db.write(|c| installation::put(c, "a", "3")).await;
    db.write(|c| installation::put(c, "b", "4")).await;
    assert_eq!(db.read(|c| installation::get(c, "a")).await.as_deref(), Some("3"));
}
