//! What an administrator changes on one node acts on the others.

use std::time::Duration;

use doorward_shared::admin::Role;
use doorward_testkit::{TestServer, database};
use serde_json::json;

use crate::{Nodes, hears, nodes, until};

/// A node that did not hear of a change notices within twice its heartbeat; this leaves room for a busy machine.
const NOTICED: Duration = Duration::from_secs(5);

/// Makes another key on the first node and lets the second one remember it.
async fn remembered_key(nodes: &Nodes) -> (String, String) {
    let key = nodes.first.api_key(nodes.tenant.id, None).await;
    let there = nodes.elsewhere.with_key(&key.secret);
    until("the new key", NOTICED, async || (there.get("/credentials").await.status == 200).then_some(())).await;
    (key.id.to_string(), key.secret)
}

async fn revoke(node: &TestServer, nodes: &Nodes, id: &str) {
    let admin = node.admin("revoker", Role::Admin).await;
    let _ = admin.delete(&format!("/tenants/{}/secrets/api/{id}", nodes.tenant.id)).await.expect(204);
}

#[tokio::test]
async fn a_key_revoked_on_one_node_is_refused_by_the_other() {
    let nodes = nodes().await;
    hears(&nodes.first).await;
    hears(&nodes.second).await;
    let (id, secret) = remembered_key(&nodes).await;
    revoke(&nodes.first, &nodes, &id).await;
    let there = nodes.elsewhere.with_key(&secret);
    let limit = if database::postgres().is_some() { NOTICED } else { Duration::ZERO };
    let refused = async || (there.get("/credentials").await.status == 401).then_some(());
    let ((), took) = until("the revoked key to be refused", limit, refused).await;
    eprintln!("refused {} µs after the revocation was answered", took.as_micros());
}

#[tokio::test]
async fn a_node_that_hears_nothing_refuses_a_revoked_key_at_once() {
    if !database::is_postgres("a node that hears nothing refuses a revoked key at once") {
        return;
    }
    let nodes = nodes().await;
    hears(&nodes.second).await;
    let (id, secret) = remembered_key(&nodes).await;
    // The database takes no new connection: whoever lost one stays without.
    let server = database::postgres().unwrap();
    let name = nodes.first.database_url().split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    database::execute(&server, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
    let cut = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = '{name}' AND application_name = 'doorward listen'"
    );
    database::execute(&server, &cut).await;
    for node in [&nodes.first, &nodes.second] {
        until("the loss to be noticed", NOTICED, async || {
            let epoch = node.app.db.change_counter();
            (epoch != node.app.db.change_counter()).then_some(())
        })
        .await;
    }
    revoke(&nodes.first, &nodes, &id).await;
    nodes.elsewhere.with_key(&secret).get("/credentials").await.expect_refusal(401, "api_key_invalid");
    let _ = nodes.elsewhere.http.get("/credentials").await.expect(200);
    database::execute(&server, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await;
    hears(&nodes.second).await;
    nodes.elsewhere.with_key(&secret).get("/credentials").await.expect_refusal(401, "api_key_invalid");
}

#[tokio::test]
async fn a_configuration_acts_on_the_other_node() {
    let nodes = nodes().await;
    hears(&nodes.second).await;
    let there = nodes.elsewhere.anonymous.clone();
    let timeout = async || there.post("/login/initialize", &json!({})).await.json()["publicKey"]["timeout"].clone();
    assert_ne!(timeout().await, 54_321);
    let admin = nodes.first.admin("operator", Role::Admin).await;
    let path = format!("/tenants/{}", nodes.tenant.id);
    let mut config = admin.get(&path).await.expect(200).json()["config"].clone();
    config["webauthn"]["timeout"] = 54_321.into();
    let _ = admin.put(&format!("{path}/config"), &config).await.expect(204);
    let limit = if database::postgres().is_some() { NOTICED } else { Duration::ZERO };
    until("the new timeout", limit, async || (timeout().await == 54_321).then_some(())).await;
}
