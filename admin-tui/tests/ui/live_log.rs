//! The live audit log.

use doorward_admin::request::{AuditPosition, BackendRequest};
use doorward_shared::AuditType;

use crate::{
    data,
    fake_server::{EXAMINED, FakeServer, start},
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
    let polls = || fake.count(|call| matches!(call, BackendRequest::Audit(_, AuditPosition::After(_))));
    assert_eq!(polls(), 1);
    app.pass(300).await;
    assert_eq!(polls(), 1, "more than one poll a second");
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
    // If 250 entries are added between two polls, all of them arrive, page by page.
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

/// A world whose log has one old entry of `zoe`, followed by `newer` entries of other users.
fn world_with_rare_entry(newer: usize) -> data::World {
    let mut world = data::world();
    world.record(0, LOGIN, "zoe", 0);
    for at in 0..newer {
        world.record(0, LOGIN, &format!("user-{at:04}"), 0);
    }
    world
}

fn is_older_page(call: &BackendRequest) -> bool {
    matches!(call, BackendRequest::Audit(_, AuditPosition::Before(_)))
}

#[tokio::test]
async fn rare_entry_is_found_by_following_cursors() {
    let fake = FakeServer::new(world_with_rare_entry(4 * EXAMINED));
    let mut app = App::start(fake.clone(), 120, 24).await;
    app.keys_show("3 / 'zoe'", &["▌", "zoe"]).await;
    app.lacks(&["No entry matches", "searched back", "Searching"]);
    assert_eq!(fake.count(is_older_page), 4);
    // Polling examines only new entries, although the only match is an old entry.
    for at in 0..3 {
        fake.world.lock().unwrap().record(0, LOGIN, &format!("zoe-{at}"), 0);
        app.pass(1_000).await;
    }
    app.shows(&["zoe-0", "zoe-1", "zoe-2"]);
    assert_eq!(fake.count(is_older_page), 4);
}

#[tokio::test]
async fn unfinished_search_does_not_claim_the_end_of_the_log() {
    let fake = FakeServer::new(world_with_rare_entry(4 * EXAMINED));
    let app = App::start(fake.clone(), 120, 24).await;
    app.keys("3 /").await;
    fake.hold_older_pages(true);
    app.keys_show("'zoe'", &["Searching… no match back to 20", "searched back to 20"]).await;
    app.lacks(&["No entry matches"]);
    fake.hold_older_pages(false);
    app.wait_until_idle().await;
    app.shows(&["▌", "zoe"]);
    app.lacks(&["Searching", "searched back"]);
}

#[tokio::test]
async fn new_filter_cancels_the_running_search() {
    let fake = FakeServer::new(world_with_rare_entry(4 * EXAMINED));
    let app = App::start(fake.clone(), 120, 24).await;
    app.keys("3 /").await;
    fake.hold_older_pages(true);
    app.keys_show("'zoe'", &["Searching…"]).await;
    app.keys_show("backspace backspace backspace 'user-0'", &["user-0", "text: user-0"]).await;
    fake.hold_older_pages(false);
    app.wait_until_idle().await;
    let is_cancelled = |call: &BackendRequest| matches!(call, BackendRequest::Audit(query, AuditPosition::Before(_)) if query.text.as_deref() == Some("zoe"));
    assert_eq!(fake.count(is_cancelled), 0, "the cancelled search continued");
}

#[tokio::test]
async fn filter_without_match_polls_only_new_entries() {
    let fake = FakeServer::new(world_with_rare_entry(4 * EXAMINED));
    let mut app = App::start(fake.clone(), 120, 24).await;
    app.keys_show("3 / 'nobody'", &["No entry matches the filters."]).await;
    let pages = fake.count(|call| matches!(call, BackendRequest::Audit(..)));
    for _ in 0..5 {
        app.pass(1_000).await;
    }
    let polls = fake.count(|call| matches!(call, BackendRequest::Audit(..))) - pages;
    assert!(polls <= 6, "{polls} requests in 5 s");
    fake.world.lock().unwrap().record(0, LOGIN, "nobody", 0);
    app.pass(1_000).await;
    app.shows(&["nobody"]);
    app.lacks(&["No entry matches"]);
}

#[tokio::test]
async fn search_pauses_while_its_screen_is_hidden() {
    let fake = FakeServer::new(world_with_rare_entry(4 * EXAMINED));
    let mut app = App::start(fake.clone(), 120, 24).await;
    app.keys("3 /").await;
    fake.hold_older_pages(true);
    app.keys("'zoe' enter 1").await;
    app.pass(5_000).await;
    fake.hold_older_pages(false);
    app.wait_until_idle().await;
    assert_eq!(fake.count(is_older_page), 1, "the hidden search continued");
    app.keys("3").await;
    app.pass(100).await;
    app.shows(&["▌", "zoe"]);
    app.lacks(&["Searching", "searched back"]);
}
