use doorward_shared::{
    AuditType, TenantId,
    admin::{SORTED_BY_ACTIVITY, TenantSort},
    page::Order,
};

use super::{fixture::*, harness::TestDatabase, on_every_engine};
use crate::{
    db::{Connection, DbError, on_engine},
    domain::{
        User,
        list::{Cursor, TenantQuery},
    },
    store::{
        api_keys,
        audit::{self, Days},
        credentials, schema,
        tenant_summaries::{self, Counts, TenantPage},
        tenants, users,
    },
};

on_every_engine!(
    counts_follow_every_change,
    counts_are_exact_after_concurrent_changes,
    last_activity_never_moves_backwards,
    pages_are_complete_in_every_order,
    searches_match_names_and_ids,
    orders_by_counts_contain_the_tenants_with_the_latest_activity
);

async fn counts(db: &TestDatabase, tenant: u128) -> Counts {
    db.read(move |c| tenant_summaries::counts(c, tenant_id(tenant))).await
}

fn numbers(users: u64, credentials: u64, api_keys: u64) -> Counts {
    Counts { users, credentials, api_keys }
}

async fn check_counts(db: &TestDatabase) {
    for tenant in [1, 2] {
        let counted = db
            .read(move |c| {
                use diesel::prelude::*;
                let key = tenant_id(tenant).to_string();
                on_engine!(c, c, _Db => {
                    let users: i64 = schema::users::table
                        .filter(schema::users::tenant_id.eq(&key)).count().get_result(c)?;
                    let credentials: i64 = schema::credentials::table
                        .filter(schema::credentials::tenant_id.eq(&key)).count().get_result(c)?;
                    let keys: i64 = schema::api_keys::table
                        .filter(schema::api_keys::tenant_id.eq(&key))
                        .filter(schema::api_keys::revoked_at.is_null()).count().get_result(c)?;
                    Ok(numbers(users as u64, credentials as u64, keys as u64))
                })
            })
            .await;
        assert_eq!(counts(db, tenant).await, counted, "tenant {tenant}");
    }
    let (one, two) = (counts(db, 1).await, counts(db, 2).await);
    let totals = db.read(tenant_summaries::totals).await;
    assert_eq!((totals.users, totals.credentials), (one.users + two.users, one.credentials + two.credentials));
}

async fn counts_follow_every_change(db: TestDatabase) {
    two_tenants(&db).await;
    assert_eq!(counts(&db, 1).await, numbers(3, 0, 0));
    db.write(|c| {
        // Users 1 and 2 exist already and must not be counted again.
        users::upsert(c, &user(1, 1))?;
        users::upsert(c, &User { name: "new".to_owned(), ..user(1, 2) })?;
        for number in [1, 2, 3] {
            credentials::insert(c, &credential(1, 1, number))?;
            api_keys::insert(c, &api_key(1, number.into()))?;
        }
        let again = credentials::insert(c, &credential(1, 1, 3));
        assert!(matches!(again, Err(DbError::Duplicate { .. })), "{again:?}");
        Ok(())
    })
    .await;
    assert_eq!(counts(&db, 1).await, numbers(3, 3, 3));
    assert_eq!(counts(&db, 2).await, numbers(3, 0, 0));
    let rolled_back = db.database.write(|c: &mut Connection| {
        delete_user(c, tenant_id(1), user_id(1))?;
        users::upsert(c, &user(1, 9))?;
        api_keys::insert(c, &api_key(1, 9))?;
        Err::<(), _>(DbError::Orphan)
    });
    assert_eq!(rolled_back.await, Err(DbError::Orphan));
    let failed = db.database.write(|c: &mut Connection| credentials::insert(c, &credential(1, 9, 9)));
    assert_eq!(failed.await, Err(DbError::Orphan));
    check_counts(&db).await;
    db.write(|c| {
        assert!(credentials::delete(c, tenant_id(1), &credential_id(1))?);
        assert!(!credentials::delete(c, tenant_id(1), &credential_id(1))?);
        assert!(api_keys::revoke(c, tenant_id(1), api_key_id(1), at(9))?.is_some());
        assert!(api_keys::revoke(c, tenant_id(1), api_key_id(1), at(9))?.is_none());
        api_keys::record_use(c, tenant_id(1), api_key_id(2), at(9))
    })
    .await;
    assert_eq!(counts(&db, 1).await, numbers(3, 2, 2));
    assert!(db.write(|c| delete_user(c, tenant_id(1), user_id(1))).await);
    assert!(!db.write(|c| delete_user(c, tenant_id(1), user_id(1))).await);
    assert_eq!(counts(&db, 1).await, numbers(2, 0, 2));
    assert!(db.write(|c| delete_tenant(c, tenant_id(1))).await);
    check_counts(&db).await;
    assert_eq!(counts(&db, 1).await, Counts::default());
}

async fn counts_are_exact_after_concurrent_changes(db: TestDatabase) {
    two_tenants(&db).await;
    let writers: Vec<_> = (0..60_u8)
        .map(|number| {
            let db = db.clone();
            tokio::spawn(async move {
                let work = move |c: &mut Connection| {
                    match number % 6 {
                        // If a credential of this user is inserted concurrently, the insertion fails or the credential
                        // is deleted with the user.
                        0 => drop(delete_user(c, tenant_id(1), user_id(2))?),
                        5 => drop(api_keys::insert(c, &api_key(1, number.into()))?),
                        _ => {
                            let owner = users::upsert(c, &user(1, u128::from(number % 3) + 1))?;
                            let mut one = credential(1, 1, number);
                            one.user_id = owner.id;
                            credentials::insert(c, &one)?;
                        }
                    }
                    Ok(())
                };
                match db.database.write(work).await {
                    // Two units may add the same user at the same time.
                    Ok(()) | Err(DbError::Orphan | DbError::Unavailable(_) | DbError::Duplicate { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("a writer");
    }
    check_counts(&db).await;
}

async fn last_activity_never_moves_backwards(db: TestDatabase) {
    two_tenants(&db).await;
    let last_activity = async |db: &TestDatabase| {
        let found = db.read(|c| tenant_summaries::of(c, &[tenant_id(1)], Days { first: 0, last: 0 })).await;
        found[0].last_activity
    };
    assert_eq!(last_activity(&db).await, Some(at(1)));
    for (time, expected) in [(60, 60), (40, 60), (61, 61)] {
        db.write(move |c| tenant_summaries::record_activity(c, tenant_id(1), at(time))).await;
        assert_eq!(last_activity(&db).await, Some(at(expected)));
    }
    db.write(|c| tenant_summaries::record_activity(c, tenant_id(9), at(1))).await;
}

/// Returns the day of [`NOW`].
fn today() -> Days {
    Days { first: at(0).day(), last: at(0).day() }
}

fn query(sort: TenantSort, order: Order, after: Option<Cursor>) -> TenantQuery {
    TenantQuery { search: None, sort, order, after, limit: 3 }
}

async fn list(db: &TestDatabase, search: Option<&str>, sort: TenantSort, order: Order) -> Vec<TenantId> {
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let query = TenantQuery { search: search.map(str::to_owned), ..query(sort, order, after) };
        let TenantPage { ids: page, total, next } =
            db.read(move |c| tenant_summaries::page(c, &query, None, today())).await;
        assert!((1..=3).contains(&page.len()) || total == 0, "{} of {total}", page.len());
        ids.extend(page);
        assert!(ids.len() as u64 <= total);
        let Some(cursor) = next else {
            assert_eq!(ids.len() as u64, total);
            return ids;
        };
        after = Some(cursor);
    }
}

/// Adds ten tenants. Some have the same name, creation time, activity or number of users.
async fn ten(db: &TestDatabase) {
    db.write(|c| {
        for number in 1..=10_u128 {
            let mut one = tenant(number);
            one.display_name = ["shop", "Bank", "bank", "Äpfel", "a_b"][number as usize % 5].to_owned();
            one.created_at = at(number as i64 / 3);
            tenants::insert(c, &one)?;
            for person in 0..number % 4 {
                users::upsert(c, &user(number, person))?;
            }
            for key in 0..number % 3 {
                api_keys::insert(c, &api_key(number, key))?;
            }
            tenant_summaries::record_activity(c, tenant_id(number), at(100 + number as i64 % 3))?;
        }
        for number in 1..=10_u128 {
            let succeeded = (number % 4, AuditType::MfaAuthenticationFinalSucceeded);
            let refused = (number % 5, AuditType::WebauthnAuthenticationFinalFailed);
            for (count, kind) in [succeeded, refused, (1, AuditType::MfaAuthenticationInitSucceeded)] {
                for entry in 0..count {
                    audit::insert(c, &event(tenant_id(number), 0, entry as u8, kind))?;
                    // Entries of other days must not be counted.
                    audit::insert(c, &event(tenant_id(11 - number), -86_400_000, entry as u8, kind))?;
                }
            }
        }
        Ok(())
    })
    .await;
}

async fn pages_are_complete_in_every_order(db: TestDatabase) {
    ten(&db).await;
    let by = |key: fn(u128) -> i64| {
        let mut ids: Vec<u128> = (1..=10).collect();
        ids.sort_by_key(|number| (key(*number), tenant_id(*number)));
        ids.into_iter().map(tenant_id).collect::<Vec<_>>()
    };
    let name = |number: u128| [4, 1, 1, 5, 0][number as usize % 5];
    for (sort, expected) in [
        (TenantSort::Name, by(name)),
        (TenantSort::Created, by(|number| number as i64 / 3)),
        (TenantSort::Activity, by(|number| number as i64 % 3)),
        (TenantSort::Users, by(|number| number as i64 % 4)),
        (TenantSort::ApiKeys, by(|number| number as i64 % 3)),
        (TenantSort::Succeeded, by(|number| number as i64 % 4)),
        (TenantSort::Refused, by(|number| number as i64 % 5)),
    ] {
        assert_eq!(list(&db, None, sort, Order::Ascending).await, expected, "{sort}");
        let backwards: Vec<_> = expected.into_iter().rev().collect();
        assert_eq!(list(&db, None, sort, Order::Descending).await, backwards, "{sort}");
    }
}

async fn searches_match_names_and_ids(db: TestDatabase) {
    ten(&db).await;
    for (text, matches) in [
        ("BAN", 4),
        // Six names contain `b` or `B`. Ids are searched only for texts of at least 4 characters.
        ("b", 6),
        ("shop", 2),
        ("_", 2),
        ("%", 0),
        ("äpf", 0),
        ("Äpf", 2),
        ("-00000000000a", 1),
        ("000A", 1),
        // `00a` has fewer than 4 characters, so ids are not searched.
        ("00a", 0),
        ("nobody", 0),
    ] {
        for sort in TenantSort::ALL {
            for order in [Order::Ascending, Order::Descending] {
                let found = list(&db, Some(text), *sort, order).await;
                assert_eq!(found.len(), matches, "{text} {sort} {order}");
            }
        }
    }
    db.write(|c| tenants::rename(c, tenant_id(1), "Nobody", at(9)).map(drop)).await;
    assert_eq!(list(&db, Some("nobody"), TenantSort::Name, Order::Ascending).await, [tenant_id(1)]);
}

async fn orders_by_counts_contain_the_tenants_with_the_latest_activity(db: TestDatabase) {
    let tenants = u128::from(SORTED_BY_ACTIVITY) + 5;
    db.write(move |c| {
        for number in 1..=tenants {
            tenants::insert(c, &tenant(number))?;
            tenant_summaries::record_activity(c, tenant_id(number), at(number as i64))?;
        }
        // The tenant with the most refusals has the oldest activity.
        for (number, count) in [(1, 3), (6, 1), (tenants, 2)] {
            for entry in 0..count {
                let kind = AuditType::WebauthnAuthenticationFinalFailed;
                audit::insert(c, &event(tenant_id(number), 0, entry, kind))?;
            }
        }
        Ok(())
    })
    .await;
    let first = query(TenantSort::Refused, Order::Descending, None);
    let page = db.read(move |c| tenant_summaries::page(c, &first, None, today())).await;
    assert_eq!(page.ids, [tenants, 6, tenants - 1].map(tenant_id));
    let mut last = query(TenantSort::Refused, Order::Ascending, None);
    last.limit = SORTED_BY_ACTIVITY;
    let page = db.read(move |c| tenant_summaries::page(c, &last, None, today())).await;
    assert_eq!((page.ids.len(), page.ids.last(), page.next), (1_000, Some(&tenant_id(tenants)), None));
    assert_eq!(page.ids[..3], [7, 8, 9].map(tenant_id));
}
