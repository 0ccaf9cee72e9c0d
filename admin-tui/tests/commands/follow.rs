//! `audit --follow`.

use doorward_shared::admin::Role;
use doorward_testkit::{Person, TestServer};

use crate::support::{Operator, Process, Proxy, cells, setup};

const FOLLOW: [&str; 6] = ["audit", "--follow", "--tenant", "Example", "--limit", "1"];

#[tokio::test(flavor = "multi_thread")]
async fn new_entries_are_shown_until_ctrl_c() {
    let (_server, tenant, operator) = setup(Role::Auditor).await;
    let mut tail = Process::start(operator.command(&FOLLOW));
    assert_eq!(cells(&tail.line().await), ["TIME", "TYPE", "ACTOR", "ERROR", "IP"]);
    assert_eq!(cells(&tail.line().await)[2], "test", "the newest existing entry: the creation of the tenant");
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
    let (_server, tenant, operator) = setup(Role::Auditor).await;
    let send_wrong_key =
        || async { tenant.with_key("dw_wrong").get("/credentials").await.expect_refusal(401, "api_key_invalid") };
    send_wrong_key().await;
    let arguments = [&FOLLOW[..], &["--outcome", "failed", "--json"]].concat();
    let mut tail = Process::start(operator.command(&arguments));
    let first: serde_json::Value = serde_json::from_str(&tail.line().await).unwrap();
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    send_wrong_key().await;
    let second: serde_json::Value = serde_json::from_str(&tail.line().await).unwrap();
    for row in [&first, &second] {
        assert_eq!((&row["type"], &row["tenant_name"]), (&"api_key_rejected".into(), &"Example".into()));
    }
    assert_ne!(first["id"], second["id"]);
    tail.signal("INT");
    assert_eq!(tail.end().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_continues_after_a_restart_without_missing_entries() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let proxy = Proxy::new(&server);
    let operator = Operator::new(&server, Role::Auditor).await.at(proxy.url.clone());
    let mut tail = Process::start(operator.command(&FOLLOW));
    let _ = (tail.line().await, tail.line().await);
    proxy.disconnect();
    let notice = tail.error_line().await;
    assert!(notice.contains(" failed: ") && notice.ends_with("; retrying"), "{notice}");
    // This entry is created while the client is disconnected.
    tenant.with_key("dw_wrong").get("/credentials").await.expect_refusal(401, "api_key_invalid");
    let server = server.restart().await;
    server.clock.advance_ms(1_000);
    let tenant = tenant.on(&server);
    proxy.forward_to(&server);
    assert_eq!(tail.error_line().await, "doorward-admin: connected again; no entry was missed");
    assert_eq!(cells(&tail.line().await)[1], "api_key_rejected");
    let mut bob = Person::new("bob");
    let _ = bob.register_mfa(&tenant).await.expect(200);
    assert_eq!(cells(&tail.line().await)[1], "mfa_registration_init_succeeded");
    tail.signal("INT");
    assert_eq!(tail.end().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn revoked_token_ends_follow() {
    let server = TestServer::start().await;
    let _tenant = server.tenant().await;
    let root = server.admin("root", Role::Admin).await;
    let operator = Operator::new(&server, Role::Auditor).await;
    let mut tail = Process::start(operator.command(&FOLLOW));
    let _ = (tail.line().await, tail.line().await);
    let tokens = root.get("/admin_tokens").await.json();
    let mine = tokens.as_array().unwrap().iter().find(|token| token["name"] == "auditor").unwrap();
    let _ = root.delete(&format!("/admin_tokens/{}", mine["id"].as_str().unwrap())).await.expect(204);
    let (code, err) = tail.end().await;
    assert_eq!(code, 4);
    assert!(err.contains("does not accept this admin token"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_pipe_ends_follow_without_an_error() {
    let (_server, tenant, operator) = setup(Role::Auditor).await;
    let mut tail = Process::start(operator.command(&FOLLOW));
    let _ = tail.line().await;
    tail.close_output();
    tenant.with_key("dw_wrong").get("/credentials").await.expect_refusal(401, "api_key_invalid");
    assert_eq!(tail.end().await, (0, String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_pipe_ends_follow_without_a_new_entry() {
    let (_server, _tenant, operator) = setup(Role::Auditor).await;
    for arguments in [&FOLLOW[..], &[&FOLLOW[..], &["--json"]].concat()] {
        let mut tail = Process::start(operator.command(arguments));
        let _ = tail.line().await;
        tail.close_output();
        assert_eq!(tail.end().await, (0, String::new()), "{arguments:?}");
    }
}
