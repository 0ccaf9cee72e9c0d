//! A new secret is shown in one dialog and nowhere else.

use doorward_admin::{
    effect::{Effect, RequestId, RequestResult},
    message::Message,
    overlay::secret::SecretDialog,
    request::{BackendRequest, BackendResponse},
    secret::{Revealed, Secret},
};

use crate::{data, fake_server::FakeServer, harness::App};

/// Returns whether the terminal shows the beginning of the secret.
fn is_shown(app: &App) -> bool {
    app.screen().contains(&data::SECRET[..16])
}

#[tokio::test]
async fn secret_is_shown_and_copied_only_in_its_dialog() {
    let app = App::start(FakeServer::new(data::world()), 80, 24).await;
    app.keys("2 enter l n 'ci' enter").await;
    assert!(is_shown(&app));
    assert!(app.copied().is_empty());
    app.keys("c").await;
    assert_eq!(app.copied(), [data::SECRET]);
    app.shows(&["clipboard"]);
    app.keys("esc").await;
    assert!(!is_shown(&app));
    // No later screen shows the secret.
    for keys in ["?", "esc", ":", "esc", "a", "esc", "1", "2", "r", "^l"] {
        app.keys(keys).await;
        assert!(!is_shown(&app), "after {keys}");
    }
}

#[tokio::test]
async fn secret_that_was_not_copied_closes_only_on_the_second_key() {
    let app = App::start(FakeServer::new(data::world()), 80, 24).await;
    app.keys("2 enter l n 'ci' enter enter").await;
    assert!(is_shown(&app));
    app.shows(&["Not copied yet"]);
    app.keys("enter").await;
    assert!(!is_shown(&app));
}

#[tokio::test]
async fn secret_is_complete_on_a_narrow_terminal_and_after_a_resize() {
    let app = App::start(FakeServer::new(data::world()), 50, 24).await;
    app.keys("2 enter l n 'ci' enter").await;
    let shown: String = app.screen().lines().map(|line| line.trim_matches(['▌', '│', ' '])).collect();
    assert!(shown.contains(data::SECRET), "{}", app.screen());
    app.resize(160, 48).await;
    app.shows(&[data::SECRET]);
}

#[test]
fn debug_output_does_not_contain_the_secret() {
    let revealed = Revealed { name: "ci".to_owned(), secret: Secret::new(data::SECRET.to_owned()), expires_at: None };
    let response =
        Message::Response(RequestResult { id: RequestId(1), result: Ok(BackendResponse::Secret(revealed.clone())) });
    let effect = Effect::Copy(revealed.secret.clone());
    let overlay = SecretDialog::new("API key", revealed);
    for text in
        [format!("{response:?}"), format!("{effect:?}"), format!("{overlay:?}"), format!("{:?}", BackendRequest::Me)]
    {
        assert!(!text.contains("6f1d2c3b"), "{text}");
    }
}
