//! The server's name and address in the header, small terminals, and the chosen theme.

use std::path::PathBuf;

use doorward_admin::{
    appearance::{ProfileColor, ProfileLabel},
    model::Options,
    ui::Theme,
};
use ratatui::buffer::Buffer;

use crate::{
    data,
    fake_server::{FakeServer, start},
    harness::{App, options},
};

async fn start_production(columns: u16, rows: u16, production: bool) -> App {
    let options = Options {
        server: "https://admin.example.com".to_owned(),
        profile: Some(ProfileLabel { name: "live".to_owned(), color: Some(ProfileColor::Red), production }),
        ..options(Theme::Dark, PathBuf::new())
    };
    App::start_full(FakeServer::new(data::world()), (columns, rows), options, Vec::new()).await
}

#[tokio::test]
async fn server_profile_and_role_are_visible_in_every_size() {
    for (columns, rows) in [(60, 15), (80, 24), (100, 30), (200, 50)] {
        let app = start_production(columns, rows, true).await;
        for keys in ["1", "2", "2 enter", "3", "4"] {
            app.keys_show(keys, &[" live ", "PRODUCTION", "https://admin.example.com", "ops (admin)"]).await;
        }
    }
    // The smallest terminal truncates a long address.
    let app = start_production(50, 12, true).await;
    app.shows(&[" live ", "PRODUCTION", "https://ad", "ops (admin)"]);
    let (_fake, app) = start(80, 24).await;
    app.shows(&["127.0.0.1:8001  ops (admin)"]);
}

#[tokio::test]
async fn active_tab_is_visible_in_narrow_terminals() {
    let tabs = ["Activity", "API keys", "Signing keys", "Users", "Transactions", "Trust", "Configuration"];
    for (columns, rows) in [(50, 12), (50, 24), (60, 20)] {
        let (_fake, app) = start(columns, rows).await;
        app.keys_show("2 enter", &["Activity", " ›"]).await;
        for (index, tab) in tabs.iter().enumerate() {
            app.shows(&[tab]);
            let (x, y) = app.find(tab).unwrap();
            let (other, _) = app.find(tabs[(index + 1) % tabs.len()]).unwrap_or((0, y));
            let style = |x: u16| app.buffer()[(x, y)].style();
            assert_ne!(style(x), style(other), "{tab} is not highlighted");
            app.keys("l").await;
        }
    }
    let (_fake, app) = start(50, 24).await;
    app.keys("2 enter").await;
    app.lacks(&["Configuration"]);
    // A click on an arrow selects the next hidden tab.
    for _ in 0..3 {
        app.click_last("›").await;
    }
    app.shows(&["Configuration", "Relying party"]);
    app.keys("h").await;
    app.click_last("‹").await;
    app.shows(&["Activity", "Begins with"]);
}

#[tokio::test]
async fn active_section_and_connection_are_visible_in_the_narrowest_terminal() {
    let (_fake, app) = start(50, 12).await;
    for (key, name) in [("1", "1 Overview"), ("2", "2 Tenants"), ("3", "3 Audit log"), ("4", "4 Admin tokens")] {
        app.keys_show(key, &[name, "●"]).await;
    }
}

#[tokio::test]
async fn destructive_dialogs_repeat_that_the_server_is_in_production() {
    let app = start_production(80, 24, true).await;
    let mark = "PRODUCTION  live: https://admin.example.com";
    app.keys_show("2 d", &["Delete tenant", mark]).await;
    app.keys("esc n").await;
    app.lacks(&[mark]);
    app.keys_show("esc enter l d", &["Revoke API key", mark]).await;
    let app = start_production(80, 24, false).await;
    app.keys("2 d").await;
    app.lacks(&["PRODUCTION"]);
}

#[tokio::test]
async fn chosen_theme_is_kept() {
    let (_fake, app) = start(80, 24).await;
    app.keys("T T").await;
    assert_eq!(app.kept_themes(), ["light", "16"]);
}

#[tokio::test]
async fn terminal_below_the_minimum_asks_to_be_made_larger() {
    for (columns, rows) in [(49, 12), (50, 11), (20, 5)] {
        let (_fake, app) = start(columns, rows).await;
        app.shows(&["Make me larger"]);
    }
}

fn symbol(buffer: &Buffer, x: u16, y: u16) -> &str {
    buffer.cell((x, y)).map_or("", |cell| cell.symbol())
}

/// Returns a description of the first panel whose border is incomplete.
fn broken_border(buffer: &Buffer) -> Option<String> {
    let area = buffer.area;
    for (left, top) in (0..area.height).flat_map(|y| (0..area.width).map(move |x| (x, y))) {
        if symbol(buffer, left, top) != "╭" {
            continue;
        }
        let right = (left..area.width).find(|x| symbol(buffer, *x, top) == "╮");
        let bottom = (top + 1..area.height).find(|y| symbol(buffer, left, *y) != "│");
        let (Some(right), Some(bottom)) = (right, bottom) else { return Some(format!("no end of {left},{top}")) };
        let is_closed = symbol(buffer, left, bottom) == "╰" && symbol(buffer, right, bottom) == "╯";
        if !is_closed || (top + 1..bottom).any(|y| !["│", "┃"].contains(&symbol(buffer, right, y))) {
            return Some(format!("panel at {left},{top} to {right},{bottom}"));
        }
    }
    None
}

#[tokio::test]
async fn borders_and_selection_are_visible_in_the_smallest_terminals() {
    let screens = "1, 1 tab, 2, 2 enter, 2 e, 2 enter l, 2 enter l l, 2 enter l l l, 2 enter l l l enter, \
        2 enter l l l j enter tab, 2 enter l l l l, 3, 4, 2 n, 2 d, 3 f, 3 t, ?, :";
    for (columns, rows) in [(50, 12), (60, 15)] {
        for keys in screens.split(", ") {
            let (_fake, app) = start(columns, rows).await;
            app.keys(keys).await;
            let screen = app.screen();
            if !["2 n", "2 d", "3 f", "3 t", "?", ":"].contains(&keys) {
                assert!(screen.contains('▌'), "no selection at {columns}x{rows}, {keys}:\n{screen}");
            }
            let broken = broken_border(&app.buffer());
            assert_eq!(broken, None, "at {columns}x{rows}, {keys}:\n{screen}");
        }
    }
}
