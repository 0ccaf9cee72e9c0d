//! `users`, `credentials`, `transactions`.

use doorward_shared::admin::Role;
use doorward_testkit::{Person, TestServer, TestTenant};
use serde_json::json;

use crate::support::{Operator, cells};

async fn setting() -> (TestServer, TestTenant, Operator, Person) {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let operator = Operator::new(&server, Role::Admin).await;
    let mut alice = Person::new("alice/1 ?#");
    let _ = alice.register(&tenant).await.expect(200);
    (server, tenant, operator, alice)
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_listed_shown_and_deleted() {
    let (server, tenant, operator, _alice) = setting().await;
    server.clock.advance_ms(1_000);
    let mut bob = Person::new("bob");
    let _ = bob.register_mfa(&tenant).await.expect(200);
    let list = operator.out(&["users", "list", "--tenant", "Example"]).await;
    let rows: Vec<_> = list.lines().map(cells).collect();
    assert_eq!(rows[0], ["USER", "NAME", "DISPLAY NAME", "CREDENTIALS", "LAST USED", "CREATED", "ID"]);
    assert_eq!((rows[1][0], rows[2][0], rows[2][3]), ("bob", "alice/1 ?#", "1"), "newest first");
    let found = operator.json(&["users", "list", "--tenant", "Example", "--search", "bob"]).await;
    assert_eq!((found.as_array().unwrap().len(), &found[0]["user_id"]), (1, &"bob".into()));
    let one = operator.json(&["users", "list", "--tenant", "Example", "--limit", "1"]).await;
    assert_eq!(one.as_array().unwrap().len(), 1);
    let shown = operator.out(&["users", "show", "--tenant", "Example", "alice/1 ?#"]).await;
    assert!(shown.starts_with("user           alice/1 ?#\n"), "{shown}");
    assert!(shown.contains("passkey"), "{shown}");
    let why = operator.refused(&["users", "delete", "--tenant", "Example", "bob"], 2).await;
    assert!(why.contains("deletes the user bob (bob@example.com) with 1 credentials"), "{why}");
    assert_eq!(
        operator.out(&["users", "delete", "--tenant", "Example", "bob", "--yes"]).await,
        "user bob is deleted with 1 credentials\n"
    );
    let why = operator.refused(&["users", "show", "--tenant", "Example", "bob"], 1).await;
    assert!(why.contains("user not found"), "{why}");
    let why = operator.refused(&["users", "show", "--tenant", "Example", ".."], 1).await;
    assert!(why.contains("cannot be written in an address"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_deleted_and_signs_in_no_more() {
    let (_server, tenant, operator, mut alice) = setting().await;
    let user = operator.json(&["users", "show", "--tenant", "Example", "alice/1 ?#"]).await;
    let credential = user["credentials"][0]["id"].as_str().unwrap();
    let delete = ["credentials", "delete", "--tenant", "Example", "--user", "alice/1 ?#"];
    let why = operator.refused(&[&delete[..], &["--", credential]].concat(), 2).await;
    assert!(why.contains(credential) && why.contains("cannot sign in with it any more"), "{why}");
    let done = operator.out(&[&delete[..], &["--yes", "--", credential]].concat()).await;
    assert!(done.contains("is deleted"), "{done}");
    assert_ne!(alice.login(&tenant).await.status, 200);
    let why = operator.refused(&[&delete[..], &["--yes", "--", credential]].concat(), 1).await;
    assert!(why.contains("has no credential"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_are_listed_with_their_confirmation() {
    let (_server, tenant, operator, mut alice) = setting().await;
    let _ = alice.transaction(&tenant, "tx-1", &json!({ "amount": 12 })).await.expect(200);
    let _ = alice.transaction_assertion(&tenant, "tx-2", &json!("open")).await;
    let list = operator.out(&["transactions", "list", "--tenant", "Example"]).await;
    let rows: Vec<_> = list.lines().map(cells).collect();
    assert_eq!(rows[0], ["CREATED", "TRANSACTION", "USER", "CONFIRMED", "DATA"]);
    let row = |id: &str| rows.iter().find(|row| row[1] == id).unwrap()[2..].to_vec();
    assert_eq!(row("tx-1"), ["alice/1 ?#", "yes", "{\"amount\":12}"]);
    assert_eq!(row("tx-2"), ["alice/1 ?#", "no", "\"open\""]);
    let found = operator.json(&["transactions", "list", "--tenant", "Example", "--search=-2"]).await;
    assert_eq!((found.as_array().unwrap().len(), &found[0]["identifier"]), (1, &"tx-2".into()));
    let hers =
        operator.json(&["transactions", "list", "--tenant", "Example", "--user", "alice/1 ?#", "--limit", "1"]).await;
    assert_eq!(hers.as_array().unwrap().len(), 1);
    let why = operator.refused(&["transactions", "list", "--tenant", "Example", "--user", "bob"], 1).await;
    assert_eq!(why, "doorward-admin: user not found\n");
}
