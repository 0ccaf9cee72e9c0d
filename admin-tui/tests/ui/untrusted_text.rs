//! Text from the server that contains control, invisible and misleading characters.

use doorward_admin::{sanitize, ui::Theme};

use crate::{data, fake_server::FakeServer, harness::App};

/// Control sequences, direction overrides, invisible characters, line breaks, and a wide character.
const UNTRUSTED: &str = "\u{1b}[31mred\u{7}\u{202e}evil\u{200b}\u{2066}x\u{feff}\r\n\t界";

fn untrusted_world() -> data::World {
    let mut world = data::world();
    let acme = &mut world.tenants[0];
    acme.summary.tenant.display_name = format!("Acme {UNTRUSTED}");
    acme.summary.rp_id = UNTRUSTED.to_owned();
    acme.config.webauthn.relying_party.display_name = UNTRUSTED.to_owned();
    acme.config.webauthn.relying_party.origins = vec![UNTRUSTED.to_owned()];
    for key in &mut acme.api_keys {
        (key.name, key.hint) = (UNTRUSTED.to_owned(), UNTRUSTED.to_owned());
    }
    for it in &mut acme.users {
        let user = &mut it.user;
        (user.name, user.display_name) = (UNTRUSTED.to_owned(), UNTRUSTED.to_owned());
    }
    for it in &mut acme.credentials {
        it.name = Some(UNTRUSTED.to_owned());
        it.attestation_type = UNTRUSTED.to_owned();
        it.attestation_stated = UNTRUSTED.to_owned();
        it.algorithm = UNTRUSTED.to_owned();
        it.model = Some(UNTRUSTED.to_owned());
        it.transports = vec![UNTRUSTED.to_owned()];
    }
    for it in &mut acme.transactions {
        (it.transaction.identifier, it.transaction.data) = (UNTRUSTED.to_owned(), format!("{{\"x\": \"{UNTRUSTED}\""));
    }
    for it in &mut world.tokens {
        (it.secret.name, it.secret.hint) = (UNTRUSTED.to_owned(), UNTRUSTED.to_owned());
    }
    for row in &mut world.audit {
        row.tenant_name = row.tenant_name.as_ref().map(|_| UNTRUSTED.to_owned());
        row.entry.meta_user_agent = UNTRUSTED.to_owned();
        row.entry.meta_source_ip = UNTRUSTED.to_owned();
        row.entry.meta_http_request_id = UNTRUSTED.to_owned();
        row.entry.actor_user_id = Some(UNTRUSTED.to_owned());
        row.entry.error = Some(UNTRUSTED.to_owned());
        row.entry.error_code = None;
        row.entry.detail = Some(serde_json::json!({ UNTRUSTED: [UNTRUSTED] }));
    }
    world
}

/// Fails if a cell contains a character that must be escaped, or if a wide character exceeds the terminal.
fn inspect(app: &App, screen: &str) {
    let buffer = app.buffer();
    for y in 0..buffer.area.height {
        for x in 0..buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            let bad = symbol.chars().any(sanitize::needs_escape);
            assert!(!bad, "{symbol:?} at {x},{y} of {screen}\n{}", app.screen());
            let end = x + u16::try_from(sanitize::width(symbol)).unwrap();
            assert!(end <= buffer.area.width, "{symbol:?} at {x},{y} of {screen} leaves the terminal");
        }
    }
}

#[tokio::test]
async fn untrusted_text_is_escaped_on_every_screen() {
    let screens = "1, 1 tab enter, 2, 2 enter, 2 e j enter, 2 enter l, 2 enter l d, 2 enter l n, 2 enter l l, \
        2 enter l l n, 2 enter l l l, 2 enter l l l d, 2 enter l l l enter, 2 enter l l l enter d, \
        2 enter l l l enter tab, 2 enter h h enter, 2 d, 2 R, 2 e j enter x w, 3, 3 enter, 3 u, 3 o, 3 f, \
        4, 4 d";
    for (columns, rows) in [(80, 24), (160, 48), (51, 13)] {
        for theme in [Theme::Dark, Theme::Plain] {
            for screen in screens.split(", ") {
                let fake = FakeServer::new(untrusted_world());
                let app = App::start_in(fake, columns, rows, theme, std::path::PathBuf::new()).await;
                app.keys(screen).await;
                inspect(&app, screen);
            }
        }
    }
}

#[tokio::test]
async fn escaped_characters_are_visible() {
    let app = App::start(FakeServer::new(untrusted_world()), 160, 48).await;
    app.keys_show("3", &["\\u{1b}[31mred\\u{7}\\u{202e}evil"]).await;
}

#[tokio::test]
async fn displayed_form_of_a_name_confirms_its_deletion() {
    let app = App::start(FakeServer::new(untrusted_world()), 160, 48).await;
    app.keys(&format!("2 d 'Acme {}' enter", sanitize::sanitize(UNTRUSTED.trim()))).await;
    app.shows(&["Deleted tenant", "7 tenants"]);
}

#[tokio::test]
async fn pasted_text_becomes_one_escaped_line() {
    let app = App::start(FakeServer::new(data::world()), 80, 24).await;
    app.keys("2 n").await;
    app.paste(&format!("{UNTRUSTED}\nsecond line")).await;
    inspect(&app, "a form");
    app.shows(&["New tenant", "second line"]);
}

#[tokio::test]
async fn wide_characters_do_not_move_columns() {
    let app = App::start(FakeServer::new(data::world()), 80, 24).await;
    app.keys("2").await;
    let column = |name: &str, text: &str| {
        let screen = app.screen();
        let line = screen.lines().find(|line| line.contains(name)).unwrap();
        sanitize::width(&line[..line.rfind(text).unwrap() + text.len()])
    };
    assert_eq!(column("東京電力", "42m"), column("Globex", "7m"));
    // An overlay that covers wide characters still has a complete border.
    app.keys("d").await;
    let buffer = app.buffer();
    let (x, top) = app.find("╭ Delete").unwrap();
    for y in top + 1..top + 9 {
        assert_eq!(buffer[(x, y)].symbol(), "│", "line {y}");
        assert_eq!(sanitize::width(buffer[(x - 1, y)].symbol()), 1, "line {y}");
    }
}
