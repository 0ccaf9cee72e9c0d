//! Webhooks: signatures, receivers that fail, redirects, and addresses that are refused.

use doorward_testkit::{Person, Process, until};

use crate::{
    Installation,
    receiver::{Receiver, fixture},
};

const LOOPBACK: &str = "127.0.0.0/8, ::1";
const FAILURES: &str = "doorward_audit_forward_failures_total{target=\"webhook-1\"}";
const LAG: &str = "doorward_audit_forward_lag_seconds{target=\"webhook-1\"}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failing_receiver_loses_no_entry() {
    let installation = Installation::new().await;
    let receiver = Receiver::start(503).await;
    let target = format!("https://localhost:{}/audit?source=doorward", receiver.port);
    let server = Process::serve(installation.command(&target, LOOPBACK));
    let tenant = installation.tenant(&server);
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    until("two attempts fail", async || installation.metric(&server, FAILURES).await >= Some(2.0)).await;
    // The failures do not stop logins, and a metric shows how far the forwarding is behind.
    let _ = alice.mfa_login(&tenant).await.expect(200);
    until("the lag grows", async || installation.metric(&server, LAG).await > Some(0.5)).await;
    server.kill();
    assert_eq!(receiver.accepted_ids(), [""; 0]);

    let server = Process::serve(installation.command(&target, LOOPBACK));
    let tenant = installation.tenant(&server);
    receiver.respond(200, "");
    let _ = alice.mfa_login(&tenant).await.expect(200);
    let ids = installation.ids().await;
    until("all entries arrive", async || receiver.accepted_ids().len() >= ids.len()).await;
    assert_eq!(receiver.accepted_ids(), ids, "the order of commit");
    until("the lag ends", async || installation.metric(&server, LAG).await == Some(0.0)).await;

    // If the server crashes after a delivery but before it stores the id of the last delivered entry, entries may be
    // sent twice, but none is lost.
    let _ = alice.mfa_login(&tenant).await.expect(200);
    server.kill();
    let server = Process::serve(installation.command(&target, LOOPBACK));
    let ids = installation.ids().await;
    until("the newest entries arrive", async || receiver.accepted_ids().len() >= ids.len()).await;
    assert_eq!(receiver.accepted_ids(), ids);
    let requests = receiver.received();
    for request in &requests {
        assert!(request.verify() > 1_700_000_000);
    }
    let entry = requests.last().unwrap().entries().pop().unwrap();
    assert_eq!(entry["type"], "mfa_authentication_final_succeeded");
    assert_eq!((&entry["actor_user_id"], &entry["tenant_name"]), (&"alice".into(), &"Example".into()));
    server.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redirects_are_not_followed() {
    let installation = Installation::new().await;
    let (receiver, elsewhere) = (Receiver::start(307).await, Receiver::start(200).await);
    receiver.respond(307, &format!("https://localhost:{}/", elsewhere.port));
    let target = format!("https://localhost:{}/", receiver.port);
    let server = Process::serve(installation.command(&target, LOOPBACK));
    until("two attempts fail", async || installation.metric(&server, FAILURES).await >= Some(2.0)).await;
    assert_eq!(elsewhere.connections(), 0);
    let log = server.terminate_and_read_log();
    assert!(log.iter().any(|line| line.contains("HTTP 307: redirects are not followed")), "{log:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn internal_addresses_are_refused() {
    let installation = Installation::new().await;
    let receiver = Receiver::start(200).await;
    let port = receiver.port;
    let targets = format!("https://localhost:{port}/, https://127.0.0.1:{port}/, https://[::ffff:7f00:1]:{port}/");
    // With this setting, the server may deliver to one internal network, which contains none of the targets.
    let server = Process::serve(installation.command(&targets, "10.0.0.0/8"));
    for number in 1..=3 {
        let failures = FAILURES.replace("webhook-1", &format!("webhook-{number}"));
        until("an attempt fails", async || installation.metric(&server, &failures).await >= Some(1.0)).await;
    }
    assert_eq!(receiver.connections(), 0);
    let log = server.terminate_and_read_log();
    for reason in ["localhost has only internal addresses", "the address is internal"] {
        assert!(log.iter().any(|line| line.contains(reason)), "{reason}: {log:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificate_of_another_authority_is_refused() {
    let installation = Installation::new().await;
    let receiver = Receiver::start(200).await;
    let target = format!("https://127.0.0.1:{}/", receiver.port);
    let mut command = installation.command(&target, LOOPBACK);
    command.env("DOORWARD_AUDIT_FORWARD_CA", fixture("second.pem"));
    let server = Process::serve(command);
    until("an attempt fails", async || installation.metric(&server, FAILURES).await >= Some(1.0)).await;
    assert!(receiver.received().is_empty() && receiver.connections() > 0);
    server.terminate();
}

#[tokio::test]
async fn unusable_secret_is_refused_at_the_start() {
    let installation = Installation::new().await;
    let mut command = installation.command("https://siem.example.com/", "");
    std::fs::write(installation.data.path().join("forward.secret"), "short\n").unwrap();
    for arguments in ["check-config", "serve"] {
        let output = command.args([arguments]).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains("must contain a text of at least 32 characters"), "{message}");
        command = installation.command("https://siem.example.com/", "");
        command.env("DOORWARD_AUDIT_FORWARD_SECRET_FILE", installation.data.path().join("forward.secret"));
        std::fs::write(installation.data.path().join("forward.secret"), "short\n").unwrap();
    }
}
