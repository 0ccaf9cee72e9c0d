//! The selected row stays the same object when lists change.

use doorward_admin::request::{AuditPosition, BackendRequest};
use doorward_shared::AuditType;

use crate::{
    data,
    fake_server::{FakeServer, start},
    harness::App,
};

fn selected(app: &App) -> Option<String> {
    let screen = app.screen();
    screen.lines().find(|line| line.starts_with('▌')).map(str::to_owned)
}

/// Starts the app with 500 tenants and selects one far below the first page.
async fn far_down() -> (std::sync::Arc<FakeServer>, App) {
    let mut world = data::World::default();
    for at in 0..500 {
        world.add_tenant(&format!("Tenant {at:03}"));
    }
    let fake = FakeServer::new(world);
    let app = App::start(fake.clone(), 80, 24).await;
    app.keys("2 s s S S").await;
    for _ in 0..400 {
        app.keys("j").await;
    }
    assert!(selected(&app).unwrap().contains("Tenant 400"), "{:?}", selected(&app));
    (fake, app)
}

#[tokio::test]
async fn row_far_down_is_still_selected_after_coming_back() {
    let (_fake, app) = far_down().await;
    app.keys_show("enter", &["Tenants › Tenant 400"]).await;
    app.keys("esc").await;
    assert!(selected(&app).unwrap().contains("Tenant 400"), "{:?}", selected(&app));
    app.click("Tenant 395").await;
    app.click("Tenant 395").await;
    app.shows(&["Tenants › Tenant 395"]);
    app.click("Tenants ›").await;
    assert!(selected(&app).unwrap().contains("Tenant 395"), "{:?}", selected(&app));
}

#[tokio::test]
async fn nothing_is_selected_if_the_row_no_longer_exists() {
    let (fake, app) = far_down().await;
    fake.world.lock().unwrap().tenants.remove(400);
    app.keys("r").await;
    assert_eq!(selected(&app), None, "{}", app.screen());
    // Commands that need a selected row do nothing.
    app.keys("d").await;
    app.lacks(&["Delete tenant"]);
    app.keys("j").await;
    assert!(selected(&app).unwrap().contains("Tenant 401"), "{:?}", selected(&app));
}

#[tokio::test]
async fn failed_second_page_of_a_reload_leads_to_no_duplicates() {
    let (fake, app) = far_down().await;
    fake.fail_later_pages(true);
    app.keys("r").await;
    fake.fail_later_pages(false);
    assert!(selected(&app).unwrap().contains("Tenant 400"), "{:?}", selected(&app));
    // After the rest of the list is loaded, the list contains each tenant once.
    for _ in 0..10 {
        app.keys("G").await;
    }
    app.keys_show("* d", &["Delete 500 tenants?"]).await;
}

#[tokio::test]
async fn refreshed_overview_keeps_the_selected_refusal() {
    let (fake, mut app) = start(120, 40).await;
    app.keys("tab j").await;
    let id = fake.world.lock().unwrap().record(0, AuditType::MfaAuthenticationFinalFailed, "mallory", 1_000);
    app.pass(6_000).await;
    app.shows(&["mallory"]);
    app.keys_show("enter", &["Overview › Audit log", "req-0044"]).await;
    let asked = fake.count(|call| matches!(call, BackendRequest::Audit(_, at) if *at == AuditPosition::from(id)));
    assert_eq!(asked, 0, "opened the refusal that took the place of the selected one");
}

#[tokio::test]
async fn refusal_is_opened_even_if_many_newer_ones_exist() {
    let (fake, mut app) = start(120, 40).await;
    app.keys("tab").await;
    for at in 0..350_usize {
        fake.world.lock().unwrap().record(0, AuditType::MfaAuthenticationFinalFailed, "flood", 0);
        assert!(at < 350);
    }
    app.keys_show("enter", &["Overview › Audit log", "api_key_rejected", "req-0046", "paused"]).await;
    app.pass(1_000).await;
    app.shows(&["req-0046", "paused"]);
}

#[tokio::test]
async fn refusal_that_no_longer_exists_selects_no_other() {
    let (fake, mut app) = start(120, 40).await;
    app.keys("tab").await;
    fake.world.lock().unwrap().audit.retain(|row| row.entry.meta_http_request_id != "req-0046");
    app.keys_show("enter", &["This log no longer contains the entry", "No entry is selected"]).await;
    assert_eq!(selected(&app), None, "{}", app.screen());
    app.pass(1_000).await;
    assert_eq!(selected(&app), None, "{}", app.screen());
    app.keys("y").await;
    assert!(app.copied().is_empty());
}

#[tokio::test]
async fn selected_value_is_kept_when_the_order_of_values_changes() {
    let (fake, mut app) = start(160, 40).await;
    app.keys("3 c l j").await;
    let value = |app: &App| app.screen().lines().find_map(|line| line.split("│ ▌").nth(1).map(str::to_owned)).unwrap();
    assert!(value(&app).contains("bob"), "{}", value(&app));
    for _ in 0..20 {
        fake.world.lock().unwrap().record(0, AuditType::MfaAuthenticationFinalSucceeded, "zoe", 0);
    }
    app.pass(1_000).await;
    app.shows(&["zoe"]);
    assert!(value(&app).contains("bob"), "{}", app.screen());
}

#[tokio::test]
async fn event_of_a_user_stays_selected_when_a_newer_one_arrives() {
    let (fake, mut app) = start(120, 40).await;
    app.keys("2 enter l l l j enter l j").await;
    app.keys_show("enter", &["Audit log", "req-"]).await;
    let request = |app: &App| app.screen().split_whitespace().find(|word| word.starts_with("req-")).map(str::to_owned);
    let before = request(&app).unwrap();
    app.keys("esc").await;
    fake.world.lock().unwrap().record(0, AuditType::WebauthnAuthenticationFinalSucceeded, "bob", 0);
    app.pass(5_000).await;
    app.keys_show("enter", &["Audit log", "req-"]).await;
    assert_eq!(request(&app).unwrap(), before);
}

#[tokio::test]
async fn periodic_refresh_needs_one_request_and_keeps_all_marks() {
    let (fake, mut app) = far_down().await;
    let requests = || fake.count(|call| matches!(call, BackendRequest::Tenants(_)));
    let before = requests();
    app.pass(5_000).await;
    assert!(requests() <= before + 1, "{} requests", requests() - before);
    app.keys("* g").await;
    let marked = |app: &App| app.screen().lines().find(|line| line.contains("marked")).map(str::to_owned);
    let before = marked(&app).unwrap();
    app.pass(5_000).await;
    assert_eq!(marked(&app), Some(before));
}
