//! The live log.

use doorward_admin::backend::{AuditAt, Call};
use doorward_shared::AuditType;

use crate::{data, fake::Fake, harness::App};

const LOGIN: AuditType = AuditType::MfaAuthenticationFinalSucceeded;

#[tokio::test]
async fn what_happens_is_seen_within_a_second() {
    let fake = Fake::new(data::world());
    let mut app = App::start(fake.clone(), 80, 24).await;
    app.keys("3").await;
    fake.world.lock().unwrap().happen(0, LOGIN, "zoe", 0);
    app.lacks(&["zoe"]);
    app.pass(1_000).await;
    app.shows(&["zoe", "live"]);
    // Each poll goes on from the newest entry, and asks for nothing that is there already.
    let polls = fake.count(|call| matches!(call, Call::Audit(_, AuditAt::After(_))));
    assert_eq!(polls, 1);
    app.pass(300).await;
    assert_eq!(fake.count(|call| matches!(call, Call::Audit(..))), 2, "more than one poll a second");
}

#[tokio::test]
async fn a_paused_log_stands_still_and_counts() {
    let fake = Fake::new(data::world());
    let mut app = App::start(fake.clone(), 80, 24).await;
    app.keys("3 space").await;
    app.shows(&["paused"]);
    for _ in 0..3 {
        fake.world.lock().unwrap().happen(0, LOGIN, "zoe", 0);
        app.pass(1_000).await;
    }
    app.shows(&["paused · 3 new", "resume"]);
    app.lacks(&["zoe"]);
    app.keys("space").await;
    app.shows(&["live"]);
    assert_eq!(app.screen().matches("zoe").count(), 3);
}

#[tokio::test]
async fn who_reads_further_down_is_not_disturbed() {
    let fake = Fake::new(data::world());
    let mut app = App::start(fake.clone(), 80, 24).await;
    app.keys("3 j j j").await;
    let selected = |app: &App| app.screen().lines().find(|line| line.starts_with('▌')).unwrap().to_owned();
    let before = selected(&app);
    for _ in 0..5 {
        fake.world.lock().unwrap().happen(0, LOGIN, "zoe", 0);
    }
    app.pass(1_000).await;
    assert_eq!(selected(&app)[..40], before[..40]);
    app.keys("g").await;
    app.shows(&["zoe"]);
}

#[tokio::test]
async fn a_log_that_was_empty_fills() {
    let mut world = data::World::default();
    world.add_tenant("Acme");
    let fake = Fake::new(world);
    let mut app = App::start(fake.clone(), 80, 24).await;
    app.keys("3").await;
    app.shows(&["The log is empty."]);
    fake.world.lock().unwrap().happen(0, LOGIN, "zoe", 0);
    app.pass(1_000).await;
    app.shows(&["zoe"]);
}

#[tokio::test]
async fn bursts_and_a_long_way_back_keep_the_rows_bounded() {
    let mut world = data::world();
    for at in 0..4_000 {
        world.happen(0, LOGIN, &format!("user-{at:04}"), 0);
    }
    let fake = Fake::new(world);
    let mut app = App::start(fake.clone(), 80, 24).await;
    app.keys("3").await;
    app.shows(&["user-3999"]);
    // A burst of 250 between two polls arrives whole, slice by slice.
    for at in 4_000..4_250 {
        fake.world.lock().unwrap().happen(0, LOGIN, &format!("user-{at:04}"), 0);
    }
    for _ in 0..4 {
        app.pass(1_000).await;
    }
    app.shows(&["user-4249", "user-4248"]);
    // All the way back: older entries come while scrolling, the newest go, and the log says that it stands still.
    for _ in 0..60 {
        app.keys("G").await;
    }
    app.shows(&["admin token created", "paused"]);
    app.keys("g").await;
    app.lacks(&["user-4249"]);
    app.keys("space").await;
    app.shows(&["user-4249", "live"]);
}

#[tokio::test]
async fn the_log_of_one_tenant_shows_no_other() {
    let fake = Fake::new(data::world());
    let app = App::start(fake.clone(), 100, 24).await;
    app.keys("2 j a").await;
    app.shows(&["Tenants › Audit log of Globex"]);
    app.lacks(&["Acme Bank", "Tenant  "]);
}
