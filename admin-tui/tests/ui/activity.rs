//! Vitals and recent activity on the screens of the overview, a tenant and a user.

use doorward_admin::{api::AuditQuery, request::BackendRequest};
use doorward_shared::AuditType;

use crate::{
    data,
    fake_server::{FakeServer, refusal, start},
    harness::App,
};

#[tokio::test]
async fn vitals_are_requested_every_second_and_name_their_node() {
    let (fake, mut app) = start(200, 50).await;
    let requests = |fake: &FakeServer| fake.count(|call| matches!(call, BackendRequest::Vitals));
    app.shows(&["node login-1/4711", "Requests/s", "…  max 0"]);
    let before = requests(&fake);
    for _ in 0..10 {
        app.pass(1_000).await;
    }
    assert_eq!(requests(&fake), before + 10);
    app.shows(&["origin_mismatch", "p50", "cpu 13 %", "clients 57"]);
    // If another process responds, the rates start again, because each process has its own counters.
    fake.world.lock().unwrap().node = "login-2/9".to_owned();
    app.pass(1_000).await;
    app.shows(&["node login-2/9", "…  max 0"]);
    app.pass(1_000).await;
    app.lacks(&["…  max 0"]);
}

#[tokio::test]
async fn vitals_are_not_requested_while_another_screen_is_shown() {
    let (fake, mut app) = start(80, 24).await;
    app.keys("4").await;
    let requests = || fake.count(|call| matches!(call, BackendRequest::Vitals));
    let before = requests();
    for _ in 0..5 {
        app.pass(1_000).await;
    }
    assert_eq!(requests(), before);
}

#[tokio::test]
async fn small_overview_shows_requests_latency_and_refusals() {
    let (_fake, mut app) = start(50, 12).await;
    app.pass(1_000).await;
    app.pass(1_000).await;
    app.shows(&["requests/s", "p99", "refusals/s", "▌Acme"]);
}

#[tokio::test]
async fn failing_job_is_shown_instead_of_a_healthy_server() {
    let (fake, mut app) = start(80, 24).await;
    app.shows(&["● up"]);
    fake.world.lock().unwrap().job_fails = true;
    app.pass(1_000).await;
    app.shows(&["▲ 1 job fails"]);
}

#[tokio::test]
async fn each_list_of_the_overview_is_reached_by_keys_and_mouse() {
    let (_fake, app) = start(200, 50).await;
    app.keys_show("tab tab enter", &["Overview › Audit log", "tenant config updated"]).await;
    app.keys("esc").await;
    app.click("tenant config").await;
    app.keys_show("enter", &["Overview › Audit log"]).await;
    app.keys("esc").await;
    app.click("signature_invalid").await;
    app.keys_show("enter", &["outcome: failed"]).await;
    app.keys("esc").await;
    app.click("Umbrella Health").await;
    app.keys_show("enter", &["Overview › Umbrella Health"]).await;
    // Narrow terminals show either the latest refusals or the latest changes.
    let (_fake, app) = start(80, 24).await;
    app.shows(&["Latest refusals"]);
    app.keys_show("backtab", &["What changed"]).await;
    app.lacks(&["Latest refusals"]);
}

#[tokio::test]
async fn list_of_changes_states_that_only_the_newest_entries_were_examined() {
    let mut world = data::world();
    for at in 0..600 {
        world.record(1, AuditType::MfaAuthenticationFinalSucceeded, "bob", 600 - at);
    }
    let app = App::start(FakeServer::new(world), 200, 50).await;
    app.shows(&["What changed (newest 10k entries)"]);
}

#[tokio::test]
async fn tenant_opens_on_its_activity_and_explains_refusals() {
    let (fake, app) = start(120, 40).await;
    app.keys("2 enter").await;
    app.shows(&[
        "Success of ceremonies",
        "611 users",
        "iCloud Keychain",
        "60 %",
        "ES256 signing key, 4w old",
        "backend staging in 6d",
        "migration 2025 expired",
        "How to fix origin_mismatch",
        "Add the page's origin",
    ]);
    app.keys_show("j", &["How to fix challenge_expired", "Start the ceremony again"]).await;
    app.keys("enter").await;
    let exact = vec![("error_code", "challenge_expired".to_owned())];
    let wanted = |query: &AuditQuery| query.exact == exact && query.tenant == Some(crate::fake_server::tenant_id(0));
    assert!(fake.count(|call| matches!(call, BackendRequest::Audit(query, _) if wanted(query))) > 0);
    app.keys_show("esc h", &["Relying party"]).await;
    app.keys_show("2 e", &["Relying party"]).await;
}

#[tokio::test]
async fn error_of_the_activity_is_shown_on_its_tab() {
    let (fake, app) = start(80, 24).await;
    app.keys("2").await;
    fake.fail(Some(refusal(doorward_shared::ErrorCode::Internal, "internal server error", "")));
    app.keys_show("enter", &["✗ internal server error"]).await;
}

#[tokio::test]
async fn lists_of_tenants_and_of_a_tenant_refresh_while_they_are_shown() {
    let (fake, mut app) = start(100, 30).await;
    app.keys("2").await;
    fake.world.lock().unwrap().add_tenant("Wonka");
    app.pass(5_000).await;
    app.shows(&["Wonka", "▌Acme Bank"]);
    app.keys("enter l l l j").await;
    fake.world.lock().unwrap().tenants[0].users[2].user.name = "renamed@example.com".to_owned();
    app.pass(5_000).await;
    app.shows(&["renamed@example.com", "▌bob"]);
    // A refresh does not interrupt typing in the filter.
    app.keys("/ 'ali'").await;
    let users = || fake.count(|call| matches!(call, BackendRequest::Users(..)));
    let before = users();
    app.pass(5_000).await;
    assert_eq!(users(), before);
}

#[tokio::test]
async fn user_screen_explains_the_latest_refusal_and_opens_its_entry() {
    let (fake, mut app) = start(100, 34).await;
    app.keys("2 enter l l l j enter").await;
    app.shows(&["✗ login refused", "the signature does not verify", "Start the ceremony again", "Latest events (4)"]);
    app.keys_show("w", &["Audit log", "signature_invalid"]).await;
    app.keys("esc").await;
    fake.world.lock().unwrap().record(0, AuditType::WebauthnAuthenticationFinalSucceeded, "bob", 0);
    app.pass(5_000).await;
    app.shows(&["✓ login refused", "a later one succeeded", "Latest events (5)"]);
    // Events of other users whose ids contain this user's id are not shown.
    fake.world.lock().unwrap().record(0, AuditType::WebauthnAuthenticationFinalFailed, "bobby", 0);
    app.pass(5_000).await;
    app.shows(&["Latest events (5)"]);
}
