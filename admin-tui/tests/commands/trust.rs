//! `trust`, and the effects of new trust policies in other commands.

use doorward_shared::admin::Role;
use doorward_testkit::{Person, TestServer, TestTenant};
use serde_json::json;

use crate::support::{Operator, cells, setup};

fn synced(user: &str) -> Person {
    let mut person = Person::new(user);
    person.authenticator = person.authenticator.backup(true, true);
    person
}

/// Starts a server with three users: `synced-0` and `synced-1` have a synced passkey, `both` has a synced and a
/// device-bound passkey. The file `policy.json` requires device-bound passkeys.
async fn setup_with_users(mode: &str) -> (TestServer, TestTenant, Operator) {
    let (server, tenant, operator) = setup(Role::Admin).await;
    for name in ["synced-0", "synced-1", "both"] {
        let _ = synced(name).register(&tenant).await.expect(200);
    }
    let _ = Person::new("both").register(&tenant).await.expect(200);
    let mut config = operator.json(&["tenant", "config", "get", "Example"]).await;
    config["trust"]["passkeys"] = json!({ "registration": mode, "login": mode, "device_bound_only": true });
    config["trust"]["passkeys"]["algorithms"] = json!(["ES256"]);
    operator.write("policy.json", &config.to_string());
    (server, tenant, operator)
}

const EFFECT: &str = "The trust policies refuse 3 credentials that can be used now. 2 users lose all credentials and can no \
    longer log in; 1 user loses some and keeps others.";

#[tokio::test(flavor = "multi_thread")]
async fn preview_counts_and_lists_the_users() {
    let (_server, _tenant, operator) = setup_with_users("enforce").await;
    let text = operator.out(&["trust", "preview", "Example", "policy.json"]).await;
    let lines: Vec<_> = text.lines().collect();
    assert_eq!((lines[0], lines[1]), (EFFECT, ""));
    let rows: Vec<_> = lines[2..].iter().map(|line| cells(line)).collect();
    assert_eq!((rows.len(), rows[0][0], rows[0][2], rows[0][3]), (4, "USER", "LOST", "KEPT"));
    assert_eq!((rows[3][0], rows[3][2], rows[3][3]), ("both", "1", "1"), "users who keep a credential come last");
    let page = operator.json(&["trust", "preview", "Example", "policy.json", "--limit", "1"]).await;
    assert_eq!(page["impact"], json!({ "users_losing_all": 2, "users_losing_some": 1, "credentials_lost": 3 }));
    assert_eq!((page["users"].as_array().unwrap().len(), &page["users"][0]["credentials_kept"]), (1, &json!(0)));
    let current = operator.out(&["trust", "preview", "Example"]).await;
    assert_eq!(current, "The trust policies take no credential away from any user.\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn monitored_policies_are_previewed_as_if_they_were_enforced() {
    let (_server, _tenant, operator) = setup_with_users("monitor").await;
    let saved = operator.out(&["tenant", "config", "set", "Example", "policy.json"]).await;
    assert!(saved.contains("take no credential away"), "{saved}");
    let text = operator.out(&["trust", "preview", "Example", "--enforce", "--limit", "0"]).await;
    assert_eq!(text, format!("{EFFECT}\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_that_take_credentials_away_need_a_confirmation() {
    let (_server, tenant, operator) = setup_with_users("enforce").await;
    let set = ["tenant", "config", "set", "Example", "policy.json"];
    let planned = operator.run(&[&set[..], &["--dry-run"]].concat()).await;
    assert!(planned.code == 10 && planned.out.contains(EFFECT), "{planned:?}");
    let refused = operator.run(&set).await;
    assert!(refused.code == 2 && refused.err.contains(EFFECT), "{refused:?}");
    operator.write("tenants.toml", &operator.out(&["export"]).await);
    let saved = operator.out(&[&set[..], &["--yes"]].concat()).await;
    assert!(saved.contains(EFFECT), "{saved}");
    synced("synced-2").register(&tenant).await.expect_refusal(400, "trust_policy");
    // Exports the new policies and restores the previous ones. Below, `apply` reads the exported policies.
    let enforced = operator.out(&["export"]).await;
    let _ = operator.out(&["apply", "-f", "tenants.toml", "--yes"]).await;
    let restored = operator.json(&["tenant", "config", "get", "Example"]).await;
    assert_eq!(restored["trust"]["passkeys"]["algorithms"], json!(null), "a missing list is exported as well");
    operator.write("enforced.toml", &enforced);
    let planned = operator.run(&["apply", "-f", "enforced.toml", "--dry-run"]).await;
    assert!(planned.code == 10 && planned.out.contains(EFFECT), "{planned:?}");
    let refused = operator.run(&["apply", "-f", "enforced.toml"]).await;
    assert!(refused.err.contains("New trust policies refuse all credentials of 2 users."), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn radar_shows_algorithms_and_ready_users() {
    let (_server, _tenant, operator) = setup_with_users("off").await;
    let text = operator.out(&["trust", "radar", "Example"]).await;
    let rows: Vec<_> = text.lines().map(cells).collect();
    assert_eq!(rows[1], ["ES256", "4", "0"]);
    assert_eq!(&rows[4][..3], ["device_bound", "1", "33 %"]);
    assert!(
        text.ends_with("Users with a credential: 3. A user is ready with at least one that meets the requirement.\n")
    );
    let radar = operator.json(&["trust", "radar", "Example"]).await;
    assert_eq!(radar["passkeys"], json!([{ "algorithm": "ES256", "credentials": 4 }]));
}
