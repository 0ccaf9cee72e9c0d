//! `apply` and `export`.

use doorward_shared::admin::Role;
use doorward_testkit::Person;
use serde_json::{Value, json};

use crate::support::{Operator, Process, run_to_end, setup};

const SHOP: &str = r#"
[[tenant]]
display_name = "Shop"
[tenant.config.webauthn]
timeout = 30_000
[tenant.config.webauthn.relying_party]
id = "example.com"
display_name = "Shop"
origins = ["https://example.com"]
[tenant.config.mfa]
attachment = "any"
"#;

async fn apply(operator: &Operator, arguments: &[&str], code: i32) -> Value {
    let ran = operator.run(&[&["apply", "-f", "tenants.toml", "--json"], arguments].concat()).await;
    assert_eq!(ran.code, code, "{} {}", ran.out, ran.err);
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.out))
}

/// Returns the number of audit entries that record changes to tenants.
async fn changes(operator: &Operator) -> usize {
    let types = "tenant_created,tenant_updated,tenant_config_updated";
    operator.json(&["audit", "--type", types, "--limit", "1000"]).await.as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn file_is_applied_once_and_then_changes_nothing() {
    let (_server, operator) = Operator::start(Role::Admin).await;
    operator.write("tenants.toml", SHOP);
    let planned = apply(&operator, &["--dry-run"], 10).await;
    assert_eq!((&planned["changed"], &planned["dry_run"]), (&false.into(), &true.into()));
    assert_eq!(planned["tenants"][0]["action"], "create");
    assert_eq!(operator.json(&["tenant", "list"]).await, json!([]), "a dry run changes nothing");
    let ran = operator.run(&["apply", "-f", "tenants.toml"]).await;
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(
        ran.out.starts_with("create Shop\n") && ran.err.contains("Add --yes to confirm"),
        "{} {}",
        ran.out,
        ran.err
    );

    let applied = apply(&operator, &["--yes"], 0).await;
    assert_eq!((&applied["changed"], &applied["tenants"][0]["applied"]), (&true.into(), &true.into()));
    let config = operator.json(&["tenant", "config", "get", "Shop"]).await;
    assert_eq!((&config["webauthn"]["timeout"], &config["mfa"]["attachment"]), (&30_000.into(), &Value::Null));
    let entries = changes(&operator).await;
    let again = apply(&operator, &[], 0).await;
    assert_eq!(again, json!({ "changed": false, "dry_run": false, "unchanged": 1, "tenants": [] }));
    assert_eq!(apply(&operator, &["--dry-run"], 0).await["changed"], false);
    assert_eq!(changes(&operator).await, entries, "nothing is written");

    operator.write("tenants.toml", &SHOP.replace("30_000", "45_000"));
    let ran = operator.run(&["apply", "-f", "tenants.toml", "--yes"]).await;
    let id = applied["tenants"][0]["id"].as_str().unwrap();
    assert_eq!(
        ran.out,
        format!(
            "change Shop ({id})\n  config.webauthn.timeout: 30000 → 45000\n\
             0 to create, 1 to change, 0 to disable, 0 unchanged\nchanged Shop ({id})\napplied the changes of 1 of 1 tenant\n"
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn export_is_stable_and_applying_it_changes_nothing() {
    let (server, operator) = Operator::start(Role::Admin).await;
    for index in 0..3 {
        let tenant = server.tenant().await;
        let name = format!("Tenant {index} \"quoted\" \\ 日本");
        let _ = operator.out(&["tenant", "rename", &tenant.id.to_string(), &name]).await;
    }
    operator.write("any.toml", SHOP);
    let _ = operator.out(&["apply", "-f", "any.toml", "--yes"]).await;
    let export = operator.out(&["export"]).await;
    assert_eq!(operator.out(&["export"]).await, export);
    assert!(export.contains("attachment = \"any\"") && !export.contains("dw_"), "{export}");
    operator.write("tenants.toml", &export);
    let entries = changes(&operator).await;
    let applied = apply(&operator, &["--prune"], 0).await;
    assert_eq!(applied, json!({ "changed": false, "dry_run": false, "unchanged": 4, "tenants": [] }));
    assert_eq!(changes(&operator).await, entries);

    let (other, copy) = Operator::start(Role::Admin).await;
    copy.write("tenants.toml", &export);
    assert_eq!(apply(&copy, &["--yes"], 0).await["tenants"].as_array().unwrap().len(), 4);
    assert_eq!(copy.out(&["export"]).await, export, "another installation gets the same tenants");
    drop(other);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_problems_are_reported_with_lines_before_anything_is_changed() {
    let (server, operator) = Operator::start(Role::Admin).await;
    let _ = (server.tenant().await, server.tenant().await);
    let text = format!(
        "{SHOP}timeuot = 1\n[[tenant]]\ndisplay_name = \"Example\"\nconfig = {{}}\n[[tenant]]\ndisplay_name = \"New\"\n\
         [tenant.config.webauthn.relying_party]\nid = \"example.com\"\ndisplay_name = \"New\"\norigins = [\n\"https://example.com\",\n\"https://evil.example.net\"]\n"
    );
    operator.write("tenants.toml", &text);
    let error = operator.refused(&["apply", "-f", "tenants.toml", "--yes"], 1).await;
    for expected in [
        "tenants.toml: line 12: config.mfa.timeuot: is unknown; did you mean `timeout`?",
        "tenants.toml: line 14: 2 tenants have the name \"Example\"",
        "tenants.toml: line 15: config.webauthn: ",
        "tenants.toml: line 23: config.webauthn.relying_party.origins[1]: ",
        "nothing was changed, because the file has 4 problems",
    ] {
        assert!(error.contains(expected), "{expected} is not in {error}");
    }
    operator.write("tenants.toml", &format!("{SHOP}\n[[tenant]]\nname = \"A\"\n"));
    operator
        .fails(&["apply", "-f", "tenants.toml"], 1, &["line 14: unknown member `name`", "line 13: `config` is missing"])
        .await;
    assert_eq!(operator.json(&["tenant", "list"]).await.as_array().unwrap().len(), 2, "nothing was created");
    operator.write("tenants.toml", "");
    operator.fails(&["apply", "-f", "tenants.toml", "--prune"], 2, &["would disable every tenant"]).await;
    operator.fails(&["apply", "-f", "missing.toml"], 1, &["missing.toml"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_of_a_limited_token_states_that_it_cannot_create_tenants() {
    let (_server, _tenant, operator) = setup(Role::Admin).await;
    let limited = ["admin-token", "create", "--name", "bob", "--role", "admin", "--tenant", "Example", "--quiet"];
    let token = operator.out(&limited).await;
    operator.write("tenants.toml", SHOP);
    let mut command = operator.command(&["apply", "-f", "tenants.toml", "--dry-run"]);
    command.env("DOORWARD_ADMIN_TOKEN", token.trim_end());
    let ran = run_to_end(command).await;
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(
        ran.err.contains("do not include \"Shop\"") && ran.err.contains("use a token for all tenants"),
        "{}",
        ran.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_are_found_by_id_and_renamed() {
    let (server, operator) = Operator::start(Role::Admin).await;
    let tenant = server.tenant().await;
    let _ = Person::new("alice").register_mfa(&tenant).await.expect(200);
    let export = operator.out(&["export"]).await;
    let renamed = export.replace("display_name = \"Example\"", "display_name = \"Store\"").replace("60000", "50000");
    operator.write("tenants.toml", &renamed);
    let ran = operator.run(&["apply", "-f", "tenants.toml"]).await;
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.out.contains("display_name: \"Example\" → \"Store\"") && ran.err.contains("--yes"), "{}", ran.out);
    let applied = apply(&operator, &["--yes"], 0).await;
    assert_eq!(applied["tenants"][0]["id"], tenant.id.to_string());
    assert_eq!(operator.out(&["export"]).await, renamed);

    operator.write(
        "tenants.toml",
        &renamed.replace("\"example.com\"", "\"example.org\"").replace("example.com", "example.org"),
    );
    let ran = operator.run(&["apply", "-f", "tenants.toml", "--json"]).await;
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
    let consequence = "This changes RP IDs. Passkeys and second factors that stop working: 1.";
    assert!(ran.err.contains(consequence), "{}", ran.err);
    assert_eq!(apply(&operator, &["--dry-run"], 10).await["tenants"][0]["lost_credentials"], 1);
    let text = operator.out(&["apply", "-f", "tenants.toml", "--yes"]).await;
    assert!(text.contains("\n  passkeys and second factors that stop working: 1\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_tenants_are_reported_and_the_others_are_applied() {
    let (server, operator) = Operator::start(Role::Admin).await;
    let tenant = server.tenant().await;
    // Nobody can read the log of the deleted tenant. The server refuses the id until a job has deleted the log.
    let id = tenant.id.to_string();
    let _ = operator.out(&["tenant", "delete", &id, "--erase-audit", "--yes"]).await;
    let deleted = SHOP.replace("\"Shop\"", "\"Old\"").replace("[[tenant]]\n", &format!("[[tenant]]\nid = \"{id}\"\n"));
    operator.write("tenants.toml", &format!("{SHOP}{deleted}"));
    let ran = operator.run(&["apply", "-f", "tenants.toml", "--yes"]).await;
    assert_eq!(ran.code, 1);
    assert!(
        ran.out.contains("created Shop (") && ran.out.ends_with("applied the changes of 1 of 2 tenants\n"),
        "{}",
        ran.out
    );
    assert!(
        ran.err.contains(&format!("cannot create Old ({id}): ")) && ran.err.contains("1 tenant failed"),
        "{}",
        ran.err
    );
    let report = apply(&operator, &["--yes"], 1).await;
    assert_eq!((&report["changed"], &report["unchanged"]), (&false.into(), &1.into()));
    let failed = &report["tenants"][0];
    assert_eq!((&failed["applied"], &failed["error"]["code"]), (&false.into(), &"tenant_exists".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_deleted_tenants_are_refused_before_anything_is_changed() {
    let (server, operator) = Operator::start(Role::Admin).await;
    let id = server.tenant().await.id.to_string();
    let _ = operator.out(&["tenant", "delete", &id, "--yes"]).await;
    let with_id = |id: &str| SHOP.replace("[[tenant]]\n", &format!("[[tenant]]\nid = \"{id}\"\n"));
    let (new, installation) = ("0198c0de-0000-7000-8000-000000000001", "00000000-0000-0000-0000-000000000000");
    operator.write("tenants.toml", &format!("{}{}{}", with_id(new), with_id(&id), with_id(installation)));
    let error = operator.refused(&["apply", "-f", "tenants.toml", "--yes"], 1).await;
    for expected in [
        format!("line 15: a new tenant cannot have the id {id}: its audit log exists"),
        format!("line 27: a new tenant cannot have the id {installation}"),
        "nothing was changed, because the file has 2 problems".to_owned(),
    ] {
        assert!(error.contains(&expected), "{expected} is not in {error}");
    }
    assert_eq!(operator.json(&["tenant", "list"]).await, json!([]), "nothing was created");
    operator.write("tenants.toml", &with_id(new));
    assert_eq!(apply(&operator, &["--yes"], 0).await["tenants"][0]["id"], new);
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_of_structure_and_of_rules_are_reported_together() {
    let (_server, operator) = Operator::start(Role::Admin).await;
    let broken = SHOP
        .replace(
            "display_name = \"Shop\"\n[tenant.config.webauthn]",
            "name = 1\ndisabled = 2\n[tenant.config.webauthn]",
        )
        .replace("30_000", "\"soon\"")
        .replace("[\"https://example.com\"]", "[\"https://evil.example.net\"]");
    operator.write("tenants.toml", &format!("other = 1\n{broken}"));
    let error = operator.refused(&["apply", "-f", "tenants.toml", "--yes"], 1).await;
    for expected in [
        "line 1: unknown member `other`",
        "line 3: `display_name` is missing",
        "line 4: unknown member `name`",
        "line 5: `disabled` must be true or false",
        "line 7: config.webauthn.timeout: ",
        "config.webauthn.relying_party.origins[0]: ",
        "the file has 6 problems",
    ] {
        assert!(error.contains(expected), "{expected} is not in {error}");
    }
}

/// Starts `apply` in a terminal, waits until it asks for confirmation, and returns the process.
async fn start_and_wait_for_question(operator: &Operator) -> Process {
    let mut process = Process::start(operator.in_terminal("apply -f tenants.toml"));
    while process.line().await != "This changes 1 tenant." {}
    process
}

#[tokio::test(flavor = "multi_thread")]
async fn change_of_another_administrator_is_not_overwritten() {
    let (server, operator) = Operator::start(Role::Admin).await;
    let id = server.tenant().await.id.to_string();
    let export = operator.out(&["export"]).await;
    operator.write("tenants.toml", &export.replace("timeout = 60000", "timeout = 50000"));
    let mut unconfirmed = start_and_wait_for_question(&operator).await;
    unconfirmed.write("n\n");
    assert_eq!(unconfirmed.end().await.0, 1);
    assert_eq!(operator.out(&["export"]).await, export);

    let mut apply = start_and_wait_for_question(&operator).await;
    let config = export.replace("timeout = 60000", "timeout = 40000");
    operator.write("other.toml", &config);
    let _ = operator.out(&["apply", "-f", "other.toml", "--yes"]).await;
    apply.write("y\n");
    let mut lines = String::new();
    while !lines.contains("applied the changes of 0 of 1 tenant") {
        lines += &(apply.line().await + "\n");
    }
    assert!(lines.contains(&format!("cannot change Example ({id}): tenant was changed")), "{lines}");
    assert_eq!(apply.end().await.0, 1);
    assert_eq!(operator.out(&["export"]).await, config, "the other change is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn prune_disables_tenants_that_are_not_in_the_file() {
    let (server, operator) = Operator::start(Role::Admin).await;
    let tenant = server.tenant().await;
    let id = tenant.id.to_string();
    operator.write("tenants.toml", SHOP);
    assert_eq!(apply(&operator, &["--yes"], 0).await["tenants"].as_array().unwrap().len(), 1, "without --prune");
    let _ = tenant.http.get("/credentials").await.expect(200);

    let planned = apply(&operator, &["--prune", "--dry-run"], 10).await;
    let step = &planned["tenants"][0];
    assert_eq!((&step["action"], &step["id"]), (&"disable".into(), &id.as_str().into()));
    let _ = tenant.http.get("/credentials").await.expect(200);
    let ran = operator.run(&["apply", "-f", "tenants.toml", "--prune"]).await;
    assert!(ran.code == 2 && ran.err.contains("It disables 1 tenant"), "{}", ran.err);
    let pruned = operator.out(&["apply", "-f", "tenants.toml", "--prune", "--yes"]).await;
    assert!(pruned.contains(&format!("disabled Example ({id})\n")), "{pruned}");
    tenant.http.get("/credentials").await.expect_refusal(403, "tenant_disabled");
    assert_eq!(apply(&operator, &["--prune"], 0).await["changed"], false, "it is already disabled");

    let export = operator.out(&["export"]).await;
    assert_eq!(export.matches("disabled = true\n").count(), 1, "{export}");
    operator.write("tenants.toml", &export);
    assert_eq!(apply(&operator, &["--prune"], 0).await["unchanged"], 2);
    operator.write("tenants.toml", &export.replace("disabled = true", "disabled = false"));
    let enabled = apply(&operator, &["--yes"], 0).await;
    let change = json!([{ "field": "disabled", "before": true, "after": false }]);
    assert_eq!(enabled["tenants"][0]["changes"], change);
    let _ = tenant.http.get("/credentials").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn file_that_disables_a_tenant_is_confirmed_with_its_consequence() {
    let (server, operator) = Operator::start(Role::Admin).await;
    let _ = server.tenant().await;
    let name = "display_name = \"Example\"\n";
    let export = operator.out(&["export"]).await;
    operator.write("tenants.toml", &export.replacen(name, &format!("{name}disabled = true\n"), 1));
    let ran = operator.run(&["apply", "-f", "tenants.toml"]).await;
    assert!(ran.code == 2 && ran.err.contains("It disables 1 tenant"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_with_unusual_characters_survive_an_export() {
    let (server, operator) = Operator::start(Role::Admin).await;
    let root = server.admin("root", Role::Admin).await;
    for name in ["Shop\u{200f}pohS\u{e0041}", " surrounded ", "'''\"\"\"\\u0041 #"] {
        let tenant = server.tenant().await;
        let _ = root.put(&format!("/tenants/{}", tenant.id), &json!({ "display_name": name })).await.expect(204);
    }
    operator.write("tenants.toml", &operator.out(&["export"]).await);
    assert_eq!(apply(&operator, &["--prune", "--dry-run"], 0).await["unchanged"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_tenants_are_exported_and_applied() {
    let (_server, operator) = Operator::start(Role::Admin).await;
    let tenants = (0..1_000).map(|index| {
        SHOP.replace("= \"Shop\"\n[tenant.config.webauthn]", &format!("= \"Shop {index}\"\n[tenant.config.webauthn]"))
    });
    operator.write("tenants.toml", &tenants.collect::<String>());
    let created = apply(&operator, &["--yes"], 0).await;
    assert_eq!(created["tenants"].as_array().unwrap().len(), 1_000);
    assert_eq!(apply(&operator, &[], 0).await["unchanged"], 1_000);
    operator.write("tenants.toml", &operator.out(&["export"]).await);
    assert_eq!(apply(&operator, &["--prune"], 0).await["unchanged"], 1_000);
}
