use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use super::*;
use crate::{
    clock::{Clock as _, SystemClock},
    db::Database,
    domain::audit::Horizon,
    service::audit_logs::horizon as read_horizon,
};

on_every_engine!(
    a_poller_gets_every_entry_exactly_once,
    entries_above_an_open_transaction_are_withheld,
    other_transactions_do_not_delay_readers,
    time_filters_and_retention_survive_clock_steps,
    writers_with_skewed_clocks_do_not_block_each_other,
    ids_stay_above_an_id_from_the_future,
    ids_are_uuids_of_version_7_with_the_time_of_the_entry
);

const WRITERS: u8 = 8;
const UNITS: u8 = 40;

/// Runs units that write one to three entries each. Some units roll back. Returns the ids of the committed entries.
async fn write(db: Database, writer: u8) -> Vec<AuditId> {
    let mut committed = Vec::new();
    for unit in 0..UNITS {
        let result = db
            .write(move |c: &mut Connection| {
                let mut ids = Vec::new();
                for number in 0..=unit % 3 {
                    let mut one = event(tenant_id(1 + u128::from(writer % 2)), 0, number, KINDS[0]);
                    one.at = SystemClock.now().plus_millis(-i64::from(unit % 7));
                    one.random = u64::from(writer) << 56 | u64::from(unit) << 48 | u64::from(number) << 40;
                    ids.push(audit::insert(c, &one)?);
                    // Units have different durations, so they do not end in the order in which they start.
                    (0..u32::from(unit.wrapping_mul(writer)) * 40).for_each(|_| std::thread::yield_now());
                }
                if unit % 11 == 10 { Err(DbError::Database("rolled back".to_owned())) } else { Ok(ids) }
            })
            .await;
        if let Ok(ids) = result {
            assert!(ids.is_sorted());
            committed.extend(ids);
        }
    }
    committed
}

/// Reads a page and then polls for newer entries until the writers have ended and a poll returns no entries.
async fn follow(db: Database, done: Arc<AtomicBool>) -> Vec<AuditId> {
    let horizon = read_horizon(&db).await.expect("a horizon");
    let filter = AuditFilter::default;
    let first = db.read(move |c: &mut Connection| audit::page(c, None, &filter(), horizon.as_ref(), ALL)).await;
    let mut seen: Vec<AuditId> = first.expect("a page").items.iter().rev().map(|item| item.id).collect();
    loop {
        let was_done = done.load(Ordering::SeqCst);
        let cursor = AuditCursor::After(seen.last().copied().unwrap_or(AuditId::new(uuid::Uuid::nil())));
        let horizon = read_horizon(&db).await.expect("a horizon");
        let read = move |c: &mut Connection| audit::slice(c, None, &filter(), horizon.as_ref(), cursor, 7);
        let slice = db.read(read).await.expect("a slice");
        seen.extend(slice.items.iter().map(|item| item.id));
        if was_done && slice.items.is_empty() && !slice.is_cut {
            return seen;
        }
    }
}

async fn a_poller_gets_every_entry_exactly_once(db: TestDatabase) {
    two_tenants(&db).await;
    let (second, third) = (db.another().await, db.another().await);
    let done = Arc::new(AtomicBool::new(false));
    let pollers: Vec<_> =
        [&db.database, &second].map(|database| tokio::spawn(follow(database.clone(), Arc::clone(&done)))).into();
    let nodes = [&db.database, &second, &third];
    let writers: Vec<_> =
        (0..WRITERS).map(|writer| tokio::spawn(write(nodes[usize::from(writer % 3)].clone(), writer))).collect();
    // Commands run at the same time as the servers. Each command opens the database, writes one entry and ends.
    let mut committed = BTreeSet::new();
    for number in 0..10 {
        // If the machine is busy, the writers may hold the lock longer than the default time that a command waits.
        let command = db.another_with(|options| options.busy_timeout = Duration::from_secs(60)).await;
        let mut one = event(TenantId::INSTALLATION, 0, number, AuditType::ApiKeyCreated);
        one.at = SystemClock.now();
        committed.insert(command.write(move |c: &mut Connection| audit::insert(c, &one)).await.expect("an entry"));
        command.close().await;
    }
    for writer in writers {
        committed.extend(writer.await.expect("a writer"));
    }
    done.store(true, Ordering::SeqCst);
    let committed: Vec<AuditId> = committed.into_iter().collect();
    for poller in pollers {
        assert_eq!(poller.await.expect("a poller"), committed);
    }
}

async fn time_filters_and_retention_survive_clock_steps(db: TestDatabase) {
    // The clock runs normally, is 3 days ahead for some time, is corrected, and later steps back by 2 hours.
    const HOUR: i64 = 3_600_000;
    let start = SystemClock.now().millis() - NOW - 30 * DAY;
    let times = [0, HOUR, 3 * DAY, 3 * DAY + HOUR, 2 * HOUR, 3 * HOUR, HOUR + 5, 2 * HOUR + 5, 5 * HOUR];
    let mut ids = Vec::new();
    for (number, time) in (0..).zip(times) {
        ids.extend(add(&db, vec![event(tenant_id(1), start + time, number, KINDS[usize::from(number % 3)])]).await);
    }
    assert!(ids.is_sorted(), "ids are in the order of commit");
    let entries = everything(&db).await;
    let created: Vec<Timestamp> = entries.iter().map(|item| item.created_at).collect();
    assert_eq!(created, times.map(|time| at(start + time)), "entries carry the time of the clock");
    let bounds = [0, HOUR, HOUR + 1, 2 * HOUR, 4 * HOUR, DAY, 3 * DAY, 4 * DAY];
    for from in bounds {
        for to in bounds {
            let filter = within(Some(start + from), Some(start + to), &[]);
            let expected: Vec<&AuditLogItem> =
                entries.iter().rev().filter(|item| filters::matches(item, None, &filter)).collect();
            for tenant in [None, Some(tenant_id(1))] {
                let copy = filter.clone();
                let page = db.read(move |c| audit::page(c, tenant, &copy, None, ALL)).await;
                assert_eq!(page.items.iter().collect::<Vec<_>>(), expected, "{from} {to}");
                assert_eq!(page.total, Total::Exact(expected.len() as u64));
            }
        }
    }
    let days = Days { first: 0, last: i64::from(u16::MAX) };
    assert_eq!(db.read(move |c| audit_counts::sums_by_day(c, days)).await, activity(&entries));
    // Retention depends on `created_at`. A unit of work skips entries that are not old enough.
    let mut after = None;
    loop {
        after = db.write(move |c| audit::purge(c, None, at(start + 4 * HOUR), after, 2)).await.next;
        if after.is_none() {
            break;
        }
    }
    let left: Vec<Timestamp> = everything(&db).await.iter().map(|item| item.created_at).collect();
    assert_eq!(left, [3 * DAY, 3 * DAY + HOUR, 5 * HOUR].map(|time| at(start + time)));
}

/// Transactions of writers with wrong clocks read and update the recorded clock differences. All these transactions use
/// the same rows.
async fn writers_with_skewed_clocks_do_not_block_each_other(db: TestDatabase) {
    two_tenants(&db).await;
    let second = db.another().await;
    let writers: Vec<_> = (0..60_i64)
        .map(|number| {
            let node = if number % 2 == 0 { db.database.clone() } else { second.clone() };
            let mut entry = event(tenant_id(1 + u128::from(number % 3 == 0)), 0, 1, KINDS[0]);
            let minutes = if number % 2 == 0 { number } else { -number };
            entry.at = SystemClock.now().plus_millis(minutes * 60_000);
            entry.random = u64::try_from(number).expect("a number") << 40;
            tokio::spawn(async move { node.write(move |c: &mut Connection| audit::insert(c, &entry)).await })
        })
        .collect();
    for writer in writers {
        let written = writer.await.expect("a writer");
        assert!(written.is_ok(), "{written:?}");
    }
    let filter = AuditFilter { start: Some(at(0)), ..AuditFilter::default() };
    let found = db.read(move |c| audit::page(c, None, &filter, None, ALL)).await;
    assert_eq!(found.items.len(), 60);
}

async fn ids_stay_above_an_id_from_the_future(db: TestDatabase) {
    let future = SystemClock.now().plus_millis(400 * DAY);
    let millis = u64::try_from(future.millis()).expect("a time");
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &[0xff; 10]).into_uuid();
    db.write(move |c| {
        c.run(&format!(
            "INSERT INTO audit_logs (tenant_id, id, type, request_id, source_ip, user_agent, created_at) \
             VALUES ('{}', '{id}', '{}', 'r', '10.0.0.1', 'u', {millis})",
            tenant_id(1),
            KINDS[0]
        ))
    })
    .await;
    let mut now = event(tenant_id(1), 0, 1, KINDS[0]);
    now.at = SystemClock.now();
    let ids = add(&db, vec![now.clone(), now.clone()]).await;
    assert!([AuditId::new(id), ids[0], ids[1]].is_sorted_by(|one, other| one < other));
    let filter = AuditFilter { end: Some(now.at.plus_millis(1)), ..AuditFilter::default() };
    // The horizon is the upper limit of the ids that a read on PostgreSQL may return. It depends on the newest id, not
    // on the clock, so the page contains both new entries.
    let horizon = read_horizon(&db.database).await.expect("a horizon");
    let page = db.read(move |c| audit::page(c, Some(tenant_id(1)), &filter, horizon.as_ref(), ALL)).await;
    assert_eq!(page.items.iter().map(|item| item.id).collect::<Vec<_>>(), [ids[1], ids[0]]);
}

async fn ids_are_uuids_of_version_7_with_the_time_of_the_entry(db: TestDatabase) {
    // Ids can distinguish 4 096 entries in one millisecond. This test writes more entries than that with the same time.
    let mut now = event(tenant_id(1), 0, 1, KINDS[0]);
    now.at = SystemClock.now();
    now.random = u64::MAX;
    let ids = add(&db, vec![now.clone(); 4_200]).await;
    assert!(ids.is_sorted_by(|one, other| one < other && one.to_string() < other.to_string()));
    for id in ids {
        assert_eq!((id.uuid().get_version_num(), id.uuid().get_variant()), (7, uuid::Variant::RFC4122));
        let later = id.time().millis() - now.at.millis();
        assert!((0..60_000).contains(&later), "{later} ms");
    }
}

/// Starts a unit that writes an entry and stays open until the returned sender is dropped.
async fn write_slowly(db: &Database, entry: AuditEvent) -> (mpsc::Sender<()>, tokio::task::JoinHandle<AuditId>) {
    let ((written, mut wait), (end, ended)) = (tokio::sync::mpsc::unbounded_channel(), mpsc::channel::<()>());
    let db = db.clone();
    let unit = tokio::spawn(async move {
        let write = move |c: &mut Connection| {
            // Hides the activity of this session, as if the session belonged to another role.
            c.run("SET LOCAL track_activities = off")?;
            let id = audit::insert(c, &entry)?;
            let _ = written.send(());
            let _ = ended.recv();
            Ok::<_, DbError>(id)
        };
        db.write(write).await.expect("an entry")
    });
    wait.recv().await.expect("a written entry");
    (end, unit)
}

async fn entries_above_an_open_transaction_are_withheld(db: TestDatabase) {
    two_tenants(&db).await;
    if db.database.engine() == Engine::Sqlite {
        return;
    }
    let tenant = Some(tenant_id(1));
    // The time in the newest id is ahead of the clock, as happens when someone sets the clock back.
    let mut early = event(tenant_id(1), 0, 1, KINDS[0]);
    early.at = SystemClock.now();
    let first = add(&db, vec![early.clone()]).await[0];
    let ahead = "UPDATE audit_logs SET id = overlay(id PLACING 'f' FROM 1 FOR 1)";
    db.write(move |c| c.run(ahead)).await;
    let future: AuditId = format!("f{}", &first.to_string()[1..]).parse().expect("an id");
    // Stores the clock difference first. Otherwise, each of the next transactions would store the difference, and the
    // transactions would wait for each other.
    let first = add(&db, vec![early.clone()]).await[0];
    assert!(first > future);
    assert_eq!(read_horizon(&db.database).await, Ok(Some(Horizon { end: format!("{first}+"), is_newest: true })));

    let (end, unit) = write_slowly(&db.another().await, early.clone()).await;
    early.random = u64::MAX;
    let quick = add(&db, vec![early]).await[0];
    let horizon = read_horizon(&db.database).await.expect("a horizon");
    assert!(horizon.as_ref().is_some_and(|horizon| !horizon.is_newest), "{horizon:?}");
    let (whole, by_actor) = (AuditFilter::default(), Values { any_of: vec!["user-1".to_owned()], none_of: Vec::new() });
    for filter in [whole, AuditFilter { actor: by_actor, ..AuditFilter::default() }] {
        for log in [tenant, None] {
            let (filter, horizon) = (filter.clone(), horizon.clone());
            let page = db.read(move |c| audit::page(c, log, &filter, horizon.as_ref(), ALL)).await;
            assert_eq!(page.items.iter().map(|item| item.id).collect::<Vec<_>>(), [first, future]);
            assert_eq!(page.total, Total::AtLeast(2));
        }
    }
    let after = async |horizon: Option<Horizon>| {
        let cursor = AuditCursor::After(first);
        let slice =
            db.read(move |c| audit::slice(c, tenant, &AuditFilter::default(), horizon.as_ref(), cursor, 9)).await;
        (slice.items.iter().map(|item| item.id).collect::<Vec<_>>(), slice.is_cut)
    };
    assert_eq!(after(horizon).await, (vec![], true));

    drop(end);
    let slow = unit.await.expect("a unit");
    assert!(slow < quick, "the slow entry has the smaller id");
    let horizon = read_horizon(&db.database).await.expect("a horizon");
    assert_eq!(after(horizon).await, (vec![slow, quick], false));
}

async fn other_transactions_do_not_delay_readers(db: TestDatabase) {
    two_tenants(&db).await;
    if db.database.engine() == Engine::Sqlite {
        return;
    }
    let (client, connection) =
        tokio_postgres::connect(&db.location(), tokio_postgres::NoTls).await.expect("the server");
    let driver = tokio::spawn(connection);
    client.batch_execute("BEGIN; SELECT pg_current_xact_id()").await.expect("a transaction");
    let id = add(&db, vec![event(tenant_id(1), 0, 1, KINDS[0])]).await[0];
    let horizon = read_horizon(&db.database).await.expect("a horizon");
    assert_eq!(horizon, Some(Horizon { end: format!("{id}+"), is_newest: true }));
    // A total that is computed from counters does not include entries above the horizon.
    add(&db, vec![event(tenant_id(1), 0, 2, KINDS[0])]).await;
    let page =
        db.read(move |c| audit::page(c, Some(tenant_id(1)), &AuditFilter::default(), horizon.as_ref(), ALL)).await;
    assert_eq!((page.items.len(), page.total), (1, Total::Exact(1)));
    driver.abort();
}
