//! The live audit log.

use doorward_admin::request::{AuditPosition, BackendRequest};
use doorward_shared::AuditType;

use crate::{
    data,
    fake_server::{FakeServer, start},
    harness::App,
};

const LOGIN: AuditType = AuditType::MfaAuthenticationFinalSucceeded;

#[tokio::test]
async fn new_entries_appear_within_a_second() {
    let (fake, mut app) = start(80, 24).await;
    app.keys("3").await;
    fake.world.lock().unwrap().record(0, LOGIN, "zoe", 0);
    app.lacks(&["zoe"]);
    app.pass(1_000).await;
    app.shows(&["zoe", "live"]);
    // Each poll continues after the newest entry.
    let polls = fake.count(|call| matches!(call, BackendRequest::Audit(_, AuditPosition::After(_))));
    assert_eq!(polls, 1);
    app.pass(300).await;
    assert_eq!(fake.count(|call| matches!(call, BackendRequest::Audit(..))), 2, "more than one poll a second");
}

#[tokio::test]
async fn paused_log_keeps_its_rows_and_counts_new_entries() {
    let (fake, mut app) = start(80, 24).await;
    app.keys_show("3 space", &["paused"]).await;
    for _ in 0..3 {
        fake.world.lock().unwrap().record(0, LOGIN, "zoe", 0);
        app.pass(1_000).await;
    }
    app.shows(&["paused · 3 new", "resume"]);
    app.lacks(&["zoe"]);
    app.keys_show("space", &["live"]).await;
    assert_eq!(app.screen().matches("zoe").count(), 3);
}

#[tokio::test]
async fn selected_entry_keeps_its_place_when_new_entries_arrive() {
    let (fake, mut app) = start(80, 24).await;
    app.keys("3 j j j").await;
    let selected = |app: &App| app.screen().lines().find(|line| line.starts_with('▌')).unwrap().to_owned();
    let before = selected(&app);
    for _ in 0..5 {
        fake.world.lock().unwrap().record(0, LOGIN, "zoe", 0);
    }
    app.pass(1_000).await;
    assert_eq!(selected(&app)[..40], before[..40]);
    app.keys_show("g", &["zoe"]).await;
}

#[tokio::test]
async fn new_entries_appear_in_an_empty_log() {
    let mut world = data::World::default();
    world.add_tenant("Acme");
    let fake = FakeServer::new(world);
    let mut app = App::start(fake.clone(), 80, 24).await;
    app.keys_show("3", &["The log is empty."]).await;
    fake.world.lock().unwrap().record(0, LOGIN, "zoe", 0);
    app.pass(1_000).await;
    app.shows(&["zoe"]);
}

#[tokio::test]
async fn bursts_and_long_scrolling_keep_the_number_of_rows_bounded() {
    let mut world = data::world();
    for at in 0..4_000 {
        world.record(0, LOGIN, &format!("user-{at:04}"), 0);
    }
    let fake = FakeServer::new(world);
    let mut app = App::start(fake.clone(), 80, 24).await;
    app.keys_show("3", &["user-3999"]).await;
    // A burst of 250 entries between two polls arrives completely, page by page.
    for at in 4_000..4_250 {
        fake.world.lock().unwrap().record(0, LOGIN, &format!("user-{at:04}"), 0);
    }
    for _ in 0..4 {
        app.pass(1_000).await;
    }
    app.shows(&["user-4249", "user-4248"]);
    // Scrolling to the oldest entry drops the newest rows and pauses the log.
    for _ in 0..60 {
        app.keys("G").await;
    }
    app.shows(&["admin token created", "paused"]);
    app.keys("g").await;
    app.lacks(&["user-4249"]);
    app.keys_show("space", &["user-4249", "live"]).await;
}

#[tokio::test]
async fn log_of_a_tenant_contains_only_its_entries() {
    let app = App::start(FakeServer::new(data::world()), 100, 24).await;
    app.keys_show("2 j a", &["Tenants › Audit log of Globex"]).await;
    app.lacks(&["Acme Bank", "Tenant  "]);
}
