//! Tokens, roles and exit codes.

use doorward_shared::admin::Role;
use doorward_testkit::TestServer;

use crate::support::Operator;

#[tokio::test(flavor = "multi_thread")]
async fn status_shows_the_server_and_the_token() {
    let (_server, operator) = Operator::start(Role::Auditor).await;
    let shown = operator.out(&["status"]).await;
    assert!(shown.contains(&format!("server    {}/   (DOORWARD_ADMIN_URL)", operator.url)), "{shown}");
    assert!(shown.contains("you are   auditor (auditor)"), "{shown}");
    let json = operator.json(&["status"]).await;
    assert_eq!((&json["ready"], &json["role"]), (&true.into(), &"auditor".into()));
    assert_eq!(operator.out(&["me"]).await, "name   auditor\nrole   auditor\n");
    assert_eq!(operator.json(&["me"]).await["name"], "auditor");
    assert!(operator.out(&["metrics"]).await.contains("# TYPE doorward_"));
    let ran = operator.run(&["metrics", "--json"]).await;
    assert!(ran.code == 2 && ran.err.contains("does not support --json"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_token_is_reported() {
    let (_server, operator) = Operator::start(Role::Admin).await;
    operator.write("data/admin.token", "dwa_wrong");
    let error = operator.refused(&["me"], 4).await;
    assert!(error.contains("does not accept this admin token"), "{error}");
    assert!(!error.contains("dwa_wrong"), "{error}");
    let ran = operator.run(&["status"]).await;
    assert_eq!(ran.code, 4);
    assert!(ran.out.contains("ready    yes"), "{}", ran.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn auditor_can_read_but_not_change() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await.id.to_string();
    let auditor = Operator::new(&server, Role::Auditor).await;
    assert!(auditor.out(&["api-key", "list", "--tenant", &tenant]).await.starts_with("ID"));
    for arguments in [
        vec!["tenant", "rename", &tenant, "Store"],
        vec!["tenant", "delete", &tenant, "--yes"],
        vec!["api-key", "create", "--tenant", &tenant, "--name", "backend", "--quiet"],
        vec!["signing-key", "rotate", "--tenant", &tenant],
        vec!["admin-token", "create", "--name", "mallory", "--role", "admin"],
    ] {
        let error = auditor.refused(&arguments, 4).await;
        assert!(error.contains("not allowed"), "{arguments:?}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unreachable_server_is_reported() {
    let (server, operator) = Operator::start(Role::Admin).await;
    server.stop().await;
    let error = operator.refused(&["me"], 5).await;
    assert!(error.contains("request to http://127.0.0.1:"), "{error}");
    assert!(error.contains("connection refused"), "{error}");
    let ran = operator.run(&["status", "--json"]).await;
    assert_eq!(ran.code, 5);
    let status: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(status["ready"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_exits_with_2() {
    let (_server, operator) = Operator::start(Role::Admin).await;
    for arguments in [vec!["dance"], vec!["tenants"], vec!["audit", "--since", "yesterday"], vec!["api-key", "create"]]
    {
        let ran = operator.run(&arguments).await;
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
    }
    for arguments in [vec!["version"], vec!["--version"]] {
        assert_eq!(operator.out(&arguments).await, format!("doorward-admin {}\n", env!("CARGO_PKG_VERSION")));
    }
}
