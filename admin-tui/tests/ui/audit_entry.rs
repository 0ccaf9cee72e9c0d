//! The complete audit entry, and the times of entries.

use std::path::PathBuf;

use crossterm::event::MouseEventKind;
use doorward_admin::{settings::Settings, ui::Theme, zone::Zone};
use doorward_shared::AuditType;
use serde_json::json;

use crate::{data, fake_server::FakeServer, harness::App};

const DAY: i64 = 86_400_000;

/// A world whose newest entry records a changed configuration with many values.
fn world_with_change() -> data::World {
    let mut world = data::world();
    world.record(0, AuditType::TenantConfigUpdated, "ops", 0);
    let origins = |name: &str| {
        let kept = "https://kept.example".to_owned();
        (0..12).map(|at| format!("https://{name}{at}.example")).chain([kept]).collect()
    };
    let config = |timeout: u32, origins: Vec<String>| json!({ "webauthn": { "timeout": timeout, "origins": origins } });
    let detail = json!({
        "before": config(60_000, origins("old")),
        "after": config(1_000, origins("new")),
    });
    world.audit.last_mut().unwrap().entry.detail = Some(detail);
    world
}

#[tokio::test]
async fn change_is_shown_as_a_difference_that_scrolls() {
    for (columns, rows) in [(160, 30), (80, 24)] {
        let app = App::start(FakeServer::new(world_with_change()), columns, rows).await;
        app.keys("3 enter").await;
        app.lacks(&["- 60000", "{"]);
        app.keys("tab").await;
        let mut seen = String::new();
        for _ in 0..80 {
            app.keys("j").await;
            seen.push_str(&app.screen());
        }
        for text in ["webauthn.timeout", "- 60000", "+ 1000", "- https://old11.example", "+ https://new0.example"] {
            assert!(seen.contains(text), "{text} was not shown at {columns}x{rows}");
        }
        assert!(!seen.contains("https://kept.example"), "a value that did not change is shown");
        app.shows(&["+ 1000"]);
        // Scrolling down ends at the last row. Scrolling up starts from there.
        app.keys("G").await;
        let end = app.screen();
        app.keys("j").await;
        assert_eq!(app.screen(), end);
        app.keys("k").await;
        assert_ne!(app.screen(), end);
        app.keys_show("esc", &["live"]).await;
    }
}

#[tokio::test]
async fn entry_is_scrolled_with_the_mouse() {
    let app = App::start(FakeServer::new(world_with_change()), 160, 30).await;
    app.keys("3").await;
    app.click("user agent").await;
    for _ in 0..30 {
        app.wheel(MouseEventKind::ScrollDown).await;
    }
    app.shows(&["+ 1000"]);
    // A click on the list returns the focus to the list.
    app.click("mfa login started").await;
    app.lacks(&["+ 1000"]);
    app.shows(&["mfa_authentication_init_succeeded"]);
}

#[tokio::test]
async fn changed_values_differ_in_colour() {
    use ratatui::style::Color;
    let app = App::start(FakeServer::new(world_with_change()), 160, 70).await;
    app.keys("3").await;
    let buffer = app.buffer();
    let color = |text: &str| {
        let (x, y) = app.find(text).unwrap();
        buffer[(x, y)].fg
    };
    assert_eq!((color("- 60000"), color("+ 1000")), (Color::Indexed(203), Color::Indexed(114)));
}

fn world_of_days() -> data::World {
    let mut world = data::World::default();
    world.add_tenant("Acme");
    for (user, ago) in [("old", 2 * DAY), ("late", DAY - 13 * 3_600_000), ("new", 60_000)] {
        world.record(0, AuditType::MfaAuthenticationFinalSucceeded, user, ago);
    }
    world
}

/// Returns the lines of the list between its header and the key bar, without empty ones.
fn list(app: &App) -> Vec<String> {
    let screen = app.screen();
    let lines = screen.lines().skip_while(|line| !line.contains("Time ")).skip(1).take(8);
    lines.filter(|line| !line.trim().is_empty()).map(|line| line.chars().take(20).collect()).collect()
}

#[tokio::test]
async fn entries_of_earlier_days_have_a_time_and_a_date() {
    // 11 h before 10:30 is 23:30 of the day before.
    let app = App::start(FakeServer::new(world_of_days()), 80, 24).await;
    app.keys_show("3", &["Time (UTC)"]).await;
    let lines = list(&app);
    assert!(lines[0].contains("10:29:00"), "{lines:?}");
    assert!(lines[1].contains("── 2026-11-24 ──"), "{lines:?}");
    assert!(lines[2].contains("23:30:00"), "{lines:?}");
    assert!(lines[3].contains("── 2026-11-23 ──"), "{lines:?}");
    assert!(lines[4].contains("10:30:00"), "{lines:?}");
    // The rows that show a date cannot be selected.
    let selected = |app: &App| app.screen().lines().find(|line| line.starts_with('▌')).unwrap().to_owned();
    for (keys, user) in [("j", "late"), ("j", "old"), ("k", "late"), ("k", "new"), ("G", "old"), ("g", "new")] {
        app.keys(keys).await;
        assert!(selected(&app).contains(user), "{keys}: {}", selected(&app));
    }
    app.click("── 2026-11-24 ──").await;
    assert!(selected(&app).contains("late"));
    // In local time, which is an hour ahead of UTC, the second entry is from today.
    app.keys("Z").await;
    app.shows(&["Time +01:00"]);
    let lines = list(&app);
    assert!(lines[0].contains("11:29:00") && lines[1].contains("00:30:00"), "{lines:?}");
    assert!(lines[2].contains("── 2026-11-23 ──") && lines[3].contains("11:30:00"), "{lines:?}");
    app.keys_show("Z", &["Time (UTC)"]).await;
}

#[tokio::test]
async fn configured_local_time_is_used_from_the_start() {
    let settings = Settings { uses_local_time: true, local: Zone::posix("CET-1").unwrap(), ..Settings::default() };
    let fake = FakeServer::new(world_of_days());
    let app = App::start_with(fake, 160, 30, Theme::Dark, PathBuf::new(), settings).await;
    app.keys_show("3", &["Time +01:00", "11:29:00", "2026-11-25 11:29:00.000 +01:00"]).await;
    // Times in searches are local as well.
    app.keys_show("/ 'since:2026-11-25T11:00' enter", &["from: 2026-11-25 11:00:00", "new"]).await;
    app.lacks(&["late"]);
}
