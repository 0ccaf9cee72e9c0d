//! A connection pooler between the nodes and the database.

use std::time::Duration;

use doorward_server::{
    db::{Database, DatabaseOptions, DatabaseUrl, DbError},
    store::installation,
};
use doorward_shared::admin::Role;
use doorward_testkit::{Person, PgBouncer, TestServer, database, until_within};
use futures_util::future::join_all;
use serde_json::json;

use crate::{Nodes, nodes_with, wait_until_listening};

fn parse(url: &str) -> DatabaseUrl {
    url.parse().unwrap()
}

async fn open(url: &str, listen_url: Option<&str>) -> Result<(), DbError> {
    let options = DatabaseOptions { listen_url: listen_url.map(parse), ..DatabaseOptions::new(parse(url)) };
    let database = Database::open(options).await?;
    let result = database.write(|connection| installation::put(connection, "a", "1")).await;
    database.close().await;
    result
}

fn refused(result: Result<(), DbError>) -> String {
    match result {
        Err(DbError::Database(reason)) => reason,
        other => panic!("the start was not refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transaction_pooling_without_a_direct_url_is_refused() {
    let Some(pooler) = PgBouncer::start("transaction pooling without a direct URL is refused", "transaction") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (direct, _database) = database::for_test(folder.path()).await;
    let pooled = pooler.url(&direct);
    let reason = refused(open(&pooled, None).await);
    assert!(reason.contains("set database.listen_url to the URL of a direct connection"), "{reason}");
    let tables = "SELECT count(*)::text AS value FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(database::texts(&direct, tables).await, ["0"], "nothing was changed");
    let reason = refused(open(&pooled, Some(&pooled)).await);
    assert!(reason.contains("database.listen_url must be the URL of a direct connection"), "{reason}");
    let (other, _database) = database::for_test(folder.path()).await;
    let reason = refused(open(&pooled, Some(&other)).await);
    assert!(reason.contains("leads to a different database from database.url"), "{reason}");
    assert_eq!(open(&pooled, Some(&direct)).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn session_pooling_needs_no_direct_url() {
    let Some(pooler) = PgBouncer::start("session pooling needs no direct URL", "session") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (direct, _database) = database::for_test(folder.path()).await;
    assert_eq!(open(&pooler.url(&direct), None).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_behind_a_transaction_pooler_work_as_without_one() {
    let Some(pooler) = PgBouncer::start("nodes behind a transaction pooler work as without one", "transaction") else {
        return;
    };
    let Nodes { first, second, tenant, tenant_on_second } = nodes_with(TestServer::builder().pooler(pooler.port)).await;
    let people = (0..16).map(|number| {
        let (tenant, tenant_on_second) = (tenant.clone(), tenant_on_second.clone());
        tokio::spawn(async move {
            let mut person = Person::new(&format!("user-{number}"));
            let _ = person.register(&tenant).await.expect(200);
            for round in 0..3 {
                let body = person.mfa_assertion(&tenant).await;
                let both = [&tenant, &tenant_on_second].map(|node| node.http.post("/mfa/login/finalize", &body));
                let mut statuses: Vec<_> = join_all(both).await.iter().map(|response| response.status).collect();
                statuses.sort_unstable();
                assert_eq!(statuses, [200, 401], "exactly one token");
                let _ = person.login(&tenant_on_second).await.expect(200);
                let id = format!("payment-{number}-{round}");
                let _ = person.transaction(&tenant, &id, &json!({ "amount": 12 })).await.expect(200);
            }
        })
    });
    for person in join_all(people).await {
        person.unwrap();
    }
    assert_eq!(tenant_on_second.count("type=mfa_authentication_final_succeeded").await, 3 * 16);
    // A revocation on one node takes effect on the other node at once.
    wait_until_listening(&second).await;
    let key = first.api_key(tenant.id, None).await;
    let on_second = tenant_on_second.with_key(&key.secret);
    let accepted = async || (on_second.get("/credentials").await.status == 200).then_some(());
    until_within("the new key", Duration::from_secs(5), accepted).await;
    let admin = first.admin("revoker", Role::Admin).await;
    let _ = admin.delete(&format!("/tenants/{}/secrets/api/{}", tenant.id, key.id)).await.expect(204);
    let rejected = async || (on_second.get("/credentials").await.status == 401).then_some(());
    until_within("the rejection of the revoked key", Duration::from_secs(5), rejected).await;
    assert_eq!(database::faults(first.database_url()).await, [""; 0]);
}
