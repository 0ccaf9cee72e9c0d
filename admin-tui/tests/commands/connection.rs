//! How the binary finds its server.

use std::{fs, os::unix::fs::PermissionsExt as _};

use doorward_shared::admin::Role;
use doorward_testkit::TestServer;

use crate::support::{Operator, ran};

async fn name(mut command: std::process::Command) -> String {
    command.args(["me", "--json"]);
    let text = Operator::expect(ran(command).await);
    serde_json::from_str::<serde_json::Value>(&text).unwrap()["name"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn flag_wins_over_variable_over_profile_over_the_data_folder() {
    let server = TestServer::start().await;
    let operator = Operator::new(&server, Role::Admin).await;
    let root = server.admin("root", Role::Admin).await;
    for name in ["flag", "variable", "profile"] {
        let request = serde_json::json!({ "name": name });
        operator.write(name, &root.post("/admin_tokens", &request).await.expect(201).field("secret"));
    }
    let token = |name: &str| fs::read_to_string(operator.path(name)).unwrap();
    // Beside the server, with no flags: the data folder in the working directory.
    assert_eq!(name(operator.command(&[])).await, "admin");
    let elsewhere = tempfile::tempdir().unwrap();
    let mut command = operator.command(&[]);
    command.env("DOORWARD_DATA_DIR", operator.path("data")).current_dir(elsewhere.path());
    assert_eq!(name(command).await, "admin");
    let url = &operator.url;
    let profiles = format!("default_profile = 'here'\n[profiles.here]\nurl = '{url}'\ntoken_file = '~/profile'\n");
    operator.write(".config/doorward/admin.toml", &profiles);
    assert_eq!(name(operator.bare(&[])).await, "profile");
    let mut command = operator.bare(&[]);
    command.env("DOORWARD_ADMIN_TOKEN", token("variable"));
    assert_eq!(name(command).await, "variable");
    let mut command = operator.bare(&["--token-file", "flag"]);
    command.env("DOORWARD_ADMIN_TOKEN", token("variable"));
    assert_eq!(name(command).await, "flag");
    let mut command = operator.bare(&["--profile", "here"]);
    command.env("DOORWARD_ADMIN_URL", "http://127.0.0.1:1").env("DOORWARD_ADMIN_TOKEN", token("variable"));
    assert_eq!(name(command).await, "profile");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_wrong_is_two_and_named() {
    let server = TestServer::start().await;
    let operator = Operator::new(&server, Role::Admin).await;
    let url = operator.url.clone();
    for (text, arguments, word) in [
        ("[profiles.a]\ncolour = 'red'", vec!["me", "--profile", "a"], "unknown field `colour`"),
        ("", vec!["me", "--profile", "prod"], "no profile"),
        ("", vec!["me", "--url", "http://admin.example.com"], "everybody on the way reads the admin token"),
        ("", vec!["me", "--url", "admin"], "--url"),
        ("", vec!["me", "--token-file", "nowhere"], "nowhere"),
        ("", vec!["me", "--url", &url, "--ca-file", "data/admin.token"], "there is none in the file"),
    ] {
        operator.write(".config/doorward/admin.toml", text);
        let why = operator.refused(&arguments, 2).await;
        assert!(why.contains(word), "{arguments:?}: {why}");
    }
    fs::remove_file(operator.path("data/admin.token")).unwrap();
    let why = operator.refused(&["me"], 2).await;
    assert!(why.contains("./data/admin.token is not there") && why.contains("doorward quickstart"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_others_can_read_is_pointed_out_on_standard_error() {
    let server = TestServer::start().await;
    let operator = Operator::new(&server, Role::Admin).await;
    fs::set_permissions(operator.path("data/admin.token"), fs::Permissions::from_mode(0o644)).unwrap();
    let ran = operator.run(&["me"]).await;
    assert_eq!((ran.code, ran.out.as_str()), (0, "name   admin\nrole   admin\n"));
    assert!(ran.err.contains("warning: other users can read ./data/admin.token (mode 0644)"), "{}", ran.err);
}
