//! The installation on Citus, with the distribution that docs/scaling.md describes. The test is skipped if the test
//! server has no Citus.

use std::{fs, path::Path};

use doorward_shared::admin::Role;
use doorward_testkit::{Person, TestServer, database};
use serde_json::json;

/// Distributes the tables. The only machine is the coordinator, so it also gets shards.
async fn distribute(url: &str) {
    let (host, port) = ("127.0.0.1", url::Url::parse(url).unwrap().port().unwrap());
    database::execute(url, &format!("CREATE EXTENSION citus; SELECT citus_set_coordinator_host('{host}', {port})"))
        .await;
    database::execute(url, &format!("SELECT citus_set_node_property('{host}', {port}, 'shouldhaveshards', true)"))
        .await;
    let document = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/scaling.md")).unwrap();
    for statement in document.lines().filter(|line| line.starts_with("SELECT create_")) {
        database::execute(url, statement).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_ceremonies_and_deletions_work_with_distributed_tables() {
    let test = "all ceremonies and deletions work with distributed tables";
    let available = "SELECT name::text AS value FROM pg_available_extensions WHERE name = 'citus'";
    if !database::is_postgres(test) {
        return;
    }
    if database::texts(&database::postgres().unwrap(), available).await.is_empty() {
        return eprintln!("SKIPPED without Citus: {test}");
    }
    let node = TestServer::start().await;
    distribute(node.database_url()).await;
    let (tenant, other) = (node.tenant().await, node.tenant().await);
    for (number, tenant) in [&tenant, &tenant, &other].into_iter().enumerate() {
        let mut person = Person::new(&format!("user-{number}"));
        let _ = person.register(tenant).await.expect(200);
        let body = person.mfa_assertion(tenant).await;
        let _ = tenant.http.post("/mfa/login/finalize", &body).await.expect(200);
        tenant.http.post("/mfa/login/finalize", &body).await.expect_refusal(401, "challenge_unknown");
        let _ = person.login(tenant).await.expect(200);
        let _ = person.transaction(tenant, &format!("payment-{number}"), &json!({ "amount": 12 })).await.expect(200);
    }
    assert_eq!(tenant.count("type=mfa_authentication_final_succeeded").await, 2);
    let admin = node.admin("first", Role::Admin).await;
    for path in ["/tenants", "/overview", "/audit_logs"] {
        let _ = admin.get(path).await.expect(200);
    }
    let _ = tenant.http.delete("/users/user-0").await.expect(204);
    assert_eq!(tenant.http.get("/credentials").await.expect(200).json().as_array().unwrap().len(), 1);
    let _ = admin.delete(&format!("/tenants/{}", other.id)).await.expect(204);
    assert_eq!(other.http.get("/credentials").await.status, 404);
}
