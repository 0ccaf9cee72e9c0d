//! Data that wants to harm whoever looks at it.

use doorward_admin::{escape, view::Theme};

use crate::{data, fake::Fake, harness::App};

/// Moves the cursor, changes colours, turns the line round, hides, and is wide.
const HOSTILE: &str = "\u{1b}[31mred\u{7}\u{202e}evil\u{200b}\u{2066}x\u{feff}\r\n\t界";

fn hostile_world() -> data::World {
    let mut world = data::world();
    let acme = &mut world.tenants[0];
    acme.summary.tenant.display_name = format!("Acme {HOSTILE}");
    acme.summary.rp_id = HOSTILE.to_owned();
    acme.config.webauthn.relying_party.display_name = HOSTILE.to_owned();
    acme.config.webauthn.relying_party.origins = vec![HOSTILE.to_owned()];
    for key in &mut acme.api_keys {
        (key.name, key.hint) = (HOSTILE.to_owned(), HOSTILE.to_owned());
    }
    for it in &mut acme.users {
        let user = &mut it.user;
        (user.name, user.display_name) = (HOSTILE.to_owned(), HOSTILE.to_owned());
    }
    for it in &mut acme.credentials {
        it.name = Some(HOSTILE.to_owned());
        it.attestation_type = HOSTILE.to_owned();
        it.transports = vec![HOSTILE.to_owned()];
    }
    for it in &mut acme.transactions {
        (it.transaction.identifier, it.transaction.data) = (HOSTILE.to_owned(), format!("{{\"x\": \"{HOSTILE}\""));
    }
    for it in &mut world.tokens {
        (it.secret.name, it.secret.hint) = (HOSTILE.to_owned(), HOSTILE.to_owned());
    }
    for row in &mut world.audit {
        row.tenant_name = row.tenant_name.as_ref().map(|_| HOSTILE.to_owned());
        row.entry.meta_user_agent = HOSTILE.to_owned();
        row.entry.meta_source_ip = HOSTILE.to_owned();
        row.entry.meta_http_request_id = HOSTILE.to_owned();
        row.entry.actor_user_id = Some(HOSTILE.to_owned());
        row.entry.error = Some(HOSTILE.to_owned());
        row.entry.error_code = None;
        row.entry.detail = Some(serde_json::json!({ HOSTILE: [HOSTILE] }));
    }
    world
}

/// Fails if any cell holds what should have been escaped, or if a wide character lost its second half.
fn inspect(app: &App, place: &str) {
    let buffer = app.buffer();
    for y in 0..buffer.area.height {
        for x in 0..buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            let bad = symbol.chars().any(escape::is_hidden);
            assert!(!bad, "{symbol:?} at {x},{y} of {place}\n{}", app.screen());
            let end = x + u16::try_from(escape::width(symbol)).unwrap();
            assert!(end <= buffer.area.width, "{symbol:?} at {x},{y} of {place} leaves the terminal");
        }
    }
}

#[tokio::test]
async fn it_is_escaped_wherever_it_is_shown() {
    let places = [
        "1",
        "1 tab enter",
        "2",
        "2 enter",
        "2 enter j enter",
        "2 enter l",
        "2 enter l d",
        "2 enter l n",
        "2 enter l l",
        "2 enter l l n",
        "2 enter l l l",
        "2 enter l l l d",
        "2 enter l l l enter",
        "2 enter l l l enter d",
        "2 enter l l l enter tab",
        "2 enter h enter",
        "2 d",
        "2 R",
        "2 e j enter x w",
        "3",
        "3 enter",
        "3 u",
        "3 o",
        "3 f",
        "4",
        "4 d",
    ];
    for (columns, rows) in [(80, 24), (160, 48), (51, 13)] {
        for theme in [Theme::Dark, Theme::Plain] {
            for place in places {
                let fake = Fake::new(hostile_world());
                let app = App::start_in(fake, columns, rows, theme, std::path::PathBuf::new()).await;
                app.keys(place).await;
                inspect(&app, place);
            }
        }
    }
}

#[tokio::test]
async fn it_can_be_seen_what_hides_there() {
    let app = App::start(Fake::new(hostile_world()), 160, 48).await;
    app.keys("3").await;
    app.shows(&["\\u{1b}[31mred\\u{7}\\u{202e}evil"]);
}

#[tokio::test]
async fn a_tenant_whose_name_nobody_can_write_can_be_deleted() {
    let app = App::start(Fake::new(hostile_world()), 160, 48).await;
    app.keys("2 d").await;
    app.write(&format!("Acme {}", escape::visible(HOSTILE.trim()))).await;
    app.keys("enter").await;
    app.shows(&["Deleted tenant", "7 tenants"]);
}

#[tokio::test]
async fn what_is_pasted_is_one_line_and_shown_escaped() {
    let app = App::start(Fake::new(data::world()), 80, 24).await;
    app.keys("2 n").await;
    app.paste(&format!("{HOSTILE}\nsecond line")).await;
    inspect(&app, "a form");
    app.shows(&["New tenant", "second line"]);
}

#[tokio::test]
async fn wide_characters_keep_the_columns_in_line() {
    let app = App::start(Fake::new(data::world()), 80, 24).await;
    app.keys("2").await;
    let column = |name: &str, text: &str| {
        let screen = app.screen();
        let line = screen.lines().find(|line| line.contains(name)).unwrap();
        escape::width(&line[..line.rfind(text).unwrap() + text.len()])
    };
    assert_eq!(column("東京電力", "42m"), column("Globex", "7m"));
    // A dialog over wide characters: its border is whole.
    app.keys("d").await;
    let buffer = app.buffer();
    let (x, top) = app.find("╭─ Delete").unwrap();
    for y in top + 1..top + 9 {
        assert_eq!(buffer[(x, y)].symbol(), "│", "line {y}");
        assert_eq!(escape::width(buffer[(x - 1, y)].symbol()), 1, "line {y}");
    }
}
