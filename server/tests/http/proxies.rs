//! `X-Forwarded-For` is used only if a trusted proxy sent it. Its addresses are examined from the last to the first.

use doorward_server::config::parse::networks;
use doorward_testkit::{Http, TestServer, TestTenant};

use crate::request_id::log;

/// Returns the number of warnings about `X-Forwarded-For` from all servers of this test process.
fn warnings() -> usize {
    log().lines().filter(|line| line.contains("proxy.trusted")).count()
}

#[tokio::test]
async fn ignored_header_is_reported_once_a_minute() {
    let before = warnings();
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    for _ in 0..20 {
        assert_eq!(source_ip(&tenant, &["198.51.100.7"]).await, "127.0.0.1");
    }
    let log = log();
    let line = log.lines().skip_while(|line| !line.contains("proxy.trusted")).last().unwrap_or_default();
    assert!(warnings() > before, "{line}");
    // Servers that other tests in this process start at the same time may each write one such warning.
    assert!(warnings() - before < 10, "{} warnings", warnings() - before);
    assert!(log.contains("\"peer\":\"127.0.0.1\""), "{log}");
}

#[tokio::test]
async fn long_user_agent_is_truncated_in_the_audit_log() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let response = tenant.anonymous.clone().header("user-agent", &"x".repeat(1_000)).get("/credentials").await;
    assert_eq!(tenant.entry_of(&response).await.text("meta_user_agent").unwrap(), "x".repeat(256));
}

/// Returns the source address in the audit entry of a refused request.
async fn source_ip(tenant: &TestTenant, forwarded: &[&str]) -> String {
    let caller = forwarded
        .iter()
        .fold(tenant.anonymous.clone(), |caller: Http, line| caller.header_bytes("x-forwarded-for", line.as_bytes()));
    let response = caller.get("/credentials").await;
    response.expect_refusal(401, "api_key_missing");
    tenant.entry_of(&response).await.text("meta_source_ip").unwrap()
}

#[tokio::test]
async fn without_trusted_proxies_the_peer_is_the_client() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    assert_eq!(source_ip(&tenant, &[]).await, "127.0.0.1");
    assert_eq!(source_ip(&tenant, &["198.51.100.7"]).await, "127.0.0.1");
}

#[tokio::test]
async fn client_is_found_through_a_chain_of_trusted_proxies() {
    let server = TestServer::builder()
        .settings(|settings| settings.trusted_proxies = networks("127.0.0.1,10.0.0.0/8,fd00::/8").unwrap())
        .start()
        .await;
    let tenant = server.tenant().await;
    for (lines, expected) in [
        (&["198.51.100.7"][..], "198.51.100.7"),
        (&["198.51.100.7, 10.1.2.3, fd00::1"], "198.51.100.7"),
        (&["198.51.100.7", "10.1.2.3"], "198.51.100.7"),
        // The client itself may have written everything before the last untrusted address.
        (&["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
        (&["10.9.9.9, 198.51.100.7, 10.1.2.3"], "198.51.100.7"),
        (&["127.0.0.1, 198.51.100.7"], "198.51.100.7"),
        (&["2001:db8::5"], "2001:db8::5"),
        (&["[2001:db8::5]:4711"], "2001:db8::5"),
        (&["[2001:db8::5]"], "2001:db8::5"),
        (&["::ffff:198.51.100.7"], "198.51.100.7"),
        (&["198.51.100.7:4711"], "198.51.100.7"),
        // If an address is invalid, the proxy that added this address to the header counts as the client.
        (&["unknown"], "127.0.0.1"),
        (&["198.51.100.7, unknown, 10.1.2.3"], "10.1.2.3"),
        (&[""], "127.0.0.1"),
        (&["198.51.100.7,"], "127.0.0.1"),
        (&["10.1.2.3"], "10.1.2.3"),
        (&["\u{fffd}", "198.51.100.7"], "198.51.100.7"),
    ] {
        assert_eq!(source_ip(&tenant, lines).await, expected, "{lines:?}");
    }
    let caller = tenant.anonymous.clone().header_bytes("x-forwarded-for", b"\xff\x80, 198.51.100.7");
    let response = caller.get("/credentials").await;
    assert_eq!(tenant.entry_of(&response).await.text("meta_source_ip").unwrap(), "198.51.100.7");
}

#[tokio::test]
async fn rate_limit_applies_to_the_client_not_the_proxy() {
    let server = TestServer::builder()
        .settings(|settings| {
            settings.trusted_proxies = networks("127.0.0.1").unwrap();
            settings.visits_per_address = Some(60);
        })
        .start()
        .await;
    let tenant = server.tenant().await;
    let from = |address: &str| tenant.anonymous.clone().header("x-forwarded-for", address);
    let first = from("198.51.100.7");
    let mut limited = false;
    for _ in 0..30 {
        limited |= first.get("/.well-known/jwks.json").await.status == 429;
    }
    assert!(limited);
    let _ = from("198.51.100.8").get("/.well-known/jwks.json").await.expect(200);
}
