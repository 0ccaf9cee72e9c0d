//! Keys, mouse, help, command palette, sizes and colours. The app never waits for the server before it handles a key.

use crossterm::event::MouseEventKind;
use doorward_admin::{request::BackendRequest, ui::Theme};
use doorward_shared::AuditType;

use crate::{
    data,
    fake_server::{FakeServer, start},
    harness::App,
};

#[tokio::test]
async fn unresponsive_server_does_not_block_the_app() {
    let (fake, mut app) = start(80, 24).await;
    app.keys("2").await;
    fake.hold(true);
    app.keys("r").await;
    let one = app.screen();
    app.shows(&["Acme Bank"]);
    app.pass(100).await;
    assert_ne!(one, app.screen(), "the activity indicator does not move");
    app.keys_show("j j", &["▌Initech"]).await;
    app.keys_show("enter", &["Tenants › Initech", "Loading"]).await;
    app.keys_show("l l ? esc : esc 3", &["Audit log", "Loading"]).await;
    app.keys_show("2 esc n 'Wonka' enter", &["working… esc stops waiting"]).await;
    app.keys("esc").await;
    app.lacks(&["working"]);
    app.keys("q").await;
    assert!(app.has_ended().await);
}

#[tokio::test]
async fn late_response_to_an_outdated_filter_is_ignored() {
    let (fake, mut app) = start(80, 24).await;
    app.keys("2 /").await;
    fake.hold(true);
    app.keys("'glo'").await;
    app.pass(200).await;
    app.keys("backspace backspace backspace 'hoo'").await;
    app.pass(200).await;
    fake.hold(false);
    app.wait_until_idle().await;
    app.shows(&["Hooli", "1 tenant"]);
    app.lacks(&["Globex"]);
}

#[tokio::test]
async fn filter_sends_the_first_request_immediately_and_the_next_after_each_response() {
    let (fake, app) = start(80, 24).await;
    app.keys("2 /").await;
    let requested = |fake: &FakeServer| {
        let text = |call| match call {
            BackendRequest::Tenants(query) => query.text,
            _ => None,
        };
        fake.calls().into_iter().filter_map(text).collect::<Vec<_>>()
    };
    app.keys("'g'").await;
    assert_eq!(requested(&fake), ["g"]);
    fake.hold(true);
    app.keys("'lob'").await;
    fake.hold(false);
    app.wait_until_idle().await;
    assert_eq!(requested(&fake), ["g", "gl", "glob"]);
    app.shows(&["1 tenant", "Globex"]);
}

#[tokio::test]
async fn filter_does_not_wait_for_a_slow_response_after_a_pause_in_typing() {
    let (fake, mut app) = start(80, 24).await;
    app.keys("2 enter l l l /").await;
    fake.hold(true);
    app.keys("'ali'").await;
    app.pass(200).await;
    fake.hold(false);
    app.wait_until_idle().await;
    let requested: Vec<_> = fake
        .calls()
        .into_iter()
        .filter(|call| matches!(call, BackendRequest::Users(_, query) if query.text.is_some()))
        .collect();
    assert!(
        matches!(requested.as_slice(), [BackendRequest::Users(_, query)] if query.text.as_deref() == Some("ali")),
        "{requested:?}"
    );
}

#[tokio::test]
async fn changed_order_selects_the_first_row() {
    let app = App::start(FakeServer::new(data::world()), 100, 24).await;
    app.keys_show("2 j j S", &["Active ↑"]).await;
    let rows: Vec<String> = app.screen().lines().skip(4).map(str::to_owned).collect();
    assert!(rows[0].starts_with("▌Hooli"), "{rows:?}");
    app.keys("j r").await;
    let rows: Vec<String> = app.screen().lines().skip(4).map(str::to_owned).collect();
    assert!(rows[1].starts_with('▌'), "a reload moved the selection: {rows:?}");
}

#[tokio::test]
async fn suspended_app_redraws_the_terminal_when_resumed() {
    let app = App::start(FakeServer::new(data::world()), 80, 24).await;
    app.keys("2 n").await;
    let (before, cleared) = (app.screen(), app.cleared());
    app.keys("^z").await;
    assert_eq!(app.suspended(), (1, 1));
    assert_eq!(app.screen(), before);
    assert!(app.cleared() > cleared, "the output of the shell is still visible");
    // Another process stops and later resumes the app. The window is resized before the app resumes.
    app.resize_silently(100, 30);
    app.resume().await;
    assert_eq!(app.suspended(), (1, 2));
    assert_eq!(app.screen().lines().count(), 30);
    app.shows(&["New tenant"]);
}

#[tokio::test]
async fn panic_in_a_task_ends_the_app() {
    let (fake, app) = start(80, 24).await;
    fake.panic();
    app.keys("2").await;
    assert_eq!(app.panicked().await, "the client panics");
}

#[tokio::test]
async fn help_lists_the_keys_of_the_screen() {
    let app = App::start(FakeServer::new(data::world()), 100, 50).await;
    app.keys_show("2 ?", &["╭ Keys ", "Tenants", "create a tenant", "Everywhere", "find a command"]).await;
    app.keys_show("esc 3 ?", &["pause or resume the live log"]).await;
    app.lacks(&["create a tenant"]);
    // The help can be scrolled if it is larger than the terminal.
    app.keys("esc").await;
    app.resize(80, 24).await;
    app.keys("?").await;
    app.lacks(&["invisible or misleading"]);
    app.keys_show("G", &["invisible or misleading"]).await;
    app.keys("q").await;
    app.lacks(&["╭ Keys "]);
    assert!(!app.has_ended().await);
}

#[tokio::test]
async fn palette_runs_commands_by_name() {
    let mut app = App::start(FakeServer::new(data::world()), 80, 24).await;
    app.keys_show(": 'admin tok' enter", &["3 tokens"]).await;
    app.keys_show("1 : 'adtok' enter", &["3 tokens"]).await;
    app.keys(": 'no such thing'").await;
    app.pass(200).await;
    app.shows(&["Nothing matches."]);
    app.keys_show("enter esc", &["3 tokens"]).await;
    app.keys_show(": 'create' enter", &["New admin token"]).await;
}

#[tokio::test]
async fn mouse_selects_opens_switches_and_scrolls() {
    let app = App::start(FakeServer::new(data::world()), 100, 30).await;
    app.click("Tenants").await;
    app.shows(&["8 tenants"]);
    app.click("Initech").await;
    app.shows(&["▌Initech"]);
    app.click("Initech").await;
    app.shows(&["Tenants › Initech"]);
    app.click("Users").await;
    app.shows(&["There are no users yet."]);
    app.click("Tenants ›").await;
    app.shows(&["8 tenants"]);
    app.wheel(MouseEventKind::ScrollDown).await;
    app.shows(&["▌東京電力"]);
    app.wheel(MouseEventKind::ScrollUp).await;
    app.shows(&["▌Initech"]);
    app.click("n new").await;
    app.shows(&["New tenant"]);
    // Click targets behind an overlay do not react.
    app.click("Hooli").await;
    app.shows(&["New tenant"]);
    app.keys("esc").await;
    app.click(": command").await;
    app.keys("'tokens'").await;
    app.click("go to the admin tokens").await;
    app.shows(&["3 tokens"]);
}

#[tokio::test]
async fn every_screen_is_drawn_in_every_size() {
    let app = App::start(FakeServer::new(data::world()), 80, 24).await;
    for keys in ["1", "2", "2 enter", "l", "l", "l", "enter", "esc h h h h", "h", "3", "4", "?"] {
        app.keys(keys).await;
        for (columns, rows) in [(20, 5), (50, 12), (80, 24), (119, 30), (131, 20), (300, 90), (80, 24)] {
            app.resize(columns, rows).await;
            assert!(!app.has_ended().await, "{keys} at {columns}x{rows}");
        }
    }
    app.resize(30, 8).await;
    app.shows(&["Make me larger"]);
}

#[tokio::test]
async fn selection_and_active_section_are_visible_without_colour() {
    use ratatui::style::{Color, Modifier};
    let app = App::start_in(FakeServer::new(data::world()), 80, 24, Theme::Plain, std::path::PathBuf::new()).await;
    for keys in ["1", "2", "2 enter", "3", "n", "esc"] {
        app.keys(keys).await;
        let buffer = app.buffer();
        assert!(buffer.content().iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset), "{keys}");
        assert!(buffer.content().iter().any(|cell| cell.modifier.contains(Modifier::REVERSED)), "{keys}");
    }
    app.keys("T").await;
    assert!(app.buffer().content().iter().any(|cell| cell.fg != Color::Reset));
}

#[tokio::test]
async fn theme_16_uses_only_the_terminals_own_colours() {
    use ratatui::style::Color;
    let app = App::start_in(FakeServer::new(data::world()), 80, 24, Theme::Sixteen, std::path::PathBuf::new()).await;
    for keys in ["1", "2", "3"] {
        app.keys(keys).await;
        let rich = |color: Color| matches!(color, Color::Indexed(_) | Color::Rgb(..));
        assert!(app.buffer().content().iter().all(|cell| !rich(cell.fg) && !rich(cell.bg)));
    }
}

#[tokio::test]
async fn terminal_is_cleared_when_characters_of_ambiguous_width_change() {
    let app = App::start(FakeServer::new(data::world()), 80, 24).await;
    app.keys("2 enter esc 3").await;
    assert_eq!(app.cleared(), 0, "cleared without need");
    let mut world = data::world();
    world.tenants[0].summary.tenant.display_name = "रोहन".to_owned();
    let app = App::start(FakeServer::new(world), 80, 24).await;
    app.keys("2").await;
    let before = app.cleared();
    app.keys("enter").await;
    assert!(app.cleared() > before);
    app.keys_show("l", &["API keys", "रोहन"]).await;
}

#[tokio::test]
async fn ids_and_entries_are_copied() {
    let app = App::start(FakeServer::new(data::world()), 80, 24).await;
    app.keys("2 y enter y l l l enter y 3 y").await;
    let copied = app.copied();
    let id = crate::fake_server::tenant_id(0).to_string();
    assert_eq!(copied[..3], [id.clone(), id, "alice".to_owned()]);
    assert!(copied[3].contains("\"type\": \"webauthn_transaction_final_succeeded\""), "{}", copied[3]);
}

#[tokio::test]
async fn ctrl_c_and_signals_end_the_app() {
    let app = App::start(FakeServer::new(data::world()), 80, 24).await;
    app.keys("2 n ^c").await;
    assert!(app.has_ended().await, "ctrl-c in a dialog");
    let app = App::start(FakeServer::new(data::world()), 80, 24).await;
    app.stop().await;
    assert!(app.has_ended().await, "a signal");
}

#[tokio::test]
async fn refusals_name_tenants_that_are_not_among_the_busiest() {
    let mut world = data::world();
    for number in 0..12 {
        world.add_tenant(&format!("Quiet {number}"));
    }
    let last = world.tenants.len() - 1;
    world.record(last, AuditType::MfaAuthenticationFinalFailed, "zoe", 1_000);
    let app = App::start(FakeServer::new(world), 160, 48).await;
    let screen = app.screen();
    let row = screen.lines().find(|line| line.contains("zoe")).unwrap();
    assert!(row.contains("Quiet 11"), "{row}");
}

#[tokio::test]
async fn screens_refresh_only_while_they_are_visible() {
    let (fake, mut app) = start(80, 24).await;
    let overviews = || fake.count(|call| matches!(call, BackendRequest::Overview(_)));
    app.pass(4_000).await;
    assert_eq!(overviews(), 1);
    app.pass(2_000).await;
    assert_eq!(overviews(), 2);
    app.keys("3").await;
    app.pass(6_000).await;
    assert_eq!(overviews(), 2, "refreshed behind another screen");
    // When a screen becomes visible again, it shows its previous content and reloads.
    fake.hold(true);
    app.keys_show("1", &["Busiest tenants", "Acme Bank"]).await;
}

#[tokio::test]
async fn form_scrolls_to_the_focused_field_in_the_smallest_terminal() {
    let app = App::start(FakeServer::new(data::world()), 50, 12).await;
    app.keys_show("3 f", &["Outcome", "⏎ apply   esc cancel"]).await;
    app.keys_show("tab tab tab tab tab 'alice'", &["Text     alice", "⏎ apply   esc cancel"]).await;
    app.keys_show("enter", &["text: alice"]).await;
}
