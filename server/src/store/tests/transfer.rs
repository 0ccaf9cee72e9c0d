//! Moving an installation: where there is PostgreSQL, both ways between the engines; otherwise between two files.

use std::sync::{Arc, Mutex};

use doorward_shared::{
    AuditType, TenantId,
    page::{Order, PageRequest},
};

use super::{
    fixture::*,
    harness::{TestDatabase, execute, postgres_url},
};
use crate::{
    db::{Connection, Database, DatabaseOptions, DatabaseUrl, DbError},
    store::{
        admin_tokens, api_keys,
        audit::{self, Days},
        challenges, credentials, installation, signing_keys, tenant_summaries, tenants, transactions, users,
    },
    transfer::{MARK, Progress, Report, TableReport, TransferError, Which, transfer},
};

/// More than one batch.
const USERS: u128 = 603;
const EVENTS: i64 = 1_107;
const STRANGE: &str = "Zoë \u{1f511}\u{202e} \"\\\n\t\u{7f}\u{feff}'); -- %_ \u{10ffff}";

/// An installation with something strange in every table.
fn fill(c: &mut Connection) -> Result<(), DbError> {
    installation::put(c, installation::SEALED_WORD, "sealed")?;
    installation::put(c, STRANGE, "")?;
    for number in [1, 2] {
        let mut renamed = tenant(number);
        renamed.display_name = STRANGE.to_owned();
        tenants::insert(c, &renamed)?;
        api_keys::insert(c, &api_key(number, 1))?;
        api_keys::insert(c, &api_key(number, 2))?;
        api_keys::revoke(c, tenant_id(number), api_key_id(2), at(3))?;
        let mut key = signing_key(number, 1);
        key.sealed_private_key = (0..=255).collect();
        signing_keys::insert(c, &key)?;
        key.id = signing_key_id(2);
        (key.sealed_private_key, key.retired_at) = (Vec::new(), Some(at(9)));
        signing_keys::insert(c, &key)?;
    }
    admin_tokens::insert(c, &token(1, "first"))?;
    admin_tokens::revoke(c, token_id(1), at(2))?;
    admin_tokens::insert(c, &token(2, "first"))?;
    for number in 1..=USERS {
        let mut person = user(1, number);
        // Byte order and an alphabet's are not the same.
        person.external_id = format!("{}{number}", ["a", "B", "ä", "\u{1f511}", STRANGE][number as usize % 5]);
        users::upsert(c, &person)?;
    }
    users::upsert(c, &user(2, 1))?;
    credentials::insert(c, &credential(1, 1, 1))?;
    credentials::insert(c, &credential(1, 2, 2))?;
    let mut other = credential(2, 1, 1);
    (other.public_key, other.last_used_at, other.sign_count) = (Vec::new(), Some(at(4)), 0);
    credentials::insert(c, &other)?;
    transactions::insert(c, &transaction(1, 1, 1))?;
    challenges::insert(c, &challenge(1, Some(1), 1))?;
    challenges::insert(c, &challenge(2, None, 2))?;
    for number in 0..EVENTS {
        let kind = [AuditType::ApiKeyCreated, AuditType::ApiKeyRejected][number as usize % 2];
        let log = if number % 5 == 0 { TenantId::INSTALLATION } else { tenant_id(1) };
        // Three a day.
        let mut entry = event(log, number * 28_800_000, (number % 251) as u8, kind);
        entry.detail = (number % 7 == 0).then(|| serde_json::json!({ "name": STRANGE, "number": i64::MAX }));
        entry.actor = (number % 3 == 0).then(|| STRANGE.to_owned());
        audit::insert(c, &entry)?;
    }
    Ok(())
}

/// Everything, as the domain sees it.
fn everything(c: &mut Connection) -> Result<String, DbError> {
    let all = PageRequest { page: 1, per_page: PageRequest::MAX_PER_PAGE };
    let mut told = format!(
        "{:?}{:?}{:?}",
        tenants::all(c)?,
        admin_tokens::list(c)?.iter().map(|token| (token.id, token.hash.expose().to_owned())).collect::<Vec<_>>(),
        (installation::get(c, installation::SEALED_WORD)?, installation::get(c, STRANGE)?, installation::get(c, MARK)?)
    );
    for tenant in [tenant_id(1), tenant_id(2)] {
        let keys = signing_keys::list(c, tenant)?;
        told += &format!(
            "{:?}",
            keys.iter().map(|key| (key.id, &key.sealed_private_key, key.retired_at)).collect::<Vec<_>>()
        );
        told += &format!("{:?}", api_keys::list(c, tenant)?);
        told += &format!("{:?}", users::page(c, tenant, None, Order::Descending, all)?);
        told += &format!("{:?}", credentials::page(c, tenant, None, Order::Ascending, all)?);
        told += &format!("{:?}", transactions::for_user(c, tenant, user_id(1))?);
        told += &format!("{:?}", challenges::find(c, tenant, &challenge_value(1))?);
    }
    let span = Days { first: 0, last: i64::from(u16::MAX) };
    told += &format!(
        "{:?}{:?}",
        tenant_summaries::of(c, &[tenant_id(1), tenant_id(2)], span)?,
        audit::sums_by_day(c, span)?
    );
    told += &format!("{:?}{:?}", tenant_summaries::counts(c, tenant_id(1))?, audit::busiest(c, 10)?);
    for log in [None, Some(TenantId::INSTALLATION), Some(tenant_id(1))] {
        told += &format!("{:?}", audit::page(c, log, &Default::default(), None, all)?);
    }
    Ok(told)
}

/// A filled source and an empty target: both directions between the engines, or two files where there is one engine.
async fn pairs() -> Vec<(TestDatabase, TestDatabase)> {
    let make = async |server: bool| match server {
        true => TestDatabase::postgres().await.expect("a server"),
        false => TestDatabase::sqlite().await,
    };
    let mut pairs = Vec::new();
    let ways: &[(bool, bool)] =
        if postgres_url().is_some() { &[(false, true), (true, false)] } else { &[(false, false)] };
    for (from, to) in ways {
        let (source, target) = (make(*from).await, make(*to).await);
        source.write(fill).await;
        while source.write(|c| tenant_summaries::fold(c, 1_000)).await > 0 {}
        source.database.close().await;
        target.database.close().await;
        pairs.push((source, target));
    }
    pairs
}

async fn moved(
    from: &TestDatabase,
    to: &TestDatabase,
    tell: impl FnMut(Progress) + Send + 'static,
) -> Result<Report, TransferError> {
    transfer(from.options.clone(), to.options.clone(), |_| Ok(()), tell).await
}

async fn read_all(database: &TestDatabase) -> String {
    let store = database.another().await;
    let told = store.read(everything).await.expect("a read");
    store.close().await;
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_moved_and_works_on() {
    for (source, target) in pairs().await {
        let report = moved(&source, &target, |_| ()).await.expect("a move");
        assert!(!report.resumed);
        // The table that a schema gets is in the list, with rows here: a move of nothing proves nothing.
        let tables: Vec<&str> = report.tables.iter().map(|table| table.table).collect();
        let store = target.another().await;
        let names = store.read(|c: &mut Connection| tables_of(c)).await.expect("the schema's tables");
        for name in &names {
            assert!(tables.contains(&name.as_str()), "{name} is in no entry of `transfer::tables`");
        }
        assert_eq!(names.len(), tables.len());
        // Empty afterwards are changes that wait to be folded.
        let filled = |table: &&TableReport| table.rows > 0 && table.rows == table.copied;
        let empty: Vec<_> = report.tables.iter().filter(|table| !filled(table)).map(|table| table.table).collect();
        assert!(matches!(empty[..], [] | ["tenant_count_changes"]), "{report:?}");
        store.close().await;
        assert_eq!(read_all(&source).await, read_all(&target).await);
        let again = moved(&source, &target, |_| ()).await;
        assert!(matches!(again, Err(TransferError::Occupied(_))), "{again:?}");
        // Totals go on from where they were: what is purged is counted off where it was counted.
        let store = target.another().await;
        let left = store
            .write(|c: &mut Connection| {
                audit::insert(c, &event(tenant_id(1), 1, 255, AuditType::ApiKeyCreated))?;
                audit::purge(c, None, at(EVENTS * 28_800_000 + 1), None, i64::from(u16::MAX))?;
                let all = audit::page(c, None, &Default::default(), None, PageRequest::default())?;
                Ok::<_, DbError>((
                    all.total,
                    all.items.len(),
                    audit::sums_by_day(c, Days { first: 0, last: 99_999 })?.len(),
                ))
            })
            .await;
        // The newest entry of all logs stays.
        assert_eq!(left, Ok((crate::domain::audit::Total::Exact(1), 1, 1)));
        store.close().await;
    }
}

fn tables_of(c: &mut Connection) -> Result<Vec<String>, DbError> {
    use diesel::prelude::*;
    #[derive(QueryableByName)]
    struct Name {
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
    }
    let sqlite =
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'";
    let postgres = "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public'";
    let sql = if c.engine() == crate::db::Engine::Sqlite { sqlite } else { postgres };
    let query = || diesel::sql_query(sql);
    let rows: Vec<Name> = crate::db::on_engine!(c, c, _Db => query().load(c))?;
    Ok(rows.into_iter().map(|row| row.name).filter(|name| name != "__diesel_schema_migrations").collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_move_goes_on() {
    for (source, target) in pairs().await {
        for stop in ["users", "audit_logs"] {
            let interrupted = moved(&source, &target, move |progress| {
                assert!(!matches!(progress, Progress::Copied { table, .. } if table == stop), "interrupted on purpose");
            });
            assert!(matches!(interrupted.await, Err(TransferError::Store(..))));
        }
        let elsewhere = TestDatabase::sqlite().await;
        elsewhere.database.close().await;
        assert_eq!(moved(&target, &elsewhere, |_| ()).await, Err(TransferError::Incomplete));
        let stranger = TestDatabase::sqlite().await;
        stranger.write(|c| installation::put(c, installation::SEALED_WORD, "another")).await;
        stranger.database.close().await;
        assert_eq!(moved(&stranger, &target, |_| ()).await, Err(TransferError::OtherMove));
        let report = moved(&source, &target, |_| ()).await.expect("the rest");
        assert!(report.resumed);
        let of = |name: &str| report.tables.iter().find(|table| table.table == name).expect("the table").clone();
        assert_eq!((of("tenants").rows, of("tenants").copied), (2, 0));
        assert_eq!((of("audit_logs").rows, of("audit_logs").copied), (1_107, 607));
        assert_eq!(read_all(&source).await, read_all(&target).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_changes_meanwhile_is_found_out() {
    for (source, target) in pairs().await {
        // Nobody who takes the lock can do this; somebody with another program can.
        let behind = source.options.url.clone();
        let sql = "UPDATE users SET display_name = 'changed' WHERE external_id = 'a5'";
        let mut done = false;
        let changed = moved(&source, &target, move |progress| {
            if matches!(progress, Progress::Copied { table: "audit_logs", .. }) && !std::mem::replace(&mut done, true) {
                change_behind(&behind, sql);
            }
        })
        .await;
        assert!(matches!(&changed, Err(TransferError::Differs { table, .. }) if table == "users"), "{changed:?}");
    }
}

fn change_behind(url: &DatabaseUrl, sql: &'static str) {
    match url.clone() {
        DatabaseUrl::Sqlite(path) => {
            use diesel::{Connection as _, connection::SimpleConnection as _};
            let mut other = diesel::SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("the file");
            other.batch_execute(sql).expect("a change");
        }
        DatabaseUrl::Postgres(url) => {
            let change = move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.expect("a runtime").block_on(execute(&url, sql));
            };
            std::thread::spawn(change).join().expect("a change");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_else_may_be_at_work() {
    for (source, target) in pairs().await {
        for (busy, which) in [(&source, Which::Source), (&target, Which::Target)] {
            let other = busy.another().await;
            assert_eq!(moved(&source, &target, |_| ()).await, Err(TransferError::InUse(which)));
            other.close().await;
        }
        // And while it is moved, nobody can begin.
        let places = [source.options.clone(), target.options.clone()];
        let refusals = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&refusals);
        let report = moved(&source, &target, move |progress| {
            if matches!(progress, Progress::Copied { table: "tenants", .. }) {
                noted.lock().expect("the list").extend(places.clone().map(open_elsewhere));
            }
        })
        .await;
        assert!(report.is_ok(), "{report:?}");
        let refusals = refusals.lock().expect("the list");
        assert_eq!(refusals.len(), 2);
        for refusal in refusals.iter() {
            assert!(
                matches!(refusal, Some(DbError::Unavailable(why)) if why.contains("migrate-storage")),
                "{refusal:?}"
            );
        }
    }
}

fn open_elsewhere(options: DatabaseOptions) -> Option<DbError> {
    let open = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(Database::open(options)).err()
    };
    std::thread::spawn(open).join().expect("an answer")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_moved_is_refused_untouched() {
    for (source, target) in pairs().await {
        assert_eq!(moved(&source, &source, |_| ()).await, Err(TransferError::Same));
        let refused = transfer(source.options.clone(), target.options.clone(), |_| Err("no".to_owned()), |_| ()).await;
        assert_eq!(refused, Err(TransferError::NotAccepted("no".to_owned())));
        assert_eq!(moved(&target, &source, |_| ()).await, Err(TransferError::NoInstallation));
        let store = target.another().await;
        store.write(|c: &mut Connection| tenants::insert(c, &tenant(7))).await.expect("a tenant");
        store.close().await;
        assert_eq!(moved(&source, &target, |_| ()).await, Err(TransferError::Occupied("tenants".to_owned())));
    }
    let source = TestDatabase::sqlite().await;
    source.database.close().await;
    let nowhere = DatabaseOptions::new(DatabaseUrl::Sqlite("/nonexistent/doorward.db".into()));
    let moved = transfer(nowhere, source.options.clone(), |_| Ok(()), |_| ()).await;
    assert_eq!(moved, Err(TransferError::NoInstallation));
}
