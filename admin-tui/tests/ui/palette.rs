//! The palette finds tenants, users, credentials and requests, with a bounded number of requests.

use doorward_admin::{
    api::AuditQuery,
    request::{AuditPosition, BackendRequest},
};
use doorward_shared::{AuditType, Base64Url};

use crate::{
    data,
    fake_server::{FakeServer, start, unreachable},
    harness::App,
};

#[tokio::test]
async fn tenant_is_found_from_any_screen() {
    let (_fake, mut app) = start(100, 30).await;
    app.keys("3 ^p 'globex'").await;
    app.pass(200).await;
    app.shows(&["Globex", "globex.example", "tenant"]);
    app.keys_show("enter", &["Audit log › Globex", "Configuration"]).await;
}

#[tokio::test]
async fn user_is_found_in_the_tenant_that_is_shown() {
    let (_fake, mut app) = start(100, 30).await;
    app.keys("2 enter ^p 'alice'").await;
    app.pass(200).await;
    app.shows(&["alice@example.com", "alice in Acme Bank"]);
    app.keys_show("enter", &["Acme Bank › alice@example.com", "iCloud Keychain"]).await;
}

#[tokio::test]
async fn user_credential_and_request_are_found_by_their_exact_ids() {
    let mut world = data::world();
    world.record(0, AuditType::MfaAuthenticationFinalSucceeded, "alice", 1_000);
    let entry = &mut world.audit.last_mut().unwrap().entry;
    let credential = Base64Url(vec![1; 16]);
    entry.credential_id = Some(credential.to_string());
    entry.meta_http_request_id = "req-20261125-77".to_owned();
    let mut app = App::start(FakeServer::new(world), 100, 30).await;
    app.keys("^p 'alice'").await;
    app.pass(200).await;
    app.shows(&["alice in Acme Bank"]);
    app.keys_show("enter", &["Overview › alice", "iCloud Keychain"]).await;
    app.keys(&format!("1 ^p '{credential}'")).await;
    app.pass(200).await;
    app.shows(&["credential", "alice in Acme Bank"]);
    app.keys_show("enter", &["Overview › alice", "iCloud Keychain"]).await;
    app.keys("1 ^p 'req-20261125-77'").await;
    app.pass(200).await;
    app.shows(&["mfa_authentication_final_succeeded", "request"]);
    app.keys_show("enter", &["Overview › Audit log", "alice"]).await;
    app.lacks(&["bob"]);
}

#[tokio::test]
async fn each_pause_in_typing_sends_one_bounded_request_of_each_kind() {
    let (fake, mut app) = start(100, 30).await;
    app.keys("^p 'a'").await;
    let before = fake.calls().len();
    app.pass(200).await;
    assert_eq!(fake.calls().len(), before, "one letter was searched");
    app.keys("'cme'").await;
    app.pass(100).await;
    assert_eq!(fake.calls().len(), before, "searched before the user paused");
    app.pass(100).await;
    let calls = fake.calls().split_off(before);
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(matches!(&calls[0], BackendRequest::Tenants(query) if query.limit == Some(5)));
    let actor = AuditQuery { exact: vec![("actor", "acme".to_owned())], ..AuditQuery::default() };
    assert_eq!(calls[1], BackendRequest::Audit(actor, AuditPosition::Newest));
    app.keys("' bank'").await;
    app.pass(200).await;
    assert_eq!(fake.calls().len(), before + 4);
}

#[tokio::test]
async fn rows_that_arrive_keep_the_selected_row() {
    let (fake, mut app) = start(100, 30).await;
    app.keys("2 ^p 'tenant'").await;
    app.keys("down").await;
    let selected = |app: &App| app.screen().lines().find(|line| line.contains("▌")).unwrap().trim().to_owned();
    let before = selected(&app);
    fake.world.lock().unwrap().add_tenant("Tenant of tenants");
    app.pass(200).await;
    app.shows(&["Tenant of tenants"]);
    assert_eq!(selected(&app), before);
}

#[tokio::test]
async fn failed_search_is_reported_and_commands_are_still_found() {
    let (fake, mut app) = start(100, 30).await;
    app.keys("^p 'tokens'").await;
    fake.fail(Some(unreachable()));
    app.pass(200).await;
    app.shows(&["✗ request to http://127.0.0.1:8001 failed", "go to the admin tokens"]);
}

#[tokio::test]
async fn server_is_switched_by_name() {
    let others = vec![("lab", FakeServer::new(data::World::default()))];
    let fake = FakeServer::new(data::world());
    let folder = std::path::PathBuf::from("/exports");
    let app = App::start_with_contexts(fake, 100, 30, doorward_admin::ui::Theme::Dark, folder, others).await;
    app.keys_show(": 'ctx lab'", &["ctx lab", "https://lab.example.com"]).await;
    app.keys_show("enter", &["lab  https://lab.example.com"]).await;
}
