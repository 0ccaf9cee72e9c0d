//! Who asks, and what the server makes of it.

use doorward_shared::admin::Role;
use doorward_testkit::TestServer;

use crate::support::Operator;

#[tokio::test(flavor = "multi_thread")]
async fn status_says_where_and_who() {
    let server = TestServer::start().await;
    let operator = Operator::new(&server, Role::Auditor).await;
    let shown = operator.out(&["status"]).await;
    assert!(shown.contains(&format!("server    {}/   (DOORWARD_ADMIN_URL)", operator.url)), "{shown}");
    assert!(shown.contains("you are   auditor (auditor)"), "{shown}");
    let json = operator.json(&["status"]).await;
    assert_eq!((&json["ready"], &json["role"]), (&true.into(), &"auditor".into()));
    assert_eq!(operator.out(&["me"]).await, "name   auditor\nrole   auditor\n");
    assert_eq!(operator.json(&["me"]).await["name"], "auditor");
    assert!(operator.out(&["metrics"]).await.contains("# TYPE doorward_"));
    let why = operator.refused(&["metrics", "--json"], 2).await;
    assert!(why.contains("no --json"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_said_to_be_wrong() {
    let server = TestServer::start().await;
    let operator = Operator::new(&server, Role::Admin).await;
    operator.write("data/admin.token", "dwa_wrong");
    let why = operator.refused(&["me"], 1).await;
    assert!(why.contains("does not accept this admin token"), "{why}");
    assert!(!why.contains("dwa_wrong"), "{why}");
    let ran = operator.run(&["status"]).await;
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("ready    yes"), "{}", ran.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_reads_and_changes_nothing() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await.id.to_string();
    let auditor = Operator::new(&server, Role::Auditor).await;
    assert!(auditor.out(&["keys", "list", "--tenant", &tenant]).await.starts_with("ID"));
    for arguments in [
        vec!["tenants", "rename", &tenant, "Store"],
        vec!["tenants", "delete", &tenant, "--yes"],
        vec!["keys", "create", "--tenant", &tenant, "--name", "backend", "--quiet"],
        vec!["signing-keys", "rotate", "--tenant", &tenant],
        vec!["tokens", "create", "--name", "mallory", "--role", "admin"],
    ] {
        let why = auditor.refused(&arguments, 1).await;
        assert!(why.contains("not allowed"), "{arguments:?}: {why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_said_to_be_away() {
    let server = TestServer::start().await;
    let operator = Operator::new(&server, Role::Admin).await;
    server.stop().await;
    let why = operator.refused(&["me"], 1).await;
    assert!(why.contains("no server answers at http://127.0.0.1:"), "{why}");
    assert!(why.contains("connection refused"), "{why}");
    let ran = operator.run(&["status", "--json"]).await;
    assert_eq!(ran.code, 1);
    let status: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(status["ready"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_is_two() {
    let server = TestServer::start().await;
    let operator = Operator::new(&server, Role::Admin).await;
    for arguments in [vec!["dance"], vec!["tenants"], vec!["audit", "--since", "yesterday"], vec!["keys", "create"]] {
        let ran = operator.run(&arguments).await;
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
    }
    for arguments in [vec!["version"], vec!["--version"]] {
        assert_eq!(operator.out(&arguments).await, format!("doorward-admin {}\n", env!("CARGO_PKG_VERSION")));
    }
}
