//! `audit` without `--follow` and `--export`.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    sync::mpsc,
    thread,
};

use doorward_shared::admin::Role;
use doorward_testkit::{Person, TestServer};

use crate::support::{Operator, cells, setup};

#[tokio::test(flavor = "multi_thread")]
async fn audit_shows_filtered_entries_oldest_first() {
    let (server, tenant, operator) = setup(Role::Auditor).await;
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    server.clock.advance_ms(3_600_000);
    let noon = server.app.clock.now().to_string();
    let _ = alice.mfa_login(&tenant).await.expect(200);
    tenant.with_key("dw_wrong").get("/credentials").await.expect_refusal(401, "api_key_invalid");
    let shown = operator.out(&["audit", "--tenant", "Example", "--since", &noon]).await;
    let rows: Vec<_> = shown.lines().map(cells).collect();
    assert_eq!(rows[0], ["TIME", "TYPE", "ACTOR", "ERROR", "IP"]);
    let kinds: Vec<_> = rows[1..].iter().map(|row| row[1]).collect();
    assert_eq!(kinds, ["mfa_authentication_init_succeeded", "mfa_authentication_final_succeeded", "api_key_rejected"]);
    assert_eq!(rows[2][2..], ["alice", "-", "127.0.0.1"]);
    assert_eq!(rows[3][2..], ["-", "api_key_invalid", "127.0.0.1"]);
    let failed = operator.json(&["audit", "--outcome", "failed", "--tenant", "Example"]).await;
    assert_eq!(failed.as_array().unwrap().len(), 1);
    let alice_rows =
        operator.json(&["audit", "--user", "alice", "--until", &noon, "--ip", "127.0", "--text", "ali"]).await;
    assert_eq!(alice_rows.as_array().unwrap().len(), 2);
    let kind = operator.json(&["audit", "--type", "mfa_authentication_final_succeeded,tenant_created"]).await;
    let kinds: Vec<_> = kind.as_array().unwrap().iter().map(|row| row["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["tenant_created", "mfa_authentication_final_succeeded"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn exact_filters_accept_and_exclude_values() {
    let (_server, tenant, operator) = setup(Role::Auditor).await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let rejected = tenant.with_key("dw_wrong").get("/credentials").await;
    let count = async |arguments: &[&str]| {
        let found = operator.json(&[&["audit", "--tenant", "Example", "--limit", "50"], arguments].concat()).await;
        found.as_array().unwrap().len()
    };
    let all = count(&[]).await;
    assert_eq!(count(&["--actor", "alice"]).await, 2);
    assert_eq!(count(&["--actor", "ali"]).await, 0);
    assert_eq!(count(&["--not-actor", "alice"]).await, all - 2);
    assert_eq!(count(&["--network", "127.0.0.0/8", "--error-code", "api_key_invalid"]).await, 1);
    assert_eq!(count(&["--network", "10.0.0.0/8", "--network", "::1"]).await, 0);
    assert_eq!(count(&["--actor", "alice", "--not-network", "127.0.0.1"]).await, 0);
    assert_eq!(count(&["--not-error-code", "api_key_invalid"]).await, all - 1);
    assert_eq!(count(&["--request-id", rejected.request_id()]).await, 1);
    assert_eq!(count(&["--not-outcome", "failed"]).await, all - 1);
    assert_eq!(count(&["--outcome", "failed", "--not-outcome", "failed"]).await, 0);
    assert_eq!(count(&["--not-type", "api_key_rejected,webauthn_registration_init_succeeded"]).await, all - 2);
    operator.fails(&["audit", "--network", "localhost"], 1, &["source_ip must be an IP address"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn log_of_all_tenants_shows_the_tenant() {
    let (_server, _tenant, operator) = setup(Role::Auditor).await;
    let shown = operator.out(&["audit"]).await;
    let rows: Vec<_> = shown.lines().map(cells).collect();
    assert_eq!(rows[0], ["TIME", "TYPE", "ACTOR", "ERROR", "IP", "TENANT"]);
    let tenant_of = |kind: &str| rows.iter().find(|row| row[1] == kind).unwrap().last().copied().unwrap().to_owned();
    assert_eq!(tenant_of("tenant_created"), "Example");
    assert_eq!(tenant_of("admin_token_created"), "(installation)");
    let own = operator.json(&["audit", "--tenant", "installation"]).await;
    assert!(own.as_array().unwrap().iter().all(|row| row["type"] != "tenant_created"));
    assert!(!own.as_array().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn limit_above_the_page_size_reads_several_pages() {
    let (_server, tenant, operator) = setup(Role::Auditor).await;
    for _ in 0..130 {
        tenant.with_key("dw_wrong").get("/credentials").await.expect_refusal(401, "api_key_invalid");
    }
    let ids = |rows: serde_json::Value| -> Vec<String> {
        rows.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    let newest = ids(operator.json(&["audit", "--limit", "120", "--tenant", "Example"]).await);
    assert_eq!(newest.len(), 120);
    assert!(newest.is_sorted(), "oldest first");
    let all = ids(operator.json(&["audit", "--limit", "1000", "--tenant", "Example"]).await);
    assert_eq!(all.len() as u64, tenant.count("").await);
    assert!(all.ends_with(&newest));
    assert_eq!(ids(operator.json(&["audit", "--tenant", "Example"]).await).len(), 20);
    assert_eq!(ids(operator.json(&["audit", "--limit", "0"]).await).len(), 0);
}

/// Starts a server that returns empty pages. Only its first two responses link to a next page. Returns the server's
/// address and a channel with the targets of the received requests.
fn serve_empty_pages() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, targets) = mpsc::channel();
    thread::spawn(move || {
        for (index, stream) in listener.incoming().map_while(Result::ok).enumerate() {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let target = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
            lines.find(String::is_empty);
            let link = match index {
                0 | 1 => format!("Link: </audit_logs?before={}>; rel=\"next\"\r\n", CURSORS[index]),
                _ => String::new(),
            };
            let response = format!("HTTP/1.1 200 OK\r\n{link}Content-Length: 2\r\nConnection: close\r\n\r\n[]");
            sender.send(target).unwrap();
            (&stream).write_all(response.as_bytes()).unwrap();
        }
    });
    (url, targets)
}

const CURSORS: [&str; 2] = ["0198c0de-0000-7000-8000-000000000002", "0198c0de-0000-7000-8000-000000000001"];

#[tokio::test(flavor = "multi_thread")]
async fn short_pages_are_continued_at_their_cursor() {
    let server = TestServer::start().await;
    let (url, targets) = serve_empty_pages();
    let operator = Operator::new(&server, Role::Auditor).await.at(url);
    assert_eq!(operator.json(&["audit", "--user", "alice"]).await, serde_json::json!([]));
    let targets: Vec<_> = targets.try_iter().collect();
    assert_eq!(targets.len(), 3, "{targets:?}");
    for (target, cursor) in targets[1..].iter().zip(CURSORS) {
        assert!(target.contains(&format!("before={cursor}")) && target.contains("actor_user_id=alice"), "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rare_entries_are_found_beyond_the_examined_ones() {
    let (server, tenant, operator) = setup(Role::Auditor).await;
    let refused = tenant.with_key("dw_wrong");
    refused.get("/credentials").await.expect_refusal(401, "api_key_invalid");
    let first = tenant.entries("type=api_key_rejected").await.remove(0).text("id").unwrap();
    // Adds entries that are newer than the refusal: more than the server examines in one request.
    let (prefix, tenant_id) = (&first[..18], tenant.id);
    let rows: Vec<String> = (1..=10_050)
        .map(|number| {
            let id = format!("{prefix}-f000-{number:012x}");
            format!("('{tenant_id}', '{id}', 'user_deleted', 'r', '10.0.0.1', 'u', {number})")
        })
        .collect();
    let columns = "tenant_id, id, type, request_id, source_ip, user_agent, created_at";
    server.sql(&format!("INSERT INTO audit_logs ({columns}) VALUES {}", rows.join(", "))).await;
    let found = operator.json(&["audit", "--type", "api_key_rejected", "--tenant", "Example"]).await;
    let ids: Vec<_> = found.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [first]);
}
