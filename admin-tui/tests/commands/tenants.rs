//! `tenant` and `overview`.

use doorward_admin::api::{Api, Endpoint, Token};
use doorward_shared::admin::{Role, SORTED_BY_ACTIVITY};
use doorward_testkit::{Person, database};
use serde_json::{Value, json};

use crate::support::{Operator, cells, file_names, run_to_end};

const CREATE: [&str; 8] =
    ["tenant", "create", "--name", "Shop", "--rp-id", "example.com", "--origin", "https://shop.example.com"];

#[tokio::test(flavor = "multi_thread")]
async fn tenant_is_created_renamed_and_deleted() {
    let (server, operator) = Operator::start(Role::Admin).await;
    let created = operator.out(&[&CREATE[..], &["--api-key"]].concat()).await;
    let lines: Vec<_> = created.lines().map(cells).collect();
    assert_eq!((lines[0][0], lines[1][0], lines[1][2]), ("tenant", "api key", "(shown only now)"));
    let id = lines[0][1];
    let mut config = operator.json(&["tenant", "config", "get", id]).await;
    assert_eq!(config["cors"]["allowed_origins"], json!(["https://shop.example.com"]), "defaults to the origins");
    config["webauthn"]["relying_party"]["display_name"] = "Other".into();
    assert_eq!(operator.out(&["tenant", "rename", "Shop", "Store"]).await, format!("renamed tenant {id} to Store\n"));
    assert_eq!(operator.json(&["tenant", "rename", "Store", "Store"]).await, json!({ "changed": false }));
    operator.fails(&["tenant", "delete", "Store"], 2, &["deletes the tenant Store", "--yes"]).await;
    let done = operator.out(&["tenant", "delete", "Store", "--yes"]).await;
    assert!(done.starts_with("deleted tenant Store"), "{done}");
    operator.fails(&["tenant", "show", id], 3, &["tenant not found"]).await;
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn created_tenant_lets_its_related_origins_call_the_api() {
    let (_server, operator) = Operator::start(Role::Admin).await;
    let related = ["--related-origin", "https://example.net", "--top-origin", "https://partner.example", "--quiet"];
    let id = operator.out(&[&CREATE[..], &related].concat()).await;
    let config = operator.json(&["tenant", "config", "get", id.trim_end()]).await;
    assert_eq!(config["webauthn"]["relying_party"]["related_origins"], json!(["https://example.net"]));
    assert_eq!(config["webauthn"]["relying_party"]["top_origins"], json!(["https://partner.example"]));
    assert_eq!(config["cors"]["allowed_origins"], json!(["https://shop.example.com", "https://example.net"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_with_another_name_is_not_deleted() {
    let (server, operator) = Operator::start(Role::Admin).await;
    let tenant = server.tenant().await.id;
    let url = operator.url.parse().unwrap();
    let api = Api::new(Endpoint { url, token: Token::new(&operator.token).unwrap(), ca: None }).unwrap();
    let error = api.delete_tenant(tenant, "Other", false).await.unwrap_err().to_string();
    assert!(error.contains("its name is `Example` now"), "{error}");
    assert_eq!(operator.json(&["tenant", "list"]).await.as_array().unwrap().len(), 1);
    api.delete_tenant(tenant, "Example", false).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_prints_only_the_id() {
    let (_server, operator) = Operator::start(Role::Admin).await;
    let id = operator.out(&[&CREATE[..], &["--quiet"]].concat()).await;
    assert!(id.trim_end().parse::<doorward_shared::TenantId>().is_ok(), "{id}");
    let made = operator.json(&[&CREATE[..], &["--api-key"]].concat()).await;
    assert!(made["api_key"]["secret"].as_str().unwrap().starts_with("dw_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_list_is_sorted_filtered_and_limited() {
    let (server, operator) = Operator::start(Role::Admin).await;
    let tenant = server.tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    for name in ["Zebra", "Alpha"] {
        let mut arguments = CREATE;
        arguments[3] = name;
        let _ = operator.out(&arguments).await;
    }
    let list = operator.out(&["tenant", "list"]).await;
    let rows: Vec<_> = list.lines().map(cells).collect();
    let headings =
        ["ID", "NAME", "RP ID", "USERS", "CREDENTIALS", "KEYS", "OK 7D", "REFUSED 7D", "LAST ACTIVITY", "STATE"];
    assert_eq!(rows[0], headings);
    assert_eq!(rows[2][1..6], ["Example", "example.com", "1", "1", "1"]);
    let names = |rows: Value| -> Vec<String> {
        rows.as_array().unwrap().iter().map(|row| row["display_name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(operator.json(&["tenant", "list"]).await), ["Alpha", "Example", "Zebra"]);
    assert_eq!(names(operator.json(&["tenant", "list", "--reverse", "--limit", "2"]).await), ["Zebra", "Example"]);
    assert_eq!(names(operator.json(&["tenant", "list", "--sort", "users", "--limit", "1"]).await), ["Example"]);
    assert_eq!(names(operator.json(&["tenant", "list", "--search", "ALPH"]).await), ["Alpha"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn list_says_that_only_some_tenants_were_sorted() {
    let (server, operator) = Operator::start(Role::Admin).await;
    let tenant = server.tenant().await;
    let sorted = ["tenant", "list", "--sort", "refused", "--limit", "20"];
    let _ = operator.out(&sorted).await;
    let copies = |table: &str, columns: &str, id: &str, name: &str| {
        format!(
            "INSERT INTO {table} ({id}, {name}, {columns}) \
             WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {SORTED_BY_ACTIVITY}) \
             SELECT '00000000-0000-4000-8000-' || CAST(100000000000 + n AS TEXT), {name}, {columns} FROM numbers, {table} \
             WHERE {id} = '{}';",
            tenant.id
        )
    };
    let tenants = copies("tenants", "config, created_at, updated_at", "id", "display_name");
    let summaries = copies("tenant_summaries", "rp_id, created_at, last_activity", "tenant_id", "name_key");
    database::execute(server.database_url(), &(tenants + &summaries)).await;
    let listed = operator.run(&sorted).await;
    let note = "doorward-admin: note: only the 1000 with the latest activity of 1001 tenants were sorted; the list contains \
                no others\n";
    assert_eq!((listed.code, listed.err.as_str(), listed.out.lines().count()), (0, note, 21), "{}", listed.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_and_installation_summaries_are_shown() {
    let (server, operator) = Operator::start(Role::Admin).await;
    let tenant = server.tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    tenant.with_key("dw_wrong").get("/credentials").await.expect_refusal(401, "api_key_invalid");
    let shown = operator.out(&["tenant", "show", "Example"]).await;
    assert!(shown.contains("users           1\n") && shown.contains("rp id           example.com\n"), "{shown}");
    let today = shown.lines().last().map(cells).unwrap();
    assert_eq!(today[1..3], ["1", "1"], "{shown}");
    assert_eq!(operator.json(&["tenant", "show", "Example"]).await["activity"].as_array().unwrap().len(), 14);
    let overview = operator.out(&["overview", "--days", "3"]).await;
    for word in [
        "version       0.1.0\n",
        "tenants       1\n",
        " (today's counts are 0 s old)\n",
        "Busiest tenants (newest 10 000 entries)\n",
        "Latest refusals",
        "api_key_rejected",
    ] {
        assert!(overview.contains(word), "{word}: {overview}");
    }
    let json = operator.json(&["overview", "--days", "3"]).await;
    assert_eq!((json["activity"].as_array().unwrap().len(), &json["tenants"]), (3, &1.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_is_read_changed_and_saved() {
    let (server, operator) = Operator::start(Role::Admin).await;
    let _tenant = server.tenant().await;
    let text = operator.out(&["tenant", "config", "get", "Example"]).await;
    let mut config: Value = serde_json::from_str(&text).unwrap();
    config["webauthn"]["timeout"] = 30_000.into();
    config["cors"]["allowed_origins"] = json!([]);
    operator.write("new.json", &config.to_string());
    let set = ["tenant", "config", "set", "Example", "new.json"];
    let changes = "cors.allowed_origins: [\"https://*.example.com\"] → []\nwebauthn.timeout: 60000 → 30000\n";
    let dry_run = [&set[..], &["--dry-run"]].concat();
    let ran = operator.run(&dry_run).await;
    assert_eq!((ran.code, ran.out), (10, format!("{changes}dry run: nothing was changed\n")));
    let ran = operator.run(&[&dry_run[..], &["--json"]].concat()).await;
    let expected = json!({ "changed": false, "changes": [
        { "field": "cors.allowed_origins", "before": ["https://*.example.com"], "after": [] },
        { "field": "webauthn.timeout", "before": 60_000, "after": 30_000 },
    ] });
    assert_eq!((ran.code, serde_json::from_str::<Value>(&ran.out).unwrap()), (10, expected));
    assert_eq!(operator.out(&set).await, format!("{changes}changed 2 values\n"));
    assert_eq!(operator.out(&set).await, "no changes\n");
    assert_eq!(operator.out(&dry_run).await, "dry run: no changes\n");
    assert_eq!(operator.json(&set).await, json!({ "changed": false, "changes": [] }));
    assert_eq!(operator.json(&["tenant", "config", "get", "Example"]).await["webauthn"]["timeout"], 30_000);
    config["webauthn"]["relying_party"] =
        json!({ "id": "example.org", "display_name": "Example", "origins": ["https://example.org"] });
    operator.write("new.json", &config.to_string());
    let ran = operator.run(&set).await;
    assert_eq!(ran.code, 2, "a new RP ID needs a confirmation");
    assert!(
        ran.err.contains(
            "changes the RP ID from example.com to example.org. Passkeys and second factors that stop working: 0."
        ) && ran.err.contains("--yes"),
        "{}",
        ran.err
    );
    let saved = operator.json(&[&set[..], &["--yes"]].concat()).await;
    assert_eq!((&saved["changed"], &saved["lost_credentials"]), (&true.into(), &0.into()));
    operator.write("old.json", &text);
    let ran = operator.run(&["tenant", "config", "set", "Example", "old.json", "--yes"]).await;
    assert!(ran.code == 0 && ran.err.contains("Passkeys and second factors that stop working: 0."), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn setting_without_a_value_returns_to_its_default() {
    let (server, operator) = Operator::start(Role::Admin).await;
    let _tenant = server.tenant().await;
    let original = operator.json(&["tenant", "config", "get", "Example"]).await;
    let mut config = original.clone();
    config["webauthn"]["challenge_lifetime"] = 300_000.into();
    config["mfa"]["challenge_lifetime"] = 90_000.into();
    operator.write("new.json", &config.to_string());
    let set = ["tenant", "config", "set", "Example", "new.json"];
    let _ = operator.out(&set).await;
    assert_eq!(operator.json(&["tenant", "config", "get", "Example"]).await, config);
    config["webauthn"]["challenge_lifetime"] = Value::Null;
    config["mfa"]["challenge_lifetime"] = Value::Null;
    operator.write("new.json", &config.to_string());
    let _ = operator.out(&set).await;
    assert_eq!(operator.json(&["tenant", "config", "get", "Example"]).await, original);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_configuration_problems_are_reported() {
    let (server, operator) = Operator::start(Role::Admin).await;
    let _tenant = server.tenant().await;
    let mut config = operator.json(&["tenant", "config", "get", "Example"]).await;
    operator.write("new.json", &config.to_string());
    assert_eq!(operator.out(&["tenant", "config", "check", "new.json"]).await, "the configuration is valid\n");
    config["webauthn"]["relying_party"]["origins"] = json!(["https://example.com/", "https://evil.example.net"]);
    config["webauthn"]["user_verificaton"] = "required".into();
    operator.write("new.json", &config.to_string());
    let ran = operator.run(&["tenant", "config", "check", "new.json"]).await;
    assert_eq!(ran.code, 1);
    for word in ["origins[0]", "origins[1]", "webauthn.user_verificaton: is unknown; did you mean `user_verification`?"]
    {
        assert!(ran.out.contains(word), "{word}: {}", ran.out);
    }
    let error = operator.refused(&["tenant", "config", "set", "Example", "new.json"], 1).await;
    assert_eq!(error.lines().count(), 3, "{error}");
    operator.write("new.json", "{");
    operator.fails(&["tenant", "config", "check", "new.json"], 1, &["new.json"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_is_edited_in_an_editor() {
    let (server, operator) = Operator::start(Role::Admin).await;
    let _tenant = server.tenant().await;
    let edit = |editor: &str, arguments: &[&str]| {
        let mut command = operator.command(&[&["tenant", "config", "edit", "Example"], arguments].concat());
        command.env("EDITOR", editor).env("TMPDIR", operator.path("")).env("PATH", std::env::var("PATH").unwrap());
        command
    };
    let drafts =
        || file_names(&operator.path("")).into_iter().filter(|name| name.starts_with("doorward-config-")).count();
    let change_timeout = "sed -i s/60000/30000/";
    let saved = Operator::expect(run_to_end(edit(change_timeout, &["--yes"])).await);
    assert_eq!(saved, "webauthn.timeout: 60000 → 30000\nchanged 1 value\n");
    assert_eq!(Operator::expect(run_to_end(edit("true", &[])).await), "no changes\n");
    assert_eq!(drafts(), 0);
    let refused = run_to_end(edit("sed -i '/\"id\"/s/example.com/example.org/'", &["--yes"])).await;
    assert_eq!((refused.code, drafts()), (1, 1), "the draft is kept: {}", refused.err);
    assert!(refused.err.contains("your changes are saved in "), "{}", refused.err);
    let unconfirmed = run_to_end(edit("sed -i s/30000/45000/", &[])).await;
    assert_eq!(unconfirmed.code, 2, "{}", unconfirmed.err);
    assert_eq!(run_to_end(edit("false", &[])).await.code, 1);
    assert_eq!(operator.json(&["tenant", "config", "get", "Example"]).await["webauthn"]["timeout"], 30_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn draft_is_kept_and_compared_if_another_administrator_changed_the_configuration() {
    let (server, operator) = Operator::start(Role::Admin).await;
    let _tenant = server.tenant().await;
    let mut theirs = operator.json(&["tenants", "config", "get", "Example"]).await;
    theirs["webauthn"]["timeout"] = 45_000.into();
    theirs["webauthn"]["user_verification"] = "preferred".into();
    operator.write("theirs.json", &theirs.to_string());
    operator.write(
        "edit.sh",
        "sed -i -e s/60000/30000/ -e 's/\"resident_key_requirement\": \"required\"/\"resident_key_requirement\": \"preferred\"/' \"$1\"\n\
         \"$BINARY\" tenants config set Example theirs.json > /dev/null\n",
    );
    let mut command = operator.command(&["tenants", "config", "edit", "Example", "--yes"]);
    command.env("EDITOR", "sh edit.sh").env("TMPDIR", operator.path("")).env("PATH", std::env::var("PATH").unwrap());
    command.env("BINARY", env!("CARGO_BIN_EXE_doorward-admin"));
    let ran = run_to_end(command).await;
    assert_eq!(ran.code, 1, "{}", ran.err);
    for line in [
        "webauthn.timeout: was 60000, now 45000, yours 30000",
        "webauthn.user_verification: was \"required\", now \"preferred\"",
        "webauthn.resident_key_requirement: was \"required\", yours \"preferred\"",
        "doorward-admin tenant config set ",
        "your changes are saved in ",
    ] {
        assert!(ran.err.contains(line), "{line}: {}", ran.err);
    }
    let saved = operator.json(&["tenants", "config", "get", "Example"]).await;
    assert_eq!(saved, theirs);
}
