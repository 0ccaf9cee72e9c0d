//! An unreachable server, a rejected token and an unknown certificate. The app explains the problem and retries.

use doorward_admin::{api::ApiError, request::BackendRequest};

use crate::{
    data,
    fake_server::{FakeServer, start, unreachable},
    harness::App,
};

#[tokio::test]
async fn app_connects_when_an_unreachable_server_becomes_reachable() {
    let fake = FakeServer::new(data::world());
    fake.fail(Some(unreachable()));
    let mut app = App::start(fake.clone(), 80, 24).await;
    app.shows(&[
        "The server is unreachable",
        "nothing listens there",
        "Retrying in 1 s",
        "doorward quickstart",
        "quit",
    ]);
    app.lacks(&["open", "filter"]);
    app.pass(1_000).await;
    app.shows(&["2 attempts", "Retrying in 2 s"]);
    fake.fail(None);
    app.pass(2_000).await;
    app.shows(&["Reconnected after 3s", "Busiest tenants"]);
}

#[tokio::test]
async fn screens_stay_visible_while_the_server_is_unreachable() {
    let (fake, mut app) = start(80, 24).await;
    app.keys("2").await;
    fake.fail(Some(unreachable()));
    app.keys_show("r", &["Acme Bank", "disconnected; retrying in 1 s"]).await;
    // The app still reacts to keys.
    app.keys_show("j", &["▌Globex"]).await;
    app.pass(1_000).await;
    fake.fail(None);
    let lists = fake.count(|call| matches!(call, BackendRequest::Tenants(_)));
    app.pass(2_000).await;
    app.shows(&["Reconnected", "▌Globex"]);
    app.lacks(&["retrying"]);
    assert_eq!(fake.count(|call| matches!(call, BackendRequest::Tenants(_))), lists + 1, "the list was not reloaded");
}

#[tokio::test]
async fn health_is_unknown_while_the_server_does_not_respond() {
    let (fake, mut app) = start(120, 40).await;
    app.shows(&["● up"]);
    fake.fail(Some(unreachable()));
    app.keys_show("r", &["disconnected; retrying", "○ unknown"]).await;
    app.lacks(&["● up"]);
    fake.fail(None);
    app.pass(2_000).await;
    app.shows(&["● up"]);
    // The server accepts connections, but does not respond.
    fake.hold(true);
    for _ in 0..6 {
        app.pass(1_000).await;
    }
    app.shows(&["no response for", "○ unknown"]);
    fake.hold(false);
    app.wait_until_idle().await;
    app.shows(&["● up"]);
}

#[tokio::test]
async fn idle_connection_is_checked() {
    let (fake, mut app) = start(80, 24).await;
    app.keys("4").await;
    fake.fail(Some(unreachable()));
    app.pass(1_000).await;
    app.lacks(&["disconnected"]);
    app.pass(1_500).await;
    app.shows(&["disconnected; retrying"]);
}

#[tokio::test]
async fn unresponsive_server_is_reported_within_five_seconds() {
    let (fake, mut app) = start(80, 24).await;
    app.keys("4").await;
    fake.hold(true);
    for _ in 0..5 {
        app.pass(1_000).await;
    }
    app.shows(&["no response for"]);
    fake.hold(false);
    app.wait_until_idle().await;
    app.lacks(&["no response"]);
}

#[tokio::test]
async fn rejected_token_is_retried_rarely() {
    let fake = FakeServer::new(data::world());
    fake.fail(Some(ApiError::Unauthorized { url: "http://127.0.0.1:8001".to_owned() }));
    let mut app = App::start(fake.clone(), 80, 24).await;
    app.shows(&["does not accept the token", "--token-file", "DOORWARD_ADMIN_TOKEN"]);
    app.pass(20_000).await;
    assert_eq!(fake.calls().len(), 1, "each attempt writes an audit entry");
    fake.fail(None);
    app.keys_show("r", &["Busiest tenants"]).await;
}

#[tokio::test]
async fn revoked_token_is_reported_at_the_next_request() {
    let (fake, app) = start(80, 24).await;
    app.keys("2").await;
    fake.fail(Some(ApiError::Unauthorized { url: "http://127.0.0.1:8001".to_owned() }));
    app.keys_show("r", &["does not accept the token"]).await;
    app.lacks(&["Acme Bank"]);
}

#[tokio::test]
async fn unknown_certificate_is_explained() {
    let fake = FakeServer::new(data::world());
    fake.fail(Some(ApiError::CertificateUnknown {
        url: "https://admin.example.com".to_owned(),
        reason: "no trusted authority issued it".to_owned(),
    }));
    let app = App::start(fake, 80, 24).await;
    app.shows(&["certificate is not trusted", "Nothing was sent to the server", "--ca-file"]);
    app.keys("q").await;
    assert!(app.has_ended().await);
}

#[tokio::test]
async fn server_error_of_one_request_does_not_disconnect() {
    let (fake, app) = start(80, 24).await;
    app.keys("2").await;
    fake.fail(Some(crate::fake_server::refusal(doorward_shared::ErrorCode::Internal, "internal server error", "")));
    app.keys_show("r", &["Acme Bank", "not up to date: internal server error"]).await;
    fake.fail(None);
    app.keys("r").await;
    app.lacks(&["not up to date"]);
}
