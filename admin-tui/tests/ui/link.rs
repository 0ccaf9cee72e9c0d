//! The server away, the token wrong, the certificate unknown: said clearly, and tried again by itself.

use doorward_admin::{api::ApiError, backend::Call};

use crate::{
    data,
    fake::{Fake, away},
    harness::App,
};

#[tokio::test]
async fn a_server_that_is_away_at_the_start_is_waited_for() {
    let fake = Fake::new(data::world());
    fake.fail(Some(away()));
    let mut app = App::start(fake.clone(), 80, 24).await;
    app.shows(&["The server is away", "nothing listens there", "Trying again in 1 s", "doorward quickstart", "quit"]);
    app.lacks(&["open", "filter"]);
    app.pass(1_000).await;
    app.shows(&["tried 2 times", "Trying again in 2 s"]);
    fake.fail(None);
    app.pass(2_000).await;
    app.shows(&["Connected again after 3s", "Busiest tenants"]);
}

#[tokio::test]
async fn what_is_shown_stays_while_the_server_is_away() {
    let fake = Fake::new(data::world());
    let mut app = App::start(fake.clone(), 80, 24).await;
    app.keys("2").await;
    fake.fail(Some(away()));
    app.keys("r").await;
    app.shows(&["Acme Bank", "away; trying again in 1 s"]);
    // Still alive.
    app.keys("j").await;
    app.shows(&["▌Globex"]);
    app.pass(1_000).await;
    fake.fail(None);
    let lists = fake.count(|call| matches!(call, Call::Tenants(_)));
    app.pass(2_000).await;
    app.shows(&["Connected again", "▌Globex"]);
    app.lacks(&["trying again"]);
    assert_eq!(fake.count(|call| matches!(call, Call::Tenants(_))), lists + 1, "the list was not loaded afresh");
}

#[tokio::test]
async fn silence_is_noticed() {
    let fake = Fake::new(data::world());
    let mut app = App::start(fake.clone(), 80, 24).await;
    app.keys("4").await;
    fake.fail(Some(away()));
    app.pass(9_000).await;
    app.lacks(&["away"]);
    app.pass(2_000).await;
    app.shows(&["away; trying again"]);
}

#[tokio::test]
async fn a_wrong_token_is_not_tried_in_a_hurry() {
    let fake = Fake::new(data::world());
    fake.fail(Some(ApiError::Unauthorized { url: "http://127.0.0.1:8001".to_owned() }));
    let mut app = App::start(fake.clone(), 80, 24).await;
    app.shows(&["does not accept the token", "--token-file", "DOORWARD_ADMIN_TOKEN"]);
    app.pass(20_000).await;
    assert_eq!(fake.calls().len(), 1, "each try is in the audit log");
    fake.fail(None);
    app.keys("r").await;
    app.shows(&["Busiest tenants"]);
}

#[tokio::test]
async fn a_token_that_is_revoked_meanwhile_is_told_at_once() {
    let fake = Fake::new(data::world());
    let app = App::start(fake.clone(), 80, 24).await;
    app.keys("2").await;
    fake.fail(Some(ApiError::Unauthorized { url: "http://127.0.0.1:8001".to_owned() }));
    app.keys("r").await;
    app.shows(&["does not accept the token"]);
    app.lacks(&["Acme Bank"]);
}

#[tokio::test]
async fn an_unknown_certificate_is_explained() {
    let fake = Fake::new(data::world());
    fake.fail(Some(ApiError::CertificateUnknown {
        url: "https://admin.example.com".to_owned(),
        reason: "no trusted authority issued it".to_owned(),
    }));
    let app = App::start(fake, 80, 24).await;
    app.shows(&["certificate is not trusted", "Nothing was sent to it", "--ca-file"]);
    app.keys("q").await;
    assert!(app.has_ended().await);
}

#[tokio::test]
async fn an_error_of_one_call_is_that_calls_alone() {
    let fake = Fake::new(data::world());
    let app = App::start(fake.clone(), 80, 24).await;
    app.keys("2").await;
    fake.fail(Some(crate::fake::refusal(doorward_shared::ErrorCode::Internal, "internal server error", "")));
    app.keys("r").await;
    app.shows(&["Acme Bank", "not fresh: internal server error"]);
    fake.fail(None);
    app.keys("r").await;
    app.lacks(&["not fresh"]);
}
