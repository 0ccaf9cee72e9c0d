//! Administrative changes on one node take effect on the other nodes.

use std::time::Duration;

use doorward_shared::admin::Role;
use doorward_testkit::{TestServer, database, until_within};
use serde_json::json;

use crate::{Nodes, nodes, wait_until_listening};

/// Maximum time until a node detects a change or a lost listener. A node detects a lost listener within two heartbeats;
/// the rest of this time is a reserve for a busy machine.
const DETECTION: Duration = Duration::from_secs(5);

/// Creates a key on the first node and uses it on the second node, so that the second node caches the key.
async fn cached_key(nodes: &Nodes) -> (String, String) {
    let key = nodes.first.api_key(nodes.tenant.id, None).await;
    let on_second = nodes.tenant_on_second.with_key(&key.secret);
    until_within("the new key", DETECTION, async || (on_second.get("/credentials").await.status == 200).then_some(()))
        .await;
    (key.id.to_string(), key.secret)
}

async fn revoke(node: &TestServer, nodes: &Nodes, id: &str) {
    let admin = node.admin("revoker", Role::Admin).await;
    let _ = admin.delete(&format!("/tenants/{}/secrets/api/{id}", nodes.tenant.id)).await.expect(204);
}

#[tokio::test]
async fn key_revoked_on_one_node_is_rejected_by_the_other() {
    let nodes = nodes().await;
    wait_until_listening(&nodes.first).await;
    wait_until_listening(&nodes.second).await;
    let (id, secret) = cached_key(&nodes).await;
    revoke(&nodes.first, &nodes, &id).await;
    let on_second = nodes.tenant_on_second.with_key(&secret);
    let timeout = if database::postgres().is_some() { DETECTION } else { Duration::ZERO };
    let rejected = async || (on_second.get("/credentials").await.status == 401).then_some(());
    let ((), took) = until_within("the rejection of the revoked key", timeout, rejected).await;
    eprintln!("rejected {} µs after the response to the revocation", took.as_micros());
}

#[tokio::test]
async fn node_without_the_process_lock_serves_nothing() {
    if !database::is_postgres("node without the process lock serves nothing") {
        return;
    }
    let nodes = nodes().await;
    wait_until_listening(&nodes.second).await;
    let (_, secret) = cached_key(&nodes).await;
    let with_key = nodes.tenant_on_second.with_key(&secret);
    // The listening sessions of the nodes hold the process lock. The test makes the database reject new connections and
    // then closes the connections of these sessions. The nodes therefore cannot take the lock again.
    let server = database::postgres().unwrap();
    let name = nodes.first.database_url().split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    database::execute(&server, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
    let terminate = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = '{name}' AND application_name = 'doorward listen'"
    );
    database::execute(&server, &terminate).await;
    until_within("the detection of the lost lock", DETECTION, async || {
        (with_key.get("/credentials").await.status == 503).then_some(())
    })
    .await;
    for _ in 0..20 {
        with_key.get("/credentials").await.expect_refusal(503, "unavailable");
        with_key.post("/login/initialize", &json!({})).await.expect_refusal(503, "unavailable");
    }
    database::execute(&server, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await;
    let served = async || (with_key.get("/credentials").await.status == 200).then_some(());
    until_within("the lock", DETECTION, served).await;
}

#[tokio::test]
async fn short_loss_of_the_listening_session_causes_no_503() {
    if !database::is_postgres("short loss of the listening session causes no 503") {
        return;
    }
    let nodes = nodes().await;
    wait_until_listening(&nodes.second).await;
    let (_, secret) = cached_key(&nodes).await;
    let on_second = nodes.tenant_on_second.with_key(&secret);
    let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND application_name = 'doorward listen'";
    database::execute(nodes.first.database_url(), terminate).await;
    for _ in 0..50 {
        let _ = on_second.get("/credentials").await.expect(200);
    }
}

#[tokio::test]
async fn changed_configuration_takes_effect_on_the_other_node() {
    let nodes = nodes().await;
    wait_until_listening(&nodes.second).await;
    let on_second = nodes.tenant_on_second.anonymous.clone();
    let configured =
        async || on_second.post("/login/initialize", &json!({})).await.json()["publicKey"]["timeout"].clone();
    assert_ne!(configured().await, 54_321);
    let admin = nodes.first.admin("operator", Role::Admin).await;
    let path = format!("/tenants/{}", nodes.tenant.id);
    let mut config = admin.get(&path).await.expect(200).json()["config"].clone();
    config["webauthn"]["timeout"] = 54_321.into();
    let _ = admin.put(&format!("{path}/config"), &config).await.expect(204);
    let timeout = if database::postgres().is_some() { DETECTION } else { Duration::ZERO };
    until_within("the new configuration", timeout, async || (configured().await == 54_321).then_some(())).await;
}
