//! Exit codes and errors as JSON.

use doorward_shared::admin::Role;
use serde_json::{Value, json};

use crate::support::{Operator, setup};

const UNKNOWN: &str = "0198c0de-0000-7000-8000-000000000001";

/// Returns the error that a command prints with `--json`. Asserts the exit code.
async fn error(operator: &Operator, arguments: &[&str], code: i32) -> Value {
    let ran = operator.run(&[arguments, &["--json"]].concat()).await;
    assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{arguments:?}: {}", ran.err);
    let line: Value = serde_json::from_str(&ran.err).unwrap_or_else(|error| panic!("{error}: {}", ran.err));
    assert!(!line["error"]["message"].as_str().unwrap().is_empty(), "{line}");
    line["error"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_that_do_not_exist_exit_with_3() {
    let (_server, _tenant, operator) = setup(Role::Admin).await;
    let in_tenant = ["--tenant", "Example"];
    for (arguments, code) in [
        (vec!["tenant", "show", UNKNOWN], "tenant_not_found"),
        (vec!["tenant", "show", "Nobody"], "tenant_not_found"),
        (vec!["tenant", "rename", UNKNOWN, "A"], "tenant_not_found"),
        (vec!["tenant", "delete", UNKNOWN, "--yes"], "tenant_not_found"),
        (vec!["tenant", "config", "get", UNKNOWN], "tenant_not_found"),
        (vec!["api-key", "list", "--tenant", UNKNOWN], "tenant_not_found"),
        (vec!["trust", "preview", UNKNOWN], "tenant_not_found"),
        (vec!["trust", "radar", UNKNOWN], "tenant_not_found"),
        (vec!["audit", "--tenant", UNKNOWN], "tenant_not_found"),
        ([&["api-key", "revoke", UNKNOWN, "--yes"], &in_tenant[..]].concat(), "secret_not_found"),
        ([&["signing-key", "retire", UNKNOWN, "--yes"], &in_tenant[..]].concat(), "secret_not_found"),
        (vec!["admin-token", "revoke", UNKNOWN, "--yes"], "secret_not_found"),
        ([&["user", "show", "nobody"], &in_tenant[..]].concat(), "user_not_found"),
        ([&["transaction", "list", "--user", "nobody"], &in_tenant[..]].concat(), "user_not_found"),
        ([&["credential", "delete", "-u", "nobody", "AbC", "--yes"], &in_tenant[..]].concat(), "user_not_found"),
    ] {
        let error = error(&operator, &arguments, 3).await;
        assert_eq!(error["code"], code, "{arguments:?}");
        assert!(error["status"] == 404 || error.get("status").is_none(), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_usage_and_missing_rights_have_their_exit_codes() {
    let (server, tenant, operator) = setup(Role::Admin).await;
    let create = ["tenant", "create", "--name", "A", "--rp-id", "a.com", "--origin", "https://b.com"];
    let refusal = error(&operator, &create, 1).await;
    assert_eq!((&refusal["code"], &refusal["status"]), (&"config_invalid".into(), &400.into()));
    for arguments in [&["dance"][..], &["tenant", "delete", "Example"], &["audit", "--since", "yesterday"]] {
        let usage = error(&operator, arguments, 2).await;
        assert_eq!(usage.as_object().unwrap().len(), 1, "{usage}");
    }
    let id = tenant.id.to_string();
    let auditor = Operator::new(&server, Role::Auditor).await;
    for arguments in [
        &["tenant", "rename", &id, "Store"][..],
        &["tenant", "delete", &id, "--yes"],
        &["api-key", "create", "-t", &id, "--name", "a"],
        &["signing-key", "rotate", "-t", &id],
        &["admin-token", "create", "--name", "a", "--role", "admin"],
    ] {
        let error = error(&auditor, arguments, 4).await;
        assert_eq!((&error["code"], &error["status"]), (&"forbidden".into(), &403.into()), "{arguments:?}");
    }
    operator.write("data/admin.token", "dwa_wrong");
    for arguments in [&["me"][..], &["overview"], &["tenant", "list"], &["audit"], &["export"], &["metrics"]] {
        let arguments = if arguments[0] == "metrics" { vec!["metrics"] } else { [arguments, &["--json"]].concat() };
        assert_eq!(operator.run(&arguments).await.code, 4, "{arguments:?}");
    }
    assert_eq!(error(&operator, &["me"], 4).await["code"], "admin_token_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn unavailable_server_exits_with_5() {
    let (server, operator) = Operator::start(Role::Admin).await;
    server.stop().await;
    operator.write("tenants.toml", "[[tenant]]\ndisplay_name = \"A\"\nconfig = {}\n");
    for arguments in [
        &["me"][..],
        &["overview"],
        &["tenant", "list"],
        &["api-key", "list", "-t", UNKNOWN],
        &["user", "list", "-t", UNKNOWN],
        &["audit"],
        &["export"],
        &["apply", "-f", "tenants.toml"],
    ] {
        let error = error(&operator, arguments, 5).await;
        assert!(error["message"].as_str().unwrap().contains("connection refused"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_json_if_requested() {
    let (_server, operator) = Operator::start(Role::Auditor).await;
    let ran = operator.run(&["status", "--json"]).await;
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let mut command = operator.command(&["me", "--json", "--token-file", "data/admin.token"]);
    std::fs::set_permissions(operator.path("data/admin.token"), std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .unwrap();
    let output = command.output().unwrap();
    let notice: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert!(notice["notice"].as_str().unwrap().contains("chmod 600"), "{notice}");
    assert_eq!(notice.as_object().unwrap().len(), 1, "{}", json!(notice));
}
