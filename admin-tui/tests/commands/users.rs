//! `user`, `credential` and `transaction`.

use doorward_shared::admin::Role;
use doorward_testkit::{Person, TestServer, TestTenant};
use serde_json::json;

use crate::support::{Operator, cells, setup};

async fn setup_with_alice() -> (TestServer, TestTenant, Operator, Person) {
    let (server, tenant, operator) = setup(Role::Admin).await;
    let mut alice = Person::new("alice/1 ?#");
    let _ = alice.register(&tenant).await.expect(200);
    (server, tenant, operator, alice)
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_listed_shown_and_deleted() {
    let (server, tenant, operator, _alice) = setup_with_alice().await;
    server.clock.advance_ms(1_000);
    let mut bob = Person::new("bob");
    let _ = bob.register_mfa(&tenant).await.expect(200);
    let list = operator.out(&["user", "list", "--tenant", "Example"]).await;
    let rows: Vec<_> = list.lines().map(cells).collect();
    assert_eq!(rows[0], ["USER", "NAME", "DISPLAY NAME", "CREDENTIALS", "LAST USED", "CREATED", "ID", "STATE"]);
    assert_eq!((rows[1][0], rows[2][0], rows[2][3]), ("bob", "alice/1 ?#", "1"), "newest first");
    let found = operator.json(&["user", "list", "--tenant", "Example", "--search", "bob"]).await;
    assert_eq!((found.as_array().unwrap().len(), &found[0]["user_id"]), (1, &"bob".into()));
    let one = operator.json(&["user", "list", "--tenant", "Example", "--limit", "1"]).await;
    assert_eq!(one.as_array().unwrap().len(), 1);
    let shown = operator.out(&["user", "show", "--tenant", "Example", "alice/1 ?#"]).await;
    assert!(shown.starts_with("user           alice/1 ?#\n"), "{shown}");
    assert!(shown.contains("passkey"), "{shown}");
    let error = operator.refused(&["user", "delete", "--tenant", "Example", "bob"], 2).await;
    assert!(error.contains("deletes the user bob (bob@example.com) and 1 credential."), "{error}");
    assert_eq!(
        operator.out(&["user", "delete", "--tenant", "Example", "bob", "--yes"]).await,
        "deleted user bob and 1 credential\n"
    );
    operator.fails(&["user", "show", "--tenant", "Example", "bob"], 3, &["user not found"]).await;
    operator.fails(&["user", "show", "--tenant", "Example", ".."], 1, &["cannot be part of a URL"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn user_ids_reach_the_server_unchanged() {
    let (_server, tenant, operator, _alice) = setup_with_alice().await;
    let ids = ["bob", "%62ob", "...", "bob/../carol"];
    for id in ids {
        let registration = json!({ "user_id": id, "username": "bob" });
        let _ = tenant.http.post("/registration/initialize", &registration).await.expect(200);
    }
    for id in ids {
        let shown = operator.json(&["user", "show", "--tenant", "Example", id]).await;
        assert_eq!(shown["user_id"], id);
    }
    // No user has these ids. If the URL parser removed TAB, LF and CR, the request would delete the user `bob`.
    for id in ["bob\t", "bob\n", "\rbob"] {
        operator.fails(&["user", "delete", "--tenant", "Example", id, "--yes"], 3, &["user not found"]).await;
    }
    for id in &ids[1..] {
        let _ = operator.out(&["user", "delete", "--tenant", "Example", id, "--yes"]).await;
    }
    let left = operator.json(&["user", "list", "--tenant", "Example", "--search", "bob"]).await;
    assert_eq!((left.as_array().unwrap().len(), &left[0]["user_id"]), (1, &"bob".into()));
    for id in ["", ".", ".."] {
        let error = operator.refused(&["user", "delete", "--tenant", "Example", id, "--yes"], 1).await;
        assert!(error.contains("cannot be part of a URL"), "{id:?}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_credential_cannot_sign_in() {
    let (_server, tenant, operator, mut alice) = setup_with_alice().await;
    let user = operator.json(&["user", "show", "--tenant", "Example", "alice/1 ?#"]).await;
    let credential = user["credentials"][0]["id"].as_str().unwrap();
    let delete = ["credential", "delete", "--tenant", "Example", "--user", "alice/1 ?#"];
    let error = operator.refused(&[&delete[..], &["--", credential]].concat(), 2).await;
    assert!(error.contains(credential) && error.contains("can no longer sign in with it"), "{error}");
    let done = operator.out(&[&delete[..], &["--yes", "--", credential]].concat()).await;
    assert!(done.starts_with("deleted credential"), "{done}");
    assert_ne!(alice.login(&tenant).await.status, 200);
    operator.fails(&[&delete[..], &["--yes", "--", credential]].concat(), 3, &["has no credential"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn disabled_user_and_credential_cannot_sign_in_until_enabled() {
    let (_server, tenant, operator, mut alice) = setup_with_alice().await;
    let show = ["user", "show", "--tenant", "Example", "alice/1 ?#"];
    let credential = operator.json(&show).await["credentials"][0]["id"].as_str().unwrap().to_owned();
    let of_user = ["--tenant", "Example", "alice/1 ?#"];
    let of_credential = ["--tenant", "Example", "--user", "alice/1 ?#", "--", &credential];
    for (noun, args, code) in
        [("user", &of_user[..], "user_disabled"), ("credential", &of_credential[..], "credential_disabled")]
    {
        let run = async |verb: &str| operator.out(&[&[noun, verb][..], args].concat()).await;
        let done = run("disable").await;
        assert!(done.starts_with("disabled "), "{done}");
        assert_eq!(alice.login(&tenant).await.field("code"), code);
        assert!(operator.out(&show).await.contains("disabled"));
        let again = run("disable").await;
        assert!(again.ends_with(" is already disabled\n"), "{again}");
        let done = run("enable").await;
        assert!(done.starts_with("enabled "), "{done}");
        let _ = alice.login(&tenant).await.expect(200);
        assert!(run("enable").await.ends_with(" is already enabled\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_are_listed_with_their_state() {
    let (_server, tenant, operator, mut alice) = setup_with_alice().await;
    let _ = alice.transaction(&tenant, "tx-1", &json!({ "amount": 12 })).await.expect(200);
    let _ = alice.transaction_assertion(&tenant, "tx-2", &json!("open")).await;
    let list = operator.out(&["transaction", "list", "--tenant", "Example"]).await;
    let rows: Vec<_> = list.lines().map(cells).collect();
    assert_eq!(rows[0], ["CREATED", "TRANSACTION", "USER", "CONFIRMED", "DATA"]);
    let row = |id: &str| rows.iter().find(|row| row[1] == id).unwrap()[2..].to_vec();
    assert_eq!(row("tx-1"), ["alice/1 ?#", "yes", "{\"amount\":12}"]);
    assert_eq!(row("tx-2"), ["alice/1 ?#", "no", "\"open\""]);
    let found = operator.json(&["transaction", "list", "--tenant", "Example", "--search=-2"]).await;
    assert_eq!((found.as_array().unwrap().len(), &found[0]["identifier"]), (1, &"tx-2".into()));
    let alices =
        operator.json(&["transaction", "list", "--tenant", "Example", "--user", "alice/1 ?#", "--limit", "1"]).await;
    assert_eq!(alices.as_array().unwrap().len(), 1);
    let error = operator.refused(&["transaction", "list", "--tenant", "Example", "--user", "bob"], 3).await;
    assert_eq!(error, "doorward-admin: user not found: the tenant has no user with this id\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn id_that_matches_two_users_selects_the_user_that_by_defines() {
    let (_server, tenant, operator, _alice) = setup_with_alice().await;
    let alice = operator.json(&["user", "show", "--tenant", "Example", "alice/1 ?#"]).await;
    let id = alice["id"].as_str().unwrap();
    operator.fails(&["user", "show", "--tenant", "Example", id], 3, &["user not found"]).await;
    let mut shadow = Person::new(id);
    let _ = shadow.register(&tenant).await.expect(200);
    let shown = operator.json(&["user", "show", "--tenant", "Example", id]).await;
    assert_eq!(shown["user_id"], id);
    let deleted = operator.out(&["user", "delete", "--tenant", "Example", id, "--by", "id", "--yes"]).await;
    assert_eq!(deleted, "deleted user alice/1 ?# and 1 credential\n");
    let left = operator.json(&["user", "list", "--tenant", "Example"]).await;
    assert_eq!((left.as_array().unwrap().len(), &left[0]["user_id"]), (1, &id.into()));
}
