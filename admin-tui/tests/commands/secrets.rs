//! API keys, signing keys, admin tokens: and where their secrets are seen.

use doorward_shared::admin::Role;
use doorward_testkit::TestServer;

use crate::support::{Operator, Running, cells, ran};

async fn setting() -> (TestServer, doorward_testkit::TestTenant, Operator) {
    let server = TestServer::start().await;
    // Times are compared with those of this machine.
    server.clock.advance_ms(doorward_admin::clock::now().millis() - server.app.clock.now().millis());
    let tenant = server.tenant().await;
    let operator = Operator::new(&server, Role::Admin).await;
    (server, tenant, operator)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_used_listed_and_revoked() {
    let (_server, tenant, operator) = setting().await;
    let key = operator.out(&["keys", "create", "--tenant", "Example", "--name", "backend", "--quiet"]).await;
    let key = key.trim_end();
    assert_eq!(key.lines().count(), 1, "one line, the key alone");
    let _ = tenant.with_key(key).get("/credentials").await.expect(200);
    let list = operator.out(&["keys", "list", "--tenant", "Example"]).await;
    assert!(!list.contains(key), "no list shows a secret");
    let lines: Vec<_> = list.lines().map(cells).collect();
    assert_eq!(lines[0], ["ID", "NAME", "HINT", "CREATED", "LAST USED", "EXPIRES"]);
    let row = lines.iter().find(|row| row[1] == "backend").unwrap();
    let why = operator.refused(&["keys", "revoke", "--tenant", "Example", row[0]], 2).await;
    assert!(why.contains("API key backend") && why.contains("--yes"), "{why}");
    let done = operator.out(&["keys", "revoke", "--tenant", "Example", row[0], "--yes"]).await;
    assert!(done.starts_with("API key backend"), "{done}");
    tenant.with_key(key).get("/credentials").await.expect_refusal(401, "api_key_invalid");
    let why = operator.refused(&["keys", "revoke", "--tenant", "Example", row[0], "--yes"], 1).await;
    assert!(why.contains("secret not found"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_expires_when_it_was_told_to() {
    let (_server, _tenant, operator) = setting().await;
    let made = operator
        .json(&["keys", "create", "--tenant", "Example", "--name", "short", "--expires", "2100-01-31T12:00:00Z"])
        .await;
    assert_eq!(made["expires_at"], "2100-01-31T12:00:00.000Z");
    assert!(made["secret"].as_str().unwrap().starts_with("dw_"));
    let past = ["keys", "create", "--tenant", "Example", "--name", "late", "--expires", "2001-01-31T12:00:00Z"];
    let why = operator.refused(&past, 2).await;
    assert!(why.contains("passed already"), "{why}");
    let names = operator.json(&["keys", "list", "--tenant", "Example"]).await;
    assert!(names.as_array().unwrap().iter().all(|key| key["name"] != "late"), "nothing was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_could_not_be_printed_is_not_passed_over() {
    let (_server, _tenant, operator) = setting().await;
    let command = operator.command(&["keys", "create", "--tenant", "Example", "--name", "lost", "--quiet"]);
    let mut running = Running::start(command);
    running.stop_reading();
    let (code, err) = running.end().await;
    assert_eq!(code, 1);
    let keys = operator.json(&["keys", "list", "--tenant", "Example"]).await;
    let lost = keys.as_array().unwrap().iter().find(|key| key["name"] == "lost").unwrap();
    assert!(err.contains(lost["id"].as_str().unwrap()) && err.contains("revoke it"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_named_by_id_or_by_a_name_that_only_it_has() {
    let (server, tenant, operator) = setting().await;
    let by_id = operator.out(&["keys", "list", "--tenant", &tenant.id.to_string()]).await;
    assert_eq!(by_id, operator.out(&["keys", "list", "--tenant", "Example"]).await);
    let why = operator.refused(&["keys", "list", "--tenant", "Exam"], 1).await;
    assert!(why.contains("alike are:") && why.contains(&tenant.id.to_string()), "{why}");
    let why = operator.refused(&["keys", "list", "--tenant", "Nobody"], 1).await;
    assert!(why.contains("no tenant has the id or name \"Nobody\""), "{why}");
    let _ = server.tenant().await;
    let why = operator.refused(&["keys", "list", "--tenant", "Example"], 2).await;
    assert!(why.contains("2 tenants have the name"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_keys_are_rotated_and_retired() {
    let (_server, _tenant, operator) = setting().await;
    let before = operator.json(&["signing-keys", "list", "--tenant", "Example"]).await;
    let first = before[0]["id"].as_str().unwrap().to_owned();
    let new = operator.out(&["signing-keys", "rotate", "--tenant", "Example", "--algorithm", "EdDSA"]).await;
    let id = cells(new.lines().next().unwrap())[1].to_owned();
    let list = operator.out(&["signing-keys", "list", "--tenant", "Example"]).await;
    let rows: Vec<_> = list.lines().map(cells).collect();
    assert_eq!(rows[0], ["ID", "ALGORITHM", "STATE", "CREATED", "SIGNS FROM", "RETIRED"]);
    let row = |id: &str| rows.iter().find(|row| row[0] == id).unwrap().clone();
    assert_eq!(row(&id)[1..3], ["EdDSA", "waiting"]);
    assert_eq!(row(&first)[2], "signing");
    let why = operator.refused(&["signing-keys", "retire", "--tenant", "Example", &id], 2).await;
    assert!(why.contains("--yes"), "{why}");
    let done = operator.json(&["signing-keys", "retire", "--tenant", "Example", &id, "--yes"]).await;
    assert_eq!(done, serde_json::json!({ "done": true }));
}

#[tokio::test(flavor = "multi_thread")]
async fn admin_tokens_are_made_used_listed_and_revoked() {
    let (_server, _tenant, operator) = setting().await;
    let token = operator.out(&["tokens", "create", "--name", "alice", "--role", "auditor", "--quiet"]).await;
    let mut command = operator.command(&["me"]);
    command.env("DOORWARD_ADMIN_TOKEN", token.trim_end());
    assert_eq!(Operator::expect(ran(command).await), "name   alice\nrole   auditor\n");
    let list = operator.out(&["tokens", "list"]).await;
    assert!(!list.contains(token.trim_end()));
    let rows: Vec<_> = list.lines().map(cells).collect();
    let alice = rows.iter().find(|row| row[1] == "alice").unwrap();
    assert_eq!(alice[2], "auditor");
    let done = operator.out(&["tokens", "revoke", alice[0], "--yes"]).await;
    assert!(done.starts_with("admin token alice"), "{done}");
    let mut command = operator.command(&["me"]);
    command.env("DOORWARD_ADMIN_TOKEN", token.trim_end());
    let ran = ran(command).await;
    assert_eq!(ran.code, 1);
    assert!(!ran.err.contains(token.trim_end()) && !ran.out.contains(token.trim_end()));
    assert_eq!(operator.json(&["tokens", "list"]).await.as_array().unwrap().len(), rows.len() - 2);
}
