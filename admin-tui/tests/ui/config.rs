//! The configuration form of a tenant.

use doorward_admin::request::BackendRequest;
use doorward_shared::ErrorCode;

use crate::{
    data,
    fake_server::{FakeServer, refusal, start, tenant_id},
    harness::App,
};

#[tokio::test]
async fn configuration_is_checked_while_typing_and_saved_after_review() {
    let (fake, mut app) = start(100, 40).await;
    app.keys("2 e j j j enter '/'").await;
    let checks = || fake.count(|call| matches!(call, BackendRequest::CheckConfig(_)));
    app.pass(100).await;
    assert_eq!(checks(), 0, "checked before the user paused");
    app.pass(300).await;
    assert_eq!(checks(), 1);
    app.shows(&["✗ `https://acmebank.example/` must end without `/`"]);
    app.keys_show("enter w", &["origins[0]"]).await;
    assert_eq!(fake.count(|call| matches!(call, BackendRequest::Configure(..))), 0);

    app.keys("enter backspace enter j j enter 'https://new.acmebank.example' enter").await;
    app.pass(6_000).await;
    app.shows(&["unsaved changes, valid", "+ add"]);
    // Changes the timeout, then the choice of user verification.
    app.keys("j j enter backspace backspace backspace enter j space").await;
    app.pass(400).await;
    app.keys("w").await;
    app.shows(&[
        "Save the configuration of Acme Bank?",
        "webauthn.relying_party.origins",
        "+ https://new.acmebank.example",
        "- 60000",
        "+ 60",
        "- required",
        "+ preferred",
    ]);
    app.keys_show("y", &["Saved the configuration of Acme Bank", "no unsaved changes"]).await;
    let mut world = fake.world.lock().unwrap();
    let config = &world.tenant(tenant_id(0)).unwrap().config;
    assert_eq!(config.webauthn.relying_party.origins.len(), 3);
    assert_eq!(config.webauthn.timeout, 60);
}

#[tokio::test]
async fn configuration_that_another_administrator_changed_is_not_overwritten() {
    let (fake, mut app) = start(100, 40).await;
    app.keys("2 e j j j enter '.test' enter").await;
    app.pass(400).await;
    fake.world.lock().unwrap().tenant(tenant_id(0)).unwrap().config.webauthn.timeout = 7_000;
    app.keys("w").await;
    app.keys_show("y", &["tenant was changed"]).await;
    let mut world = fake.world.lock().unwrap();
    let webauthn = &world.tenant(tenant_id(0)).unwrap().config.webauthn;
    assert_eq!(webauthn.timeout, 7_000);
    assert!(!webauthn.relying_party.origins.iter().any(|origin| origin.ends_with(".test")));
}

#[tokio::test]
async fn emptied_origin_is_removed_and_selection_is_kept() {
    let app = App::start(FakeServer::new(data::world()), 100, 40).await;
    app.keys("2 e j j j enter ^u enter").await;
    app.lacks(&["  https://acmebank.example"]);
    assert_eq!(app.screen().matches("+ add").count(), 2);
    // After the emptied row is removed, the following row is selected.
    app.keys_show("enter '/x' enter", &["https://login.acmebank.example/x"]).await;
    app.keys_show("U", &["  https://acmebank.example", "no unsaved changes"]).await;
    app.lacks(&["/x"]);
}

#[tokio::test]
async fn invalid_number_is_reported_without_a_request() {
    let mut app = App::start(FakeServer::new(data::world()), 100, 40).await;
    app.keys("2 e j j j j j j enter 'soon'").await;
    app.pass(400).await;
    app.shows(&["`60000soon` is not a number of milliseconds"]);
    app.keys_show("esc", &["60000", "no unsaved changes"]).await;
    app.lacks(&["60000soon"]);
}

#[tokio::test]
async fn failed_check_does_not_report_a_valid_configuration() {
    let (fake, mut app) = start(100, 40).await;
    app.keys("2 e j enter ' plc'").await;
    fake.fail(Some(refusal(ErrorCode::RouteNotFound, "not found", "no such endpoint")));
    app.pass(400).await;
    app.shows(&["not checked: the server does not know this request"]);
    app.lacks(&["changes, valid"]);
}

#[tokio::test]
async fn leaving_or_quitting_asks_about_unsaved_changes() {
    let app = App::start(FakeServer::new(data::world()), 100, 40).await;
    app.keys("2 e j enter ' plc' enter esc").await;
    app.shows(&["Leave without saving?", "the configuration of Acme Bank"]);
    app.keys_show("n", &["Acme Bank plc"]).await;
    // A reload keeps unsaved changes.
    app.keys_show("r", &["Acme Bank plc"]).await;
    // Switching to another tab keeps them, too.
    app.keys_show("l h", &["Acme Bank plc", "Configuration ●"]).await;
    app.keys_show("q", &["Quit?"]).await;
    app.keys_show("esc esc y", &["8 tenants"]).await;
    app.keys("q").await;
    assert!(app.has_ended().await);
}
