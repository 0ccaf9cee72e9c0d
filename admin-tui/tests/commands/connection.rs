//! Resolution of the server, the token and the CA certificates.

use std::{fs, os::unix::fs::PermissionsExt as _};

use doorward_shared::admin::Role;

use crate::support::{Operator, run_to_end};

async fn name(mut command: std::process::Command) -> String {
    command.args(["me", "--json"]);
    let text = Operator::expect(run_to_end(command).await);
    serde_json::from_str::<serde_json::Value>(&text).unwrap()["name"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_override_variables_profiles_and_the_data_folder() {
    let (server, operator) = Operator::start(Role::Admin).await;
    let root = server.admin("root", Role::Admin).await;
    for name in ["flag", "variable", "profile"] {
        let request = serde_json::json!({ "name": name, "role": "admin" });
        operator.write(name, &root.post("/admin_tokens", &request).await.expect(201).field("secret"));
    }
    let token = |name: &str| fs::read_to_string(operator.path(name)).unwrap();
    // Without flags, the token comes from the data folder in the current directory.
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

/// Forwards connections of a Unix socket to a server.
fn forward(socket: &std::path::Path, url: &str) {
    let listener = tokio::net::UnixListener::bind(socket).unwrap();
    let address = url.strip_prefix("http://").unwrap().to_owned();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let address = address.clone();
            tokio::spawn(async move {
                let mut server = tokio::net::TcpStream::connect(address).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn server_on_a_unix_socket_is_used() {
    let (server, operator) = Operator::start(Role::Admin).await;
    let _ = server.tenant().await;
    let socket = operator.path("admin.sock");
    forward(&socket, &server.admin_url);
    let url = format!("unix:{}", socket.display());
    // The token comes from the data folder, as for a loopback address.
    assert_eq!(name(operator.bare(&["--url", &url])).await, "admin");
    let mut command = operator.bare(&["tenant", "list", "--json"]);
    command.env("DOORWARD_ADMIN_URL", &url);
    let tenants: serde_json::Value = serde_json::from_str(&Operator::expect(run_to_end(command).await)).unwrap();
    assert_eq!(tenants.as_array().unwrap().len(), 1);
    let missing = format!("unix:{}", operator.path("nowhere.sock").display());
    let error = operator.refused(&["me", "--url", &missing], 5).await;
    assert!(error.contains(&missing) && error.contains("there is no such socket"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_settings_exit_with_2_and_are_named() {
    let (_server, operator) = Operator::start(Role::Admin).await;
    let url = operator.url.clone();
    for (text, arguments, word) in [
        ("[profiles.a]\ncolour = 'red'", vec!["me", "--profile", "a"], "unknown field `colour`"),
        ("", vec!["me", "--profile", "prod"], "unknown profile"),
        ("", vec!["me", "--url", "http://admin.example.com"], "sends the admin token unencrypted"),
        ("", vec!["me", "--url", "admin"], "--url"),
        ("", vec!["me", "--token-file", "nowhere"], "nowhere"),
        ("", vec!["me", "--url", &url, "--ca-file", "data/admin.token"], "contains no PEM certificate"),
    ] {
        operator.write(".config/doorward/admin.toml", text);
        let error = operator.refused(&arguments, 2).await;
        assert!(error.contains(word), "{arguments:?}: {error}");
    }
    fs::remove_file(operator.path("data/admin.token")).unwrap();
    operator.fails(&["me"], 2, &["./data/admin.token does not exist", "doorward quickstart"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readable_token_file_causes_a_warning_on_standard_error() {
    let (_server, operator) = Operator::start(Role::Admin).await;
    fs::set_permissions(operator.path("data/admin.token"), fs::Permissions::from_mode(0o644)).unwrap();
    let ran = operator.run(&["me"]).await;
    assert_eq!((ran.code, ran.out.as_str()), (0, "name   admin\nrole   admin\n"));
    assert!(ran.err.contains("warning: other users can read ./data/admin.token (mode 0644)"), "{}", ran.err);
}
