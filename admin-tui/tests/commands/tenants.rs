//! `tenants` and `overview`.

use doorward_shared::admin::Role;
use doorward_testkit::{Person, TestServer};
use serde_json::{Value, json};

use crate::support::{Operator, cells};

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
