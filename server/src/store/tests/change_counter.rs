use std::time::{Duration, Instant};

use super::{
    fixture::*,
    harness::{TestDatabase, execute},
    on_every_engine,
};
use crate::{
    db::{Connection, Database, DbError, Engine},
    store::{installation, tenants},
};

on_every_engine!(changes_are_noticed_by_others, a_lost_channel_reads_through);

/// Waits until a store's notifications arrive: until then every look gives a new number.
async fn settled(store: &Database) -> u64 {
    until("the epoch to settle", || {
        let epoch = store.change_counter();
        (epoch == store.change_counter()).then_some(epoch)
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

async fn changes_are_noticed_by_others(db: TestDatabase) {
    let other = db.another().await;
    settled(&db.database).await;
    settled(&other).await;
    for round in 0..50_u128 {
        let (own, theirs) = (db.database.change_counter(), other.change_counter());
        assert_eq!((own, theirs), (db.database.change_counter(), other.change_counter()));
        db.database
            .write_and_invalidate(move |c: &mut Connection| tenants::insert(c, &tenant(round)))
            .await
            .expect("a change");
        assert_ne!(db.database.change_counter(), own);
        if db.database.engine() == Engine::Sqlite {
            assert_ne!(other.change_counter(), theirs, "at once, since they share the file");
        }
        until("the other's epoch", || (other.change_counter() != theirs).then_some(())).await;
        let seen = other.read(move |c: &mut Connection| tenants::find(c, tenant_id(round))).await;
        assert!(matches!(seen, Ok(Some(_))));
        // The notification comes back to the sender, too.
        settled(&db.database).await;
    }
    if db.database.engine() == Engine::Sqlite {
        let (own, theirs) = (db.database.change_counter(), other.change_counter());
        db.write(|c| installation::put(c, "a", "1")).await;
        let refused = db
            .database
            .write_and_invalidate(|c: &mut Connection| {
                installation::put(c, "a", "2")?;
                Err::<(), _>(DbError::Database("no".to_owned()))
            })
            .await;
        assert!(refused.is_err());
        assert_eq!(
            (db.database.change_counter(), other.change_counter()),
            (own, theirs),
            "neither plain writes nor failures count"
        );
    }
}

async fn a_lost_channel_reads_through(db: TestDatabase) {
    let before = settled(&db.database).await;
    match db.database.engine() {
        Engine::Sqlite => {
            std::fs::remove_file(format!("{}.changes", db.place())).expect("the file");
            assert_ne!(
                db.database.change_counter(),
                db.database.change_counter(),
                "without the file nothing may be kept"
            );
            db.database
                .write_and_invalidate(|c: &mut Connection| installation::put(c, "a", "1"))
                .await
                .expect("a change");
        }
        Engine::Postgres => {
            // Every connection breaks, as when the server restarts: units of work and the channel come back.
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE datname = current_database() AND pid <> pg_backend_pid()";
            execute(&db.place(), end).await;
            until("the loss to be noticed", || (db.database.change_counter() != before).then_some(())).await;
            db.write(|c| installation::put(c, "a", "1")).await;
        }
    }
    let after = settled(&db.database).await;
    assert_ne!(before, after, "what was missed counts as a change");
}
