//! Several nodes: only one of them forwards. Retention keeps entries that were not forwarded.

use std::{fs, path::Path, sync::Arc};

use doorward_server::{
    app::App,
    clock::Clock as _,
    domain::{AuditEvent, RequestMeta, forward_target::ForwardTarget},
    forwarding::{self, Forwarding, Targets},
    jobs,
    service::{
        admin::import::{self, Entry, Mode},
        forwarding::{LEASE_MS, acquire},
    },
    store::audit::imported_id,
};
use doorward_shared::AuditType;
use doorward_testkit::{Person, TestServer, until};

const DAY_MS: i64 = 86_400_000;

fn forward(app: &Arc<App>, path: &Path) -> Forwarding {
    forwarding::start(app, Targets::new(&[ForwardTarget::File(path.to_owned())], None).unwrap())
}

/// Returns the ids in a file, including repeated ones.
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
async fn stopped_node_releases_its_lease() {
    let first = TestServer::start().await;
    let second = first.second_node().await;
    let _ = first.tenant().await;
    let path = first.data_dir.join("audit.ndjson");
    let target = ForwardTarget::File(path.clone());
    let mut running = forward(&first.app, &path);
    until("the first node forwards", async || !ids(&path).is_empty()).await;
    assert_eq!(acquire(&second.app, &target, "other").await.unwrap(), None);
    running.stop().await;
    running.release(&first.app).await;
    let held = acquire(&second.app, &target, "other").await.unwrap().expect("the lease, before its end");
    // A node that stops must not release a lease that another node holds.
    forward(&first.app, &path).release(&first.app).await;
    first.clock.advance_ms(LEASE_MS / 2);
    assert!(held.renew(&second.app).await.unwrap().is_some());
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lease_dated_by_a_wrong_clock_is_ignored() {
    let server = TestServer::start().await;
    let target = ForwardTarget::File("/dev/null".into());
    let take = async |node: &str| acquire(&server.app, &target, node).await.unwrap();
    server.clock.advance_ms(DAY_MS);
    assert!(take("wrong").await.is_some());
    server.clock.advance_ms(-DAY_MS);
    assert!(take("second").await.is_some());
    assert_eq!(take("third").await, None, "the second node holds the lease");
    // The clock of the third node may be behind by the duration of a lease. The lease of the second node still counts.
    server.clock.advance_ms(-LEASE_MS);
    assert_eq!(take("third").await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imported_entries_are_forwarded_before_retention_deletes_them() {
    let server = TestServer::builder()
        .settings(|settings| {
            settings.audit_retention_days = Some(1);
            settings.audit_forward = vec![ForwardTarget::File("/dev/null".into())];
        })
        .start()
        .await;
    let tenant = server.tenant().await;
    let target = ForwardTarget::File("/dev/null".into());
    let held = acquire(&server.app, &target, "node").await.unwrap().expect("the lease");
    let before = held.next_entries(&server.app).await.unwrap();
    let held = held.advance(&server.app, before.last().unwrap().entry.id).await.unwrap().expect("the lease");
    assert_eq!(held.next_entries(&server.app).await.unwrap().len(), 0);

    let at = server.clock.now().plus_millis(-3 * DAY_MS);
    let id = imported_id(at.millis() * 1_000, 7);
    let event = AuditEvent {
        random: 7,
        tenant_id: tenant.id,
        kind: AuditType::ApiKeyRejected,
        error: None,
        meta: RequestMeta::default(),
        actor: None,
        credential_id: None,
        transaction_id: None,
        detail: None,
        at,
    };
    for _ in 0..2 {
        let batch = vec![Entry { id, event: event.clone() }];
        let _ = import::history(&server.administrator(), Mode::Write, batch).await.unwrap();
    }
    assert_eq!(jobs::purge_audit_logs(&server.app).await.unwrap(), 0);
    let newest = before.last().unwrap().entry.id;
    assert_eq!(held.advance(&server.app, newest).await.unwrap(), None, "the position was moved back");
    let held = acquire(&server.app, &target, "node").await.unwrap().expect("the lease");
    let ids: Vec<_> = held.next_entries(&server.app).await.unwrap().iter().map(|item| item.entry.id).collect();
    assert_eq!((ids.first(), ids.last()), (Some(&id), Some(&newest)));
    let _ = held.advance(&server.app, newest).await.unwrap().expect("the lease");
    assert_eq!(jobs::purge_audit_logs(&server.app).await.unwrap(), 1);
}
