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
async fn new_entries_appear_within_half_a_second() {
    let (fake, mut app) = start(80, 24).await;
    app.keys("3").await;
    fake.world.lock().unwrap().record(0, LOGIN, "zoe", 0);
    app.lacks(&["zoe"]);
    app.pass(500).await;
    app.shows(&["zoe", "live"]);
    // Each poll requests the entries after the newest one.
    let polls = || fake.count(|call| matches!(call, BackendRequest::Audit(_, AuditPosition::After(_))));
    assert_eq!(polls(), 1);
    app.pass(300).await;
    assert_eq!(polls(), 1, "more than two polls a second");
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
    let counts = || fake.count(|call| matches!(call, BackendRequest::AuditCount(_)));
    let before = counts();
    app.pass(500).await;
    assert_eq!(counts(), before, "more than one count a second");
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
    for at in 4_000..4_250 {
        fake.world.lock().unwrap().record(0, LOGIN, &format!("user-{at:04}"), 0);
    }
    app.pass(1_000).await;
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

/// A world whose log has one old entry of `zoe` and then `newer` entries of other users.
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
    // Polls request only newer entries. They do not search the older pages again.
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

/// Records logins, one per millisecond. The newest login is `newest_ago` milliseconds old.
fn record_logins(fake: &FakeServer, users: std::ops::Range<usize>, newest_ago: i64) {
    let mut world = fake.world.lock().unwrap();
    let last = users.end;
    for at in users {
        world.record(0, LOGIN, &format!("user-{at:04}"), newest_ago + i64::try_from(last - at).unwrap());
    }
}

fn selected(app: &App) -> String {
    app.screen().lines().find(|line| line.starts_with('▌')).unwrap_or_default().chars().take(60).collect()
}

#[tokio::test]
async fn busy_log_follows_the_newest_entries_and_counts_those_passed_over() {
    let (fake, mut app) = start(120, 40).await;
    let requests = || fake.count(|call| matches!(call, BackendRequest::Audit(..) | BackendRequest::AuditCount(_)));
    let before = requests();
    app.keys("3").await;
    record_logins(&fake, 0..1_000, 20_000);
    app.pass(1_000).await;
    // The app loads only the newest page. It leaves out the 900 entries between this page and the old entries.
    app.shows(&["user-0999", "live · 900 passed over"]);
    record_logins(&fake, 1_000..4_000, 10_000);
    app.pass(1_000).await;
    app.shows(&["user-3999", "live · 3800 passed over"]);
    let requests = requests() - before;
    assert!(requests <= 6, "{requests} requests for two polls");
    // When fewer entries arrive than a page contains, the log continues without a gap.
    record_logins(&fake, 4_000..4_010, 5_000);
    app.pass(1_000).await;
    app.shows(&["user-4009", "user-4000", "user-3999", "live · 3800 passed over"]);
}

#[tokio::test]
async fn gap_is_marked_and_its_entries_are_loaded() {
    let (fake, mut app) = start(120, 40).await;
    app.keys("3").await;
    record_logins(&fake, 0..350, 20_000);
    app.pass(1_000).await;
    for _ in 0..100 {
        app.keys("j").await;
    }
    app.shows(&["··· 250 entries passed over", "user-0250"]);
    assert!(selected(&app).contains("passed over"), "{}", selected(&app));
    app.lacks(&["user-0249"]);
    app.keys_show("enter", &["user-0250", "user-0249", "user-0248", "paused"]).await;
    app.lacks(&["passed over"]);
    // Scrolling up loads the newer entries again.
    for _ in 0..5 {
        app.keys("g").await;
    }
    app.shows(&["user-0349", "paused"]);
    app.keys_show("space", &["user-0349", "live"]).await;
}

#[tokio::test]
async fn gap_can_be_clicked() {
    let (fake, mut app) = start(120, 40).await;
    app.keys("3").await;
    record_logins(&fake, 0..350, 20_000);
    app.pass(1_000).await;
    for _ in 0..4 {
        app.keys("pgdn").await;
    }
    app.click("250 entries passed over").await;
    app.click("250 entries passed over").await;
    app.shows(&["user-0250", "user-0249", "paused"]);
}

#[tokio::test]
async fn selected_entry_is_never_cut_from_a_busy_log() {
    let (fake, mut app) = start(120, 40).await;
    app.keys("3 j j enter").await;
    let before = selected(&app);
    let details = |app: &App| app.screen().lines().any(|line| line.contains("request id") && line.contains("req-0046"));
    assert!(details(&app), "{}", app.screen());
    for round in 0..30 {
        record_logins(&fake, round * 90..(round + 1) * 90, 10_000 - i64::try_from(round).unwrap() * 100);
        app.pass(1_000).await;
    }
    app.pass(1_000).await;
    assert_eq!(selected(&app), before);
    assert!(details(&app), "another entry is open:\n{}", app.screen());
    app.shows(&["paused · ", " new"]);
    // The user can still scroll to the entries above.
    app.keys_show("g", &["user-"]).await;
    assert_ne!(selected(&app), before);
    app.keys_show("space g", &["user-2699", "live"]).await;
}

#[tokio::test]
async fn rows_cut_while_older_ones_are_requested_leave_no_gap() {
    let mut world = data::world();
    for at in 0..3_000_usize {
        world.record(0, LOGIN, &format!("old-{at:04}"), 200_000 - i64::try_from(at).unwrap());
    }
    let fake = FakeServer::new(world);
    let mut app = App::start(fake.clone(), 80, 24).await;
    app.keys("3").await;
    for _ in 0..18 {
        app.keys("G").await;
    }
    // The server holds back older entries. The test selects the newest entry.
    fake.hold_older_pages(true);
    app.keys("G g").await;
    for round in 0..3 {
        record_logins(&fake, round * 90..(round + 1) * 90, 10_000 - i64::try_from(round).unwrap() * 100);
        app.pass(1_000).await;
    }
    fake.hold_older_pages(false);
    app.wait_until_idle().await;
    app.keys("space").await;
    let mut seen = Vec::new();
    for _ in 0..200 {
        seen.extend(app.screen().split_whitespace().filter_map(|word| word.strip_prefix("old-")?.parse::<i32>().ok()));
        app.keys("pgdn").await;
    }
    seen.dedup();
    let gap = seen.windows(2).find(|pair| pair[0] - pair[1] > 1);
    assert_eq!(gap, None, "entries are missing");
}

#[tokio::test]
async fn log_without_following_is_not_called_live() {
    let (fake, mut app) = start(120, 24).await;
    app.keys_show("3", &["live"]).await;
    // The filter ends in the past.
    app.keys("/ 'until:1h' enter").await;
    app.shows(&["until: 2026-11-25 09:30:00", "not live: the filter ends in the past"]);
    app.keys("x").await;
    // The server does not respond.
    app.pass(1_000).await;
    fake.hold(true);
    app.pass(1_000).await;
    app.pass(6_000).await;
    app.shows(&["no response for"]);
    fake.hold(false);
    app.pass(1_000).await;
    app.pass(1_000).await;
    app.shows(&["live"]);
    app.lacks(&["no response"]);
    // The server refuses the requests.
    let code = doorward_shared::ErrorCode::ValidationFailed;
    fake.fail(Some(crate::fake_server::refusal(code, "unable to validate request", "q is too long")));
    app.pass(1_000).await;
    app.shows(&["not live: the last request failed"]);
    fake.fail(None);
    app.pass(1_000).await;
    app.lacks(&["not live"]);
}

#[tokio::test]
async fn clock_that_is_set_back_does_not_stop_the_live_log() {
    let (fake, mut app) = start(120, 24).await;
    app.keys("3").await;
    app.pass(1_000).await;
    app.step_clock(-3_600_000);
    fake.world.lock().unwrap().record(0, LOGIN, "zoe", 0);
    app.pass(1_000).await;
    app.shows(&["zoe", "live"]);
    // The app also continues to refresh and to check the connection.
    app.keys("1").await;
    let overviews = fake.count(|call| matches!(call, BackendRequest::Overview(_)));
    app.pass(6_000).await;
    assert!(fake.count(|call| matches!(call, BackendRequest::Overview(_))) > overviews);
    fake.fail(Some(crate::fake_server::unreachable()));
    app.pass(6_000).await;
    app.shows(&["disconnected"]);
    fake.fail(None);
    app.step_clock(-3_600_000);
    for _ in 0..6 {
        app.pass(1_000).await;
    }
    app.lacks(&["disconnected"]);
}
