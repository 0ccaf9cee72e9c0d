//! Exhausted connection pools and slow statements.

use std::time::Duration;

use doorward_server::{
    db::{Database, DatabaseOptions, DatabaseUrl, DbError},
    store::installation,
};
use doorward_testkit::{TestServer, database};
use futures_util::future::join_all;
use serde_json::json;
use tokio_postgres::NoTls;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exhausted_pool_and_slow_statement_return_503() {
    if !database::is_postgres("exhausted pool and slow statement return 503") {
        return;
    }
    let builder = TestServer::builder().database_options(|options| {
        options.connections = 2;
        options.wait = Duration::from_millis(200);
        options.statement_timeout = Duration::from_millis(700);
    });
    let node = builder.start().await;
    let tenant = node.tenant().await;
    let _ = tenant.anonymous.post("/login/initialize", &json!({})).await.expect(200);
    let (client, connection) = tokio_postgres::connect(node.database_url(), NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    client.batch_execute("BEGIN; LOCK TABLE challenges IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let requests = (0..20).map(|_| {
        let tenant = tenant.clone();
        tokio::spawn(async move { tenant.anonymous.post("/login/initialize", &json!({})).await })
    });
    for response in join_all(requests).await.into_iter().map(Result::unwrap) {
        response.expect_refusal(503, "unavailable");
        assert!(response.header("retry-after").is_some());
    }
    client.batch_execute("COMMIT").await.unwrap();
    let _ = tenant.anonymous.post("/login/initialize", &json!({})).await.expect(200);
    driver.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pool_with_fewer_connections_than_configured_serves_all_requests() {
    if !database::is_postgres("pool with fewer connections than configured serves all requests") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (url, _database) = database::for_test(folder.path()).await;
    let name = url.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    let role = format!("{name}_limited");
    // The role may open four connections. The listener uses one of these.
    let grants = format!("CREATE ROLE {role} LOGIN CONNECTION LIMIT 4; ALTER DATABASE {name} OWNER TO {role}");
    database::execute(&url, &format!("{grants}; ALTER SCHEMA public OWNER TO {role}")).await;
    let limited_url = url.replacen("postgres@", &format!("{role}@"), 1);
    let mut options = DatabaseOptions::new(DatabaseUrl::Postgres(limited_url));
    options.connections = 8;
    let db = Database::open(options).await.unwrap();
    for _ in 0..5 {
        let reads = (0..200).map(|_| {
            let db = db.clone();
            tokio::spawn(async move { db.read(|conn| installation::get(conn, "a")).await })
        });
        for result in join_all(reads).await {
            let result: Result<Option<String>, DbError> = result.unwrap();
            assert_eq!(result, Ok(None));
        }
    }
    db.close().await;
    let drop =
        format!("ALTER DATABASE {name} OWNER TO postgres; REASSIGN OWNED BY {role} TO postgres; DROP ROLE {role}");
    database::execute(&url, &drop).await;
}
