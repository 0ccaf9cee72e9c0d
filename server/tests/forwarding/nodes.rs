//! Several nodes: one of them forwards. Retention keeps what was not forwarded.

use std::{fs, path::Path, sync::Arc};

use doorward_server::{
    app::App,
    domain::forward_target::ForwardTarget,
    forwarding::{self, Forwarding, Targets},
    jobs,
    service::forwarding::LEASE_MS,
};
use doorward_testkit::{Person, TestServer, until};

const DAY_MS: i64 = 86_400_000;

fn forward(app: &Arc<App>, path: &Path) -> Forwarding {
    forwarding::start(app, Targets::new(&[ForwardTarget::File(path.to_owned())], None).unwrap())
}

/// Returns the ids in a file, also repeated ones.
fn ids(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let id = |line: &str| line.split('"').nth(3).unwrap().to_owned();
    text.split_inclusive('\n').filter(|line| line.ends_with('\n')).map(id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_forwards_and_another_takes_over() {
    let first = TestServer::start().await;
    let second = first.second_node().await;
    let tenant = first.tenant().await;
    let tenant_on_second = tenant.on(&second);
    let path = first.data_dir.join("audit.ndjson");
    let on_first = forward(&first.app, &path);
    until("the first node forwards", async || !ids(&path).is_empty()).await;
    let _on_second = forward(&second.app, &path);
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let _ = alice.register_mfa(&tenant).await.expect(200);
    let _ = bob.register_mfa(&tenant_on_second).await.expect(200);
    for _ in 0..5 {
        let _ = alice.mfa_login(&tenant).await.expect(200);
        let _ = bob.mfa_login(&tenant_on_second).await.expect(200);
    }
    let entries = usize::try_from(tenant.count("").await).unwrap();
    assert!(entries > 24, "{entries}");
    until("the entries of both nodes are written", async || ids(&path).len() >= entries).await;
    let mut found = ids(&path);
    assert!(found.is_sorted(), "the order of commit");
    found.dedup();
    assert_eq!(found.len(), ids(&path).len(), "only one node forwards");

    drop(on_first);
    let _ = alice.mfa_login(&tenant).await.expect(200);
    first.clock.advance_ms(LEASE_MS + 1);
    until("the second node takes over", async || ids(&path).len() >= entries + 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retention_keeps_what_was_not_forwarded() {
    let server = TestServer::builder()
        .settings(|settings| {
            settings.audit_retention_days = Some(1);
            settings.audit_forward = vec![ForwardTarget::File("/dev/null".into())];
        })
        .start()
        .await;
    let tenant = server.tenant().await;
    let _ = Person::new("alice").register_mfa(&tenant).await.expect(200);
    server.clock.advance_ms(3 * DAY_MS);
    let _ = Person::new("bob").register_mfa(&tenant).await.expect(200);
    assert_eq!(jobs::purge_audit_logs(&server.app).await.unwrap(), 0);
    let _forwarding = forward(&server.app, Path::new("/dev/null"));
    until("the forwarded entries are deleted", async || jobs::purge_audit_logs(&server.app).await.unwrap() > 0).await;
    assert_eq!((tenant.count("actor=alice").await, tenant.count("actor=bob").await), (0, 2));
}
