//! `api-key`, `signing-key` and `admin-token`.

use doorward_shared::admin::Role;
use doorward_testkit::TestServer;

use crate::support::{Operator, Process, cells, run_to_end};

async fn setup() -> (TestServer, doorward_testkit::TestTenant, Operator) {
    let server = TestServer::start().await;
    // The program compares the server's times with the system clock.
    server.clock.advance_ms(doorward_admin::clock::now().millis() - server.app.clock.now().millis());
    let tenant = server.tenant().await;
    let operator = Operator::new(&server, Role::Admin).await;
    (server, tenant, operator)
}

#[tokio::test(flavor = "multi_thread")]
async fn api_key_is_created_used_listed_and_revoked() {
    let (_server, tenant, operator) = setup().await;
    let key = operator.out(&["api-key", "create", "--tenant", "Example", "--name", "backend", "--quiet"]).await;
    let key = key.trim_end();
    assert_eq!(key.lines().count(), 1, "prints only the key");
    let _ = tenant.with_key(key).get("/credentials").await.expect(200);
    let list = operator.out(&["api-key", "list", "--tenant", "Example"]).await;
    assert!(!list.contains(key), "lists contain no secrets");
    let lines: Vec<_> = list.lines().map(cells).collect();
    assert_eq!(lines[0], ["ID", "NAME", "HINT", "CREATED", "LAST USED", "EXPIRES", "STATE"]);
    let row = lines.iter().find(|row| row[1] == "backend").unwrap();
    operator.fails(&["api-key", "revoke", "--tenant", "Example", row[0]], 2, &["API key backend", "--yes"]).await;
    let done = operator.out(&["api-key", "revoke", "--tenant", "Example", row[0], "--yes"]).await;
    assert!(done.starts_with("revoked API key backend"), "{done}");
    tenant.with_key(key).get("/credentials").await.expect_refusal(401, "api_key_invalid");
    operator.fails(&["api-key", "revoke", "--tenant", "Example", row[0], "--yes"], 3, &["secret not found"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn disabled_api_key_is_rejected_until_enabled() {
    let (_server, tenant, operator) = setup().await;
    let keys = operator.json(&["api-key", "list", "--tenant", "Example"]).await;
    let id = keys[0]["id"].as_str().unwrap();
    let run = async |verb: &str| operator.out(&["api-key", verb, "--tenant", "Example", id]).await;
    assert_eq!(run("disable").await, format!("disabled API key First key ({id})\n"));
    tenant.http.get("/credentials").await.expect_refusal(401, "api_key_disabled");
    let list = operator.out(&["api-key", "list", "--tenant", "Example"]).await;
    let rows: Vec<_> = list.lines().map(cells).collect();
    assert_eq!(rows[1].last(), Some(&"disabled"));
    assert_eq!(run("disable").await, format!("API key First key ({id}) is already disabled\n"));
    assert_eq!(run("enable").await, format!("enabled API key First key ({id})\n"));
    let again = operator.json(&["api-key", "enable", "--tenant", "Example", id]).await;
    assert_eq!(again, serde_json::json!({ "changed": false }));
    let _ = tenant.http.get("/credentials").await.expect(200);
    operator
        .fails(
            &["api-key", "disable", "--tenant", "Example", "0198c0de-0000-7000-8000-000000000001"],
            3,
            &["has no API key"],
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn api_key_gets_the_requested_expiry() {
    let (_server, _tenant, operator) = setup().await;
    let made = operator
        .json(&["api-key", "create", "--tenant", "Example", "--name", "short", "--expires", "2100-01-31T12:00:00Z"])
        .await;
    assert_eq!(made["expires_at"], "2100-01-31T12:00:00.000Z");
    assert!(made["secret"].as_str().unwrap().starts_with("dw_"));
    let past = ["api-key", "create", "--tenant", "Example", "--name", "late", "--expires", "2001-01-31T12:00:00Z"];
    operator.fails(&past, 2, &["is in the past"]).await;
    let names = operator.json(&["api-key", "list", "--tenant", "Example"]).await;
    assert!(names.as_array().unwrap().iter().all(|key| key["name"] != "late"), "no key was created");
}

#[tokio::test(flavor = "multi_thread")]
async fn secret_that_cannot_be_printed_is_reported() {
    let (_server, _tenant, operator) = setup().await;
    let command = operator.command(&["api-key", "create", "--tenant", "Example", "--name", "lost", "--quiet"]);
    let mut process = Process::start(command);
    process.close_output();
    let (code, err) = process.end().await;
    assert_eq!(code, 1);
    let keys = operator.json(&["api-key", "list", "--tenant", "Example"]).await;
    let lost = keys.as_array().unwrap().iter().find(|key| key["name"] == "lost").unwrap();
    assert!(err.contains(lost["id"].as_str().unwrap()) && err.contains("revoke it"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn secret_is_not_created_for_a_discarded_standard_output() {
    let (_server, _tenant, operator) = setup().await;
    let before = operator.json(&["admin-token", "list"]).await;
    let web = ["--rp-id", "example.com", "--origin", "https://example.com"];
    for arguments in [
        &["api-key", "create", "--tenant", "Example", "--name", "lost"][..],
        &["admin-token", "create", "--name", "lost", "--role", "auditor"],
        &[&["tenant", "create", "--name", "Lost", "--api-key"][..], &web].concat(),
    ] {
        let mut command = operator.command(arguments);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
        let output = tokio::task::spawn_blocking(move || command.spawn().unwrap().wait_with_output()).await.unwrap();
        let output = output.unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains("standard output is closed or /dev/null"), "{error}");
    }
    assert_eq!(
        operator.json(&["admin-token", "list"]).await.as_array().unwrap().len(),
        before.as_array().unwrap().len()
    );
    let keys = operator.json(&["api-key", "list", "--tenant", "Example"]).await;
    assert!(keys.as_array().unwrap().iter().all(|key| key["name"] != "lost"), "{keys}");
    assert_eq!(operator.json(&["tenant", "list"]).await.as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_is_selected_by_id_or_unique_name() {
    let (server, tenant, operator) = setup().await;
    let by_id = operator.out(&["api-key", "list", "--tenant", &tenant.id.to_string()]).await;
    assert_eq!(by_id, operator.out(&["api-key", "list", "--tenant", "Example"]).await);
    operator.fails(&["api-key", "list", "--tenant", "Exam"], 3, &["similar names:", &tenant.id.to_string()]).await;
    operator.fails(&["api-key", "list", "--tenant", "Nobody"], 3, &["no tenant has the id or name \"Nobody\""]).await;
    let _ = server.tenant().await;
    operator.fails(&["api-key", "list", "--tenant", "Example"], 2, &["2 tenants have the name"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_keys_are_rotated_and_retired() {
    let (_server, _tenant, operator) = setup().await;
    let before = operator.json(&["signing-key", "list", "--tenant", "Example"]).await;
    let first = before[0]["id"].as_str().unwrap().to_owned();
    let new = operator.out(&["signing-key", "rotate", "--tenant", "Example", "--algorithm", "EdDSA"]).await;
    let id = cells(new.lines().next().unwrap())[1].to_owned();
    let list = operator.out(&["signing-key", "list", "--tenant", "Example"]).await;
    let rows: Vec<_> = list.lines().map(cells).collect();
    assert_eq!(rows[0], ["ID", "ALGORITHM", "STATE", "CREATED", "SIGNS FROM", "RETIRED", "WITHDRAWN"]);
    let row = |id: &str| rows.iter().find(|row| row[0] == id).unwrap().clone();
    assert_eq!(row(&id)[1..3], ["EdDSA", "waiting"]);
    assert_eq!(row(&first)[2], "signing");
    operator.fails(&["signing-key", "retire", "--tenant", "Example", &id], 2, &["--yes"]).await;
    let done = operator.json(&["signing-key", "retire", "--tenant", "Example", &id, "--yes"]).await;
    assert_eq!(done, serde_json::json!({ "changed": true }));
    let again = operator.json(&["signing-key", "retire", "--tenant", "Example", &id, "--yes"]).await;
    assert_eq!(again, serde_json::json!({ "changed": false }));
    let forced = operator.json(&["signing-key", "rotate", "--tenant", "Example", "--force"]).await;
    assert_eq!((&forced["signing"], &forced["changed"]), (&true.into(), &true.into()));
    let forced = forced["id"].as_str().unwrap();
    let withdrawn = operator.json(&["signing-key", "withdraw", "--tenant", "Example", forced, "--yes"]).await;
    assert_eq!((&withdrawn["withdrawn"]["id"], &withdrawn["signing"]["signing"]), (&forced.into(), &true.into()));
    assert_eq!(withdrawn["changed"], true);
    let list = operator.out(&["signing-key", "list", "--tenant", "Example"]).await;
    assert!(list.lines().any(|line| line.starts_with(forced) && line.contains("withdrawn")), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn admin_tokens_are_created_used_listed_and_revoked() {
    let (_server, _tenant, operator) = setup().await;
    let token = operator.out(&["admin-token", "create", "--name", "alice", "--role", "auditor", "--quiet"]).await;
    let mut command = operator.command(&["me"]);
    command.env("DOORWARD_ADMIN_TOKEN", token.trim_end());
    assert_eq!(Operator::expect(run_to_end(command).await), "name   alice\nrole   auditor\n");
    let list = operator.out(&["admin-token", "list"]).await;
    assert!(!list.contains(token.trim_end()));
    let rows: Vec<_> = list.lines().map(cells).collect();
    let alice = rows.iter().find(|row| row[1] == "alice").unwrap();
    assert_eq!((alice[2], alice[3]), ("auditor", "all"));
    let limited = ["admin-token", "create", "--name", "bob", "--role", "admin", "--tenant", "Example", "--quiet"];
    let _ = operator.out(&limited).await;
    let listed = operator.out(&["admin-token", "list"]).await;
    let bob = listed.lines().map(cells).find(|row| row[1] == "bob").unwrap();
    assert_eq!(bob[3], "\"Example\"", "a name is in quotation marks, so that it differs from `all`");
    let _ = operator.out(&["admin-token", "revoke", bob[0], "--yes"]).await;
    let done = operator.out(&["admin-token", "revoke", alice[0], "--yes"]).await;
    assert!(done.starts_with("revoked admin token alice"), "{done}");
    let mut command = operator.command(&["me"]);
    command.env("DOORWARD_ADMIN_TOKEN", token.trim_end());
    let ran = run_to_end(command).await;
    assert_eq!(ran.code, 4);
    assert!(!ran.err.contains(token.trim_end()) && !ran.out.contains(token.trim_end()));
    let left = operator.json(&["admin-token", "list"]).await;
    assert_eq!(left.as_array().unwrap().len(), rows.len() - 2);
    let own = operator.json(&["me"]).await["name"].clone();
    let (own, others): (Vec<_>, Vec<_>) = left.as_array().unwrap().iter().partition(|token| token["name"] == own);
    for other in others {
        let _ = operator.out(&["admin-token", "revoke", other["id"].as_str().unwrap(), "--yes"]).await;
    }
    let last = own[0]["id"].as_str().unwrap();
    let refused = operator.run(&["admin-token", "revoke", last, "--yes"]).await;
    assert!(refused.code == 1 && refused.err.contains("last usable admin token"), "{}", refused.err);
    let _ = operator.out(&["admin-token", "revoke", last, "--yes", "--force"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secret_in_place_of_a_name_is_not_repeated() {
    let (_server, _tenant, operator) = setup().await;
    for prefix in ["dw_", "dwa_"] {
        let key = &format!("{prefix}0f3a52c1d7e94b6a8f20c3d4e5f60718_kT9wQz");
        let option = &format!("--{key}");
        for arguments in [
            &["tenant", "show", key][..],
            &["tenant", "show", key, "--json"],
            &["tenant", "show", option],
            &["audit", "--tenant", key],
            &["explain", key],
            &["apply", "-f", key],
            &["--profile", key, "tenant", "list"],
            &["--token-file", key, "tenant", "list"],
        ] {
            let ran = operator.run(arguments).await;
            let hides = ran.err.contains(&format!("{prefix}0f3a…")) && !ran.err.contains("kT9wQz");
            assert!(ran.code != 0 && hides, "{arguments:?}: {}", ran.err);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn admin_token_can_be_limited_to_a_tenant_by_name() {
    let (_server, tenant, operator) = setup().await;
    let create = ["admin-token", "create", "--name", "shop", "--role", "admin", "--tenant", "Example", "--quiet"];
    let token = operator.out(&create).await;
    let mut command = operator.command(&["me"]);
    command.env("DOORWARD_ADMIN_TOKEN", token.trim_end());
    let me = Operator::expect(run_to_end(command).await);
    assert!(me.ends_with(&format!("only for tenants: {}\n", tenant.id)), "{me}");
}
