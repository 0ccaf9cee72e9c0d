//! `audit --follow`.

use doorward_shared::admin::Role;
use doorward_testkit::{Person, TestServer};

use crate::support::{Operator, Relay, Running, cells};

const FOLLOW: [&str; 6] = ["audit", "--follow", "--tenant", "Example", "--limit", "1"];

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_is_shown_until_ctrl_c() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let operator = Operator::new(&server, Role::Auditor).await;
    let mut tail = Running::start(operator.command(&FOLLOW));
    assert_eq!(cells(&tail.line().await), ["TIME", "TYPE", "ACTOR", "ERROR", "IP"]);
    assert_eq!(cells(&tail.line().await)[2], "test", "the newest that was there: whoever made the tenant");
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    let _ = alice.mfa_login(&tenant).await.expect(200);
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(cells(&tail.line().await)[1].to_owned());
    }
    assert_eq!(
        seen,
        [
            "mfa_registration_init_succeeded",
            "mfa_registration_final_succeeded",
            "mfa_authentication_init_succeeded",
            "mfa_authentication_final_succeeded",
        ]
    );
    tail.signal("INT");
    assert_eq!(tail.end().await, (0, String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_json_work_while_following() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let operator = Operator::new(&server, Role::Auditor).await;
    let refuse =
        || async { tenant.with_key("dw_wrong").get("/credentials").await.expect_refusal(401, "api_key_invalid") };
    refuse().await;
    let arguments = [&FOLLOW[..], &["--outcome", "failed", "--json"]].concat();
    let mut tail = Running::start(operator.command(&arguments));
    let first: serde_json::Value = serde_json::from_str(&tail.line().await).unwrap();
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    refuse().await;
    let second: serde_json::Value = serde_json::from_str(&tail.line().await).unwrap();
    for row in [&first, &second] {
        assert_eq!((&row["type"], &row["tenant_name"]), (&"api_key_rejected".into(), &"Example".into()));
    }
    assert_ne!(first["id"], second["id"]);
    tail.signal("INT");
    assert_eq!(tail.end().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_is_survived_said_and_nothing_is_missed() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let relay = Relay::to(&server);
    let operator = Operator::new(&server, Role::Auditor).await.at(relay.url.clone());
    let mut tail = Running::start(operator.command(&FOLLOW));
    let _ = (tail.line().await, tail.line().await);
    relay.cut();
    let said = tail.note().await;
    assert!(said.contains("no server answers") && said.ends_with("; trying again"), "{said}");
    // Happens while the tail cannot see it.
    tenant.with_key("dw_wrong").get("/credentials").await.expect_refusal(401, "api_key_invalid");
    let server = server.restart().await;
    server.clock.advance_ms(1_000);
    let tenant = tenant.on(&server);
    relay.lead_to(&server);
    assert_eq!(tail.note().await, "doorward-admin: connected again; nothing was missed");
    assert_eq!(cells(&tail.line().await)[1], "api_key_rejected");
    let mut bob = Person::new("bob");
    let _ = bob.register_mfa(&tenant).await.expect(200);
    assert_eq!(cells(&tail.line().await)[1], "mfa_registration_init_succeeded");
    tail.signal("INT");
    assert_eq!(tail.end().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_ends_it() {
    let server = TestServer::start().await;
    let _tenant = server.tenant().await;
    let root = server.admin("root", Role::Admin).await;
    let operator = Operator::new(&server, Role::Auditor).await;
    let mut tail = Running::start(operator.command(&FOLLOW));
    let _ = (tail.line().await, tail.line().await);
    let tokens = root.get("/admin_tokens").await.json();
    let mine = tokens.as_array().unwrap().iter().find(|token| token["name"] == "auditor").unwrap();
    let _ = root.delete(&format!("/admin_tokens/{}", mine["id"].as_str().unwrap())).await.expect(204);
    let (code, err) = tail.end().await;
    assert_eq!(code, 1);
    assert!(err.contains("does not accept this admin token"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_pipe_ends_it_quietly() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let operator = Operator::new(&server, Role::Auditor).await;
    let mut tail = Running::start(operator.command(&FOLLOW));
    let _ = tail.line().await;
    tail.stop_reading();
    tenant.with_key("dw_wrong").get("/credentials").await.expect_refusal(401, "api_key_invalid");
    assert_eq!(tail.end().await, (0, String::new()));
}
