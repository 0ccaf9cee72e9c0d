//! `tenants` and `overview`.

use doorward_shared::admin::Role;
use doorward_testkit::{Person, TestServer};
use serde_json::{Value, json};

use crate::support::{Operator, cells, names, ran};

const CREATE: [&str; 8] =
    ["tenants", "create", "--name", "Shop", "--rp-id", "example.com", "--origin", "https://shop.example.com"];

async fn setting() -> (TestServer, Operator) {
    let server = TestServer::start().await;
    let operator = Operator::new(&server, Role::Admin).await;
    (server, operator)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_created_renamed_and_deleted() {
    let (server, operator) = setting().await;
    let created = operator.out(&[&CREATE[..], &["--api-key"]].concat()).await;
    let lines: Vec<_> = created.lines().map(cells).collect();
    assert_eq!((lines[0][0], lines[1][0], lines[1][2]), ("tenant", "api key", "(shown only now)"));
    let id = lines[0][1];
    let mut config = operator.json(&["tenants", "config", "get", id]).await;
    assert_eq!(
        config["cors"]["allowed_origins"],
        json!(["https://shop.example.com"]),
        "the origins, when none is given"
    );
    config["webauthn"]["relying_party"]["display_name"] = "Other".into();
    assert_eq!(
        operator.out(&["tenants", "rename", "Shop", "Store"]).await,
        format!("tenant {id} is now called Store\n")
    );
    let why = operator.refused(&["tenants", "delete", "Store"], 2).await;
    assert!(why.contains("deletes the tenant Store") && why.contains("--yes"), "{why}");
    let done = operator.out(&["tenants", "delete", "Store", "--yes"]).await;
    assert!(done.starts_with("tenant Store"), "{done}");
    let why = operator.refused(&["tenants", "show", id], 1).await;
    assert!(why.contains("tenant not found"), "{why}");
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_can_be_kept_in_a_variable() {
    let (_server, operator) = setting().await;
    let id = operator.out(&[&CREATE[..], &["--quiet"]].concat()).await;
    assert!(id.trim_end().parse::<doorward_shared::TenantId>().is_ok(), "{id}");
    let made = operator.json(&[&CREATE[..], &["--api-key"]].concat()).await;
    assert!(made["api_key"]["secret"].as_str().unwrap().starts_with("dw_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_sorted_searched_and_limited() {
    let (server, operator) = setting().await;
    let tenant = server.tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    for name in ["Zebra", "Alpha"] {
        let mut arguments = CREATE;
        arguments[3] = name;
        let _ = operator.out(&arguments).await;
    }
    let list = operator.out(&["tenants", "list"]).await;
    let rows: Vec<_> = list.lines().map(cells).collect();
    let headings = ["ID", "NAME", "RP ID", "USERS", "CREDENTIALS", "KEYS", "OK 7D", "REFUSED 7D", "LAST ACTIVITY"];
    assert_eq!(rows[0], headings);
    assert_eq!(rows[2][1..6], ["Example", "example.com", "1", "1", "1"]);
    let names = |rows: Value| -> Vec<String> {
        rows.as_array().unwrap().iter().map(|row| row["display_name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(operator.json(&["tenants", "list"]).await), ["Alpha", "Example", "Zebra"]);
    assert_eq!(names(operator.json(&["tenants", "list", "--reverse", "--limit", "2"]).await), ["Zebra", "Example"]);
    // On PostgreSQL the order by users follows within some seconds.
    server.flush_usage().await;
    assert_eq!(names(operator.json(&["tenants", "list", "--sort", "users", "--limit", "1"]).await), ["Example"]);
    assert_eq!(names(operator.json(&["tenants", "list", "--search", "ALPH"]).await), ["Alpha"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_and_the_installation_are_shown_at_a_glance() {
    let (server, operator) = setting().await;
    let tenant = server.tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    tenant.with_key("dw_wrong").get("/credentials").await.expect_refusal(401, "api_key_invalid");
    let shown = operator.out(&["tenants", "show", "Example"]).await;
    assert!(shown.contains("users           1\n") && shown.contains("rp id           example.com\n"), "{shown}");
    let today = shown.lines().last().map(cells).unwrap();
    assert_eq!(today[1..3], ["1", "1"], "{shown}");
    assert_eq!(operator.json(&["tenants", "show", "Example"]).await["activity"].as_array().unwrap().len(), 14);
    let overview = operator.out(&["overview", "--days", "3"]).await;
    for word in ["version       0.1.0\n", "tenants       1\n", "Busiest tenants", "Latest refusals", "api_key_rejected"]
    {
        assert!(overview.contains(word), "{word}: {overview}");
    }
    let json = operator.json(&["overview", "--days", "3"]).await;
    assert_eq!((json["activity"].as_array().unwrap().len(), &json["tenants"]), (3, &1.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_read_changed_and_written_back() {
    let (server, operator) = setting().await;
    let _tenant = server.tenant().await;
    let text = operator.out(&["tenants", "config", "get", "Example"]).await;
    let mut config: Value = serde_json::from_str(&text).unwrap();
    config["webauthn"]["timeout"] = 30_000.into();
    config["cors"]["allowed_origins"] = json!([]);
    operator.write("new.json", &config.to_string());
    let set = ["tenants", "config", "set", "Example", "new.json"];
    let changes = "cors.allowed_origins: [\"https://*.example.com\"] → []\nwebauthn.timeout: 60000 → 30000\n";
    assert_eq!(operator.out(&[&set[..], &["--dry-run"]].concat()).await, format!("{changes}nothing was changed\n"));
    assert_eq!(operator.out(&set).await, format!("{changes}2 values are changed\n"));
    assert_eq!(operator.out(&set).await, "nothing changed\n");
    assert_eq!(operator.json(&["tenants", "config", "get", "Example"]).await["webauthn"]["timeout"], 30_000);
    config["webauthn"]["relying_party"] =
        json!({ "id": "example.org", "display_name": "Example", "origins": ["https://example.org"] });
    operator.write("new.json", &config.to_string());
    let ran = operator.run(&set).await;
    assert_eq!(ran.code, 2, "another RP ID is asked for");
    assert!(ran.err.contains("useless") && ran.err.contains("--yes"), "{}", ran.err);
    assert_eq!(operator.json(&[&set[..], &["--yes"]].concat()).await, json!({ "done": true }));
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_wrong_with_a_configuration_is_said() {
    let (server, operator) = setting().await;
    let _tenant = server.tenant().await;
    let mut config = operator.json(&["tenants", "config", "get", "Example"]).await;
    operator.write("new.json", &config.to_string());
    assert_eq!(operator.out(&["tenants", "config", "check", "new.json"]).await, "nothing is wrong with it\n");
    config["webauthn"]["relying_party"]["origins"] = json!(["https://example.com/", "https://evil.example.net"]);
    config["webauthn"]["user_verificaton"] = "required".into();
    operator.write("new.json", &config.to_string());
    let ran = operator.run(&["tenants", "config", "check", "new.json"]).await;
    assert_eq!(ran.code, 1);
    for word in ["origins[0]", "origins[1]", "webauthn.user_verificaton: no such setting"] {
        assert!(ran.out.contains(word), "{word}: {}", ran.out);
    }
    let why = operator.refused(&["tenants", "config", "set", "Example", "new.json"], 1).await;
    assert_eq!(why.lines().count(), 3, "{why}");
    operator.write("new.json", "{");
    let why = operator.refused(&["tenants", "config", "check", "new.json"], 1).await;
    assert!(why.contains("new.json"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_changed_in_an_editor() {
    let (server, operator) = setting().await;
    let _tenant = server.tenant().await;
    let edit = |editor: &str, arguments: &[&str]| {
        let mut command = operator.command(&[&["tenants", "config", "edit", "Example"], arguments].concat());
        command.env("EDITOR", editor).env("TMPDIR", operator.path("")).env("PATH", std::env::var("PATH").unwrap());
        command
    };
    let drafts = || names(&operator.path("")).into_iter().filter(|name| name.starts_with("doorward-config-")).count();
    let shorter = "sed -i s/60000/30000/";
    let saved = Operator::expect(ran(edit(shorter, &["--yes"])).await);
    assert_eq!(saved, "webauthn.timeout: 60000 → 30000\n1 value is changed\n");
    assert_eq!(Operator::expect(ran(edit("true", &[])).await), "nothing changed\n");
    assert_eq!(drafts(), 0);
    let refused = ran(edit("sed -i '/\"id\"/s/example.com/example.org/'", &["--yes"])).await;
    assert_eq!((refused.code, drafts()), (1, 1), "what was written is kept: {}", refused.err);
    assert!(refused.err.contains("what you wrote is kept in "), "{}", refused.err);
    let asked = ran(edit("sed -i s/30000/45000/", &[])).await;
    assert_eq!(asked.code, 2, "{}", asked.err);
    assert_eq!(ran(edit("false", &[])).await.code, 1);
    assert_eq!(operator.json(&["tenants", "config", "get", "Example"]).await["webauthn"]["timeout"], 30_000);
}
