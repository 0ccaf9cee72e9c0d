//! A secret is on one screen, and nowhere else.

use doorward_admin::{
    backend::{Answer, Call},
    message::{Message, Reply, RequestId},
    secret::{Revealed, Secret},
};

use crate::{data, fake::Fake, harness::App};

/// Whether any part of the secret stands anywhere on the terminal.
fn is_shown(app: &App) -> bool {
    app.screen().contains(&data::SECRET[..16])
}

#[tokio::test]
async fn it_is_shown_copied_and_forgotten() {
    let app = App::start(Fake::new(data::world()), 80, 24).await;
    app.keys("2 enter l n").await;
    app.write("ci").await;
    app.keys("enter").await;
    assert!(is_shown(&app));
    assert!(app.copied().is_empty());
    app.keys("c").await;
    assert_eq!(app.copied(), [data::SECRET]);
    app.shows(&["clipboard"]);
    app.keys("esc").await;
    assert!(!is_shown(&app));
    // Nowhere else, whatever is opened next.
    for keys in ["?", "esc", ":", "esc", "a", "esc", "1", "2", "r", "^l"] {
        app.keys(keys).await;
        assert!(!is_shown(&app), "after {keys}");
    }
}

#[tokio::test]
async fn one_key_too_many_does_not_lose_it() {
    let app = App::start(Fake::new(data::world()), 80, 24).await;
    app.keys("2 enter l n").await;
    app.write("ci").await;
    app.keys("enter enter").await;
    assert!(is_shown(&app));
    app.shows(&["Not copied yet"]);
    app.keys("enter").await;
    assert!(!is_shown(&app));
}

#[tokio::test]
async fn it_is_whole_on_a_narrow_terminal_and_after_a_resize() {
    let app = App::start(Fake::new(data::world()), 50, 24).await;
    app.keys("2 enter l n").await;
    app.write("ci").await;
    app.keys("enter").await;
    let shown: String = app.screen().lines().map(|line| line.trim_matches(['▌', '│', ' '])).collect();
    assert!(shown.contains(data::SECRET), "{}", app.screen());
    app.resize(160, 48).await;
    app.shows(&[data::SECRET]);
}

#[test]
fn nothing_that_is_logged_holds_it() {
    let revealed = Revealed { name: "ci".to_owned(), secret: Secret::new(data::SECRET.to_owned()), expires_at: None };
    let reply = Message::Reply(Reply { id: RequestId(1), result: Ok(Answer::Secret(revealed.clone())) });
    let effect = doorward_admin::effect::Effect::Copy(revealed.secret.clone());
    let overlay = doorward_admin::overlay::Overlay::Secret(Box::new(doorward_admin::overlay::SecretOnce::new(
        "API key", revealed,
    )));
    for text in [format!("{reply:?}"), format!("{effect:?}"), format!("{overlay:?}"), format!("{:?}", Call::Me)] {
        assert!(!text.contains("6f1d2c3b"), "{text}");
    }
}
