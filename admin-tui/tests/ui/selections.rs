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
    // Commands for a row do nothing.
    app.keys("d").await;
    app.lacks(&["Delete tenant"]);
    app.keys("j").await;
    assert!(selected(&app).unwrap().contains("Tenant 401"), "{:?}", selected(&app));
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
