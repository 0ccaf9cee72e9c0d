use std::time::{Duration, Instant};

use super::{
    fixture::*,
    harness::{Database, execute},
    on_every_engine,
};
use crate::store::{Connection, Engine, Store, StoreError, installation, tenants};

on_every_engine!(changes_are_noticed_by_others, a_lost_channel_reads_through);

/// Waits until a store's notifications arrive: until then every look gives a new number.
async fn settled(store: &Store) -> u64 {
    until("the epoch to settle", || {
        let epoch = store.epoch();
        (epoch == store.epoch()).then_some(epoch)
    })
    .await
}

async fn until<T>(what: &str, mut test: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = test() {
            return value;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "waited in vain for {what}");
        tokio::task::yield_now().await;
    }
}

async fn changes_are_noticed_by_others(db: Database) {
    let other = db.another().await;
    settled(&db.store).await;
    settled(&other).await;
    for round in 0..50_u128 {
        let (own, theirs) = (db.store.epoch(), other.epoch());
        assert_eq!((own, theirs), (db.store.epoch(), other.epoch()));
        db.store.administer(move |c: &mut Connection| tenants::insert(c, &tenant(round))).await.expect("a change");
        assert_ne!(db.store.epoch(), own);
        if db.store.engine() == Engine::Sqlite {
            assert_ne!(other.epoch(), theirs, "at once, since they share the file");
        }
        until("the other's epoch", || (other.epoch() != theirs).then_some(())).await;
        let seen = other.read(move |c: &mut Connection| tenants::find(c, tenant_id(round))).await;
        assert!(matches!(seen, Ok(Some(_))));
        // The notification comes back to the sender, too.
        settled(&db.store).await;
    }
    if db.store.engine() == Engine::Sqlite {
        let (own, theirs) = (db.store.epoch(), other.epoch());
        db.write(|c| installation::put(c, "a", "1")).await;
        let refused = db
            .store
            .administer(|c: &mut Connection| {
                installation::put(c, "a", "2")?;
                Err::<(), _>(StoreError::Database("no".to_owned()))
            })
            .await;
        assert!(refused.is_err());
        assert_eq!((db.store.epoch(), other.epoch()), (own, theirs), "neither plain writes nor failures count");
    }
}

async fn a_lost_channel_reads_through(db: Database) {
    let before = settled(&db.store).await;
    match db.store.engine() {
        Engine::Sqlite => {
            std::fs::remove_file(format!("{}.changes", db.place())).expect("the file");
            assert_ne!(db.store.epoch(), db.store.epoch(), "without the file nothing may be kept");
            db.store.administer(|c: &mut Connection| installation::put(c, "a", "1")).await.expect("a change");
        }
        Engine::Postgres => {
            // Every connection breaks, as when the server restarts: units of work and the channel come back.
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE datname = current_database() AND pid <> pg_backend_pid()";
            execute(&db.place(), end).await;
            until("the loss to be noticed", || (db.store.epoch() != before).then_some(())).await;
            db.write(|c| installation::put(c, "a", "1")).await;
        }
    }
    let after = settled(&db.store).await;
    assert_ne!(before, after, "what was missed counts as a change");
}
