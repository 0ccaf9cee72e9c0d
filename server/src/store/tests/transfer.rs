//! Tests of transfers. They copy between the engines or, without a PostgreSQL server, between two SQLite files.

use std::sync::{Arc, Mutex};

use diesel::prelude::*;
use doorward_shared::{
    AuditType, TenantId,
    page::{Order, PageRequest},
};

use super::{
    attestations::{import, kept, records},
    fixture::*,
    harness::{TestDatabase, execute, postgres_url},
};
use crate::{
    db::{Connection, Database, DatabaseOptions, DatabaseUrl, DbError, on_engine},
    domain::{ChallengeValue, list::PageQuery},
    store::{
        admin_tokens, api_keys, attestations,
        audit::{self, Days},
        audit_counts, challenges, credentials, installation, metadata, redeemed_tokens, signing_keys, tenant_summaries,
        tenants, transactions, users,
    },
    transfer::{CHECKPOINT, Progress, Report, Role, TableReport, TransferError, transfer},
};

fn challenge_key(number: i64) -> ChallengeValue {
    ChallengeValue((number * 7 % CHALLENGES).to_be_bytes().repeat(4))
}

/// Number of users. It is so large that the users need more than one batch.
const USERS: u128 = 603;
const EVENTS: i64 = 1_107;
const CHALLENGES: i64 = 1_103;
const STRANGE: &str = "Zoë \u{1f511}\u{202e} \"\\\n\t\u{7f}\u{feff}'); -- %_ \u{10ffff}";

/// Adds rows with unusual values to every table.
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
        // The order of these ids by bytes differs from their alphabetical order.
        person.external_id = format!("{}{number}", ["a", "B", "ä", "\u{1f511}", STRANGE][number as usize % 5]);
        users::upsert(c, &person)?;
    }
    users::upsert(c, &user(2, 1))?;
    credentials::insert(c, &credential(1, 1, 1))?;
    credentials::insert(c, &credential(1, 2, 2))?;
    let mut other = credential(2, 1, 1);
    (other.public_key, other.last_used_at, other.sign_count) = (Vec::new(), Some(at(4)), 0);
    credentials::insert(c, &other)?;
    attestations::insert(c, tenant_id(1), &credential_id(2), &kept(2), 9)?;
    assert!(metadata::replace(c, &import(9), &records(STRANGE))?);
    transactions::insert(c, &transaction(1, 1, 1))?;
    challenges::insert(c, &challenge(1, Some(1), 1))?;
    challenges::insert(c, &challenge(2, None, 2))?;
    redeemed_tokens::insert(c, tenant_id(1), STRANGE, at(5))?;
    // Adds more challenges than one batch contains. Their order by time differs from their order by key.
    for number in 0..CHALLENGES {
        let mut pending = challenge(1, Some(1), 9);
        pending.value = challenge_key(number);
        (pending.created_at, pending.expires_at) = (at(number), at(CHALLENGES - number));
        challenges::insert(c, &pending)?;
    }
    for number in 0..EVENTS {
        let kind = [AuditType::ApiKeyCreated, AuditType::ApiKeyRejected][number as usize % 2];
        let log = if number % 5 == 0 { TenantId::INSTALLATION } else { tenant_id(1) };
        // Each day has three entries.
        let mut entry = event(log, number * 28_800_000, (number % 251) as u8, kind);
        entry.detail = (number % 7 == 0).then(|| serde_json::json!({ "name": STRANGE, "number": i64::MAX }));
        entry.actor = (number % 3 == 0).then(|| STRANGE.to_owned());
        audit::insert(c, &entry)?;
    }
    Ok(())
}

/// Returns the rows of all tables as text.
fn everything(c: &mut Connection) -> Result<String, DbError> {
    let all = PageRequest { page: 1, per_page: PageRequest::MAX_PER_PAGE };
    let mut text = format!(
        "{:?}{:?}{:?}",
        tenants::all(c)?,
        admin_tokens::list(c)?.iter().map(|token| (token.id, token.hash.expose().to_owned())).collect::<Vec<_>>(),
        (
            installation::get(c, installation::SEALED_WORD)?,
            installation::get(c, STRANGE)?,
            installation::get(c, CHECKPOINT)?
        )
    );
    text += &format!("{:?}{:?}", metadata::newest_import(c)?, attestations::outdated(c, 10, 10)?);
    let mut models = metadata::load(c)?;
    models.entries.sort_by_key(|entry| entry.id);
    text += &format!("{models:?}");
    for tenant in [tenant_id(1), tenant_id(2)] {
        let keys = signing_keys::list(c, tenant)?;
        text += &format!(
            "{:?}",
            keys.iter().map(|key| (key.id, &key.sealed_private_key, key.retired_at)).collect::<Vec<_>>()
        );
        text += &format!("{:?}", api_keys::list(c, tenant)?);
        text += &format!("{:?}", users::page(c, tenant, None, &PageQuery::numbered(Order::Descending, all))?);
        text += &format!("{:?}", credentials::page(c, tenant, None, &PageQuery::numbered(Order::Ascending, all))?);
        text += &format!("{:?}", transactions::for_user(c, tenant, user_id(1), None)?);
        text += &format!("{:?}", challenges::find(c, tenant, &challenge_value(1))?);
    }
    let redeemed: Vec<(String, String, i64)> =
        on_engine!(c, c, _Db => crate::store::schema::redeemed_tokens::table.load(c))?;
    text += &format!("{redeemed:?}");
    for number in 0..CHALLENGES {
        text += &format!("{:?}", challenges::find(c, tenant_id(1), &challenge_key(number))?);
    }
    let all_days = Days { first: 0, last: i64::from(u16::MAX) };
    text += &format!("{:?}", tenant_summaries::of(c, &[tenant_id(1), tenant_id(2)], all_days)?);
    text += &format!("{:?}{:?}", audit_counts::sums_by_day(c, all_days)?, audit::busiest(c, 10)?);
    for log in [None, Some(TenantId::INSTALLATION), Some(tenant_id(1))] {
        text += &format!("{:?}", audit::page(c, log, &Default::default(), None, all)?);
    }
    Ok(text)
}

/// Returns pairs of databases: a source with rows and an empty target.
async fn pairs() -> Vec<(TestDatabase, TestDatabase)> {
    let make = async |server: bool| match server {
        true => TestDatabase::postgres().await.expect("a PostgreSQL server"),
        false => TestDatabase::sqlite().await,
    };
    let mut pairs = Vec::new();
    let directions: &[(bool, bool)] =
        if postgres_url().is_some() { &[(false, true), (true, false)] } else { &[(false, false)] };
    for (from, to) in directions {
        let (source, target) = (make(*from).await, make(*to).await);
        source.write(fill).await;
        source.database.close().await;
        target.database.close().await;
        pairs.push((source, target));
    }
    pairs
}

async fn run_transfer(
    from: &TestDatabase,
    to: &TestDatabase,
    progress: impl FnMut(Progress) + Send + 'static,
) -> Result<Report, TransferError> {
    transfer(from.options.clone(), to.options.clone(), |_| Ok(()), progress).await
}

async fn read_all(database: &TestDatabase) -> String {
    let store = database.another().await;
    let text = store.read(everything).await.expect("a read");
    store.close().await;
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transfer_copies_every_table_and_the_target_works() {
    for (source, target) in pairs().await {
        let report = run_transfer(&source, &target, |_| ()).await.expect("a transfer");
        assert!(!report.resumed);
        // The report must contain every table of the schema, and each table must have rows.
        let tables: Vec<&str> = report.tables.iter().map(|table| table.table).collect();
        let store = target.another().await;
        let names = store.read(|c: &mut Connection| tables_of(c)).await.expect("the schema's tables");
        for name in &names {
            assert!(tables.contains(&name.as_str()), "{name} is not in `transfer::tables`");
        }
        assert_eq!(names.len(), tables.len());
        let complete = |table: &TableReport| table.rows > 0 && table.rows == table.copied;
        assert!(report.tables.iter().all(complete), "{report:?}");
        store.close().await;
        assert_eq!(read_all(&source).await, read_all(&target).await);
        let again = run_transfer(&source, &target, |_| ()).await;
        assert!(matches!(again, Err(TransferError::NotEmpty(_))), "{again:?}");
        // If the counters of the target are correct, they count only one entry after retention has deleted the others.
        let store = target.another().await;
        let newest = event(tenant_id(1), 1, 255, AuditType::ApiKeyCreated);
        store.write(move |c: &mut Connection| audit::insert(c, &newest)).await.expect("an entry");
        let left = store
            .write(|c: &mut Connection| {
                audit::purge(c, None, at(EVENTS * 28_800_000 + 1), None, i64::from(u16::MAX))?;
                let all = audit::page(c, None, &Default::default(), None, PageRequest::default())?;
                let days = audit_counts::sums_by_day(c, Days { first: 0, last: 99_999 })?.len();
                Ok::<_, DbError>((all.total, all.items.len(), days))
            })
            .await;
        // Retention keeps the entry that is the newest across all logs.
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
async fn interrupted_transfer_continues() {
    for (source, target) in pairs().await {
        for stop in ["users", "audit_logs"] {
            let interrupted = run_transfer(&source, &target, move |progress| {
                assert!(
                    !matches!(progress, Progress::Copied { table, .. } if table == stop),
                    "interrupted by the test"
                );
            });
            assert!(matches!(interrupted.await, Err(TransferError::Database(..))));
        }
        let third = TestDatabase::sqlite().await;
        third.database.close().await;
        assert_eq!(run_transfer(&target, &third, |_| ()).await, Err(TransferError::Incomplete));
        let other = TestDatabase::sqlite().await;
        other.write(|c| installation::put(c, installation::SEALED_WORD, "another")).await;
        other.database.close().await;
        assert_eq!(run_transfer(&other, &target, |_| ()).await, Err(TransferError::OtherInstallation));
        let report = run_transfer(&source, &target, |_| ()).await.expect("the rest");
        assert!(report.resumed);
        let of = |name: &str| report.tables.iter().find(|table| table.table == name).expect("the table").clone();
        assert_eq!((of("tenants").rows, of("tenants").copied), (2, 0));
        assert_eq!((of("audit_logs").rows, of("audit_logs").copied), (1_107, 607));
        assert_eq!(read_all(&source).await, read_all(&target).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn change_of_the_source_during_the_transfer_is_detected() {
    for (source, target) in pairs().await {
        // Simulates another program that ignores the lock and changes the source.
        let url = source.options.url.clone();
        let sql = "UPDATE users SET display_name = 'changed' WHERE external_id = 'a5'";
        let mut done = false;
        let changed = run_transfer(&source, &target, move |progress| {
            if matches!(progress, Progress::Copied { table: "audit_logs", .. }) && !std::mem::replace(&mut done, true) {
                change_without_lock(&url, sql);
            }
        })
        .await;
        assert!(matches!(&changed, Err(TransferError::Differs { table, .. }) if table == "users"), "{changed:?}");
    }
}

fn change_without_lock(url: &DatabaseUrl, sql: &'static str) {
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
async fn databases_in_use_are_rejected_and_locked_during_the_transfer() {
    for (source, target) in pairs().await {
        for (used, role) in [(&source, Role::Source), (&target, Role::Target)] {
            let other = used.another().await;
            assert_eq!(run_transfer(&source, &target, |_| ()).await, Err(TransferError::InUse(role)));
            other.close().await;
        }
        // During the transfer, no other process may open the databases.
        let databases = [source.options.clone(), target.options.clone()];
        let errors = Arc::new(Mutex::new(Vec::new()));
        let collected = Arc::clone(&errors);
        let report = run_transfer(&source, &target, move |progress| {
            if matches!(progress, Progress::Copied { table: "tenants", .. }) {
                collected.lock().expect("the list").extend(databases.clone().map(open));
            }
        })
        .await;
        assert!(report.is_ok(), "{report:?}");
        let errors = errors.lock().expect("the list");
        assert_eq!(errors.len(), 2);
        for error in errors.iter() {
            assert!(
                matches!(error, Some(DbError::Unavailable(reason)) if reason.contains("migrate-storage")),
                "{error:?}"
            );
        }
    }
}

fn open(options: DatabaseOptions) -> Option<DbError> {
    let open = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(Database::open(options)).err()
    };
    std::thread::spawn(open).join().expect("a result")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn impossible_transfers_are_rejected() {
    for (source, target) in pairs().await {
        assert_eq!(run_transfer(&source, &source, |_| ()).await, Err(TransferError::Same));
        let rejected = transfer(source.options.clone(), target.options.clone(), |_| Err("no".to_owned()), |_| ()).await;
        assert_eq!(rejected, Err(TransferError::NotAccepted("no".to_owned())));
        assert_eq!(run_transfer(&target, &source, |_| ()).await, Err(TransferError::NoInstallation));
        let store = target.another().await;
        store.write(|c: &mut Connection| tenants::insert(c, &tenant(7))).await.expect("a tenant");
        store.close().await;
        assert_eq!(run_transfer(&source, &target, |_| ()).await, Err(TransferError::NotEmpty("tenants".to_owned())));
    }
    let source = TestDatabase::sqlite().await;
    source.database.close().await;
    let missing = DatabaseOptions::new(DatabaseUrl::Sqlite("/nonexistent/doorward.db".into()));
    let rejected = transfer(missing, source.options.clone(), |_| Ok(()), |_| ()).await;
    assert_eq!(rejected, Err(TransferError::NoInstallation));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn write_ahead_log_of_the_target_stays_small() {
    let (source, target) = (TestDatabase::sqlite().await, TestDatabase::sqlite().await);
    source
        .write(|c: &mut Connection| {
            installation::put(c, installation::SEALED_WORD, "sealed")?;
            c.run(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) \
                 INSERT INTO audit_logs (tenant_id, id, type, request_id, source_ip, user_agent, actor, created_at) \
                 SELECT 'tenant', printf('018bcfe5-6800-7000-8000-%012x', i), 'api_key_rejected', 'r', '', '', i, 1 FROM n",
            )
        })
        .await;
    source.database.close().await;
    target.database.close().await;
    let wal = format!("{}-wal", target.location());
    let largest = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&largest);
    let measure = move |_| {
        let mut largest = seen.lock().expect("a lock");
        *largest = std::fs::metadata(&wal).map_or(0, |meta| meta.len()).max(*largest);
    };
    run_transfer(&source, &target, measure).await.expect("a transfer");
    let largest = *largest.lock().expect("a lock");
    assert!((1..10 << 20).contains(&largest), "{largest} bytes");
}
