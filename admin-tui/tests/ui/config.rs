//! The configuration form of a tenant.

use std::sync::Arc;

use doorward_admin::{api::ApiError, request::BackendRequest};
use doorward_shared::{
    CoseAlgorithm, ErrorCode,
    config::{TokenAudience, UserVerification},
};

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
    // Changes the timeout, and then the setting for user verification.
    app.keys("j j enter backspace backspace backspace enter j j space").await;
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

/// Changes the timeout and an origin, while another administrator changes the timeout and the user verification. Then
/// saves, which opens the comparison.
async fn conflict() -> (Arc<FakeServer>, App) {
    let (fake, mut app) = start(100, 40).await;
    app.keys("2 e j j j enter '.test' enter j j j enter ^u '5000' enter").await;
    app.pass(400).await;
    {
        let mut world = fake.world.lock().unwrap();
        let webauthn = &mut world.tenant(tenant_id(0)).unwrap().config.webauthn;
        (webauthn.timeout, webauthn.user_verification) = (7_000, UserVerification::Discouraged);
    }
    app.keys("w").await;
    app.keys_show("y", &["Another administrator changed this configuration", "tenant was changed"]).await;
    (fake, app)
}

fn saved(fake: &FakeServer) -> (u32, UserVerification, String) {
    let mut world = fake.world.lock().unwrap();
    let webauthn = &world.tenant(tenant_id(0)).unwrap().config.webauthn;
    (webauthn.timeout, webauthn.user_verification, webauthn.relying_party.origins[0].clone())
}

#[tokio::test]
async fn conflicting_changes_are_merged_setting_by_setting() {
    let (fake, app) = conflict().await;
    app.shows(&["webauthn.timeout — both changed it: choose", "original", "60000", "○ mine", "5000", "7000"]);
    app.shows(&["webauthn.user_verification — only they changed it", "webauthn.relying_party.origins — only you"]);
    // The user must choose a value for the timeout.
    app.keys_show("enter", &["Choose mine or theirs"]).await;
    app.keys_show("space", &["● mine     5000"]).await;
    app.keys_show("space", &["● theirs   7000"]).await;
    app.click("mine     5000").await;
    app.keys_show("enter", &["Save the configuration of Acme Bank?", "- 7000", "+ 5000"]).await;
    app.lacks(&["user_verification"]);
    app.keys_show("y", &["Saved the configuration", "no unsaved changes"]).await;
    let origin = "https://acmebank.example.test".to_owned();
    assert_eq!(saved(&fake), (5_000, UserVerification::Discouraged, origin));
}

#[tokio::test]
async fn long_lists_of_a_conflict_scroll() {
    let (fake, mut app) = start(80, 24).await;
    app.keys("2 e j j j j j j enter ^u '5000' enter").await;
    app.keys("k k k enter ^u 'https://mine.example' enter").await;
    app.pass(400).await;
    {
        let mut world = fake.world.lock().unwrap();
        let webauthn = &mut world.tenant(tenant_id(0)).unwrap().config.webauthn;
        webauthn.relying_party.origins = (0..60).map(|at| format!("https://shop-{at}.acmebank.example")).collect();
        webauthn.timeout = 7_000;
    }
    app.keys("w").await;
    app.keys_show("y", &["origins — both changed it", "original", "https://mine.example", "https://shop-0."]).await;
    app.lacks(&["https://shop-59."]);
    app.keys_show("pgdn pgdn", &["https://shop-59."]).await;
    app.lacks(&["origins — both"]);
    app.keys_show("j", &["webauthn.timeout — both changed it: choose"]).await;
    app.keys_show("k", &["origins — both changed it", "https://shop-0."]).await;
    for _ in 0..60 {
        app.wheel(crossterm::event::MouseEventKind::ScrollDown).await;
    }
    app.shows(&["webauthn.timeout — both changed it: choose"]);
    app.keys_show("t enter", &["Applied their values"]).await;
}

#[tokio::test]
async fn users_own_changes_replace_conflicting_changes_if_the_user_chooses_them() {
    let (fake, app) = conflict().await;
    app.keys_show("m enter", &["Save the configuration of Acme Bank?", "- discouraged", "+ required"]).await;
    app.keys("y").await;
    let origin = "https://acmebank.example.test".to_owned();
    assert_eq!(saved(&fake), (5_000, UserVerification::Required, origin));
}

#[tokio::test]
async fn conflicting_changes_of_another_administrator_are_adopted_without_a_request() {
    let (fake, app) = conflict().await;
    app.keys_show("t enter", &["Applied their values", "7000", "no unsaved changes"]).await;
    assert_eq!(fake.count(|call| matches!(call, BackendRequest::Configure(..))), 1);
    assert_eq!(saved(&fake).0, 7_000);
}

#[tokio::test]
async fn comparison_can_be_postponed_and_blocks_saving() {
    let (fake, app) = conflict().await;
    app.keys_show("esc", &["press w to compare", "5000"]).await;
    app.keys_show("r w", &["both changed it: choose"]).await;
    assert_eq!(fake.count(|call| matches!(call, BackendRequest::Configure(..))), 1);
    assert_eq!(saved(&fake).0, 7_000);
}

/// Saves a change that the server refuses because of another administrator's change. Does not reload the configuration.
async fn refused_save() -> (Arc<FakeServer>, App) {
    let (fake, mut app) = start(100, 40).await;
    app.keys("2 e j j j j j j enter ^u '5000' enter").await;
    app.pass(400).await;
    app.keys("w").await;
    fake.fail(Some(refusal(ErrorCode::TenantChanged, "tenant was changed", "read it again")));
    app.keys("y").await;
    fake.fail(None);
    fake.world.lock().unwrap().tenant(tenant_id(0)).unwrap().config.webauthn.timeout = 7_000;
    fake.hold(true);
    (fake, app)
}

#[tokio::test]
async fn comparison_does_not_replace_a_dialog_that_the_user_opened() {
    let (fake, app) = refused_save().await;
    app.keys_show("r R ' Inc'", &["Acme Bank Inc"]).await;
    fake.hold(false);
    app.wait_until_idle().await;
    app.shows(&["Acme Bank Inc"]);
    app.lacks(&["Another administrator"]);
    app.keys_show("esc w", &["both changed it: choose"]).await;
}

#[tokio::test]
async fn comparison_is_not_shown_on_another_screen() {
    let (fake, app) = refused_save().await;
    app.keys("r 3").await;
    fake.hold(false);
    app.wait_until_idle().await;
    app.lacks(&["Another administrator"]);
    app.keys_show("2 w", &["both changed it: choose"]).await;
    app.keys_show("m enter", &["Save the configuration of Acme Bank?", "+ 5000"]).await;
}

#[tokio::test]
async fn limits_and_token_settings_are_edited() {
    let (fake, app) = start(160, 48).await;
    app.keys_show("2 e", &["Tokens, algorithms, limits", "Token audience", "Credentials/user", "8192"]).await;
    app.click("ceremony").await;
    app.click("Credentials/user").await;
    app.keys("enter ^u '5' enter").await;
    app.click("ES384").await;
    app.keys_show("enter 'x' enter", &["✗ must be one of EdDSA"]).await;
    app.keys("enter ^u 'ML-DSA-65' enter w y").await;
    let mut world = fake.world.lock().unwrap();
    let config = &world.tenant(tenant_id(0)).unwrap().config;
    assert_eq!(config.webauthn.token_audience, TokenAudience::Ceremony);
    assert_eq!(config.webauthn.algorithms.get(3), Some(&CoseAlgorithm::MlDsa65));
    assert_eq!((config.limits.credentials_per_user, config.limits.transaction_data_bytes), (5, 8_192));
}

#[tokio::test]
async fn emptied_origin_is_removed_and_selection_is_kept() {
    let app = App::start(FakeServer::new(data::world()), 100, 80).await;
    app.keys("2 e j j j enter ^u enter").await;
    app.lacks(&["  https://acmebank.example"]);
    assert_eq!(app.screen().matches("+ add").count(), 9);
    // The row whose text was deleted is removed, and the following row is then selected.
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
    // Switching to another tab also keeps unsaved changes.
    app.keys_show("l h", &["Acme Bank plc", "Configuration ●"]).await;
    app.keys_show("q", &["Quit?"]).await;
    app.keys_show("esc esc y", &["8 tenants"]).await;
    app.keys("q").await;
    assert!(app.has_ended().await);
}

/// A response that arrives late must not turn typed text into commands.
#[tokio::test]
async fn late_response_does_not_end_editing() {
    let (fake, app) = start(100, 40).await;
    app.keys("2 e j").await;
    fake.hold(true);
    app.keys("r enter").await;
    fake.hold(false);
    app.wait_until_idle().await;
    app.keys_show("' goldyard' enter", &["Acme Bank goldyard", "Configuration ●"]).await;
    app.lacks(&["Revoke", "Begins with"]);
}

/// If another administrator removes a row above the edited row, the user still edits the same row.
#[tokio::test]
async fn response_during_editing_keeps_the_edited_row() {
    let (fake, app) = start(100, 40).await;
    app.keys("2 e G").await;
    // Moves up from the last row, past both trust policies, to the row that adds an allowed origin.
    for _ in 0..19 {
        app.keys("k").await;
    }
    fake.hold(true);
    app.keys("r enter 'https://new.example'").await;
    fake.world.lock().unwrap().tenant(tenant_id(0)).unwrap().config.webauthn.relying_party.origins =
        vec!["https://acmebank.example".to_owned()];
    fake.hold(false);
    app.wait_until_idle().await;
    app.keys("'/x' enter").await;
    app.shows(&["Allowed origin     https://new.example/x"]);
    app.lacks(&["https://login.acmebank.example"]);
}

#[tokio::test]
async fn user_is_asked_before_a_lower_screen_with_unsaved_changes_closes() {
    let app = App::start(FakeServer::new(data::world()), 100, 40).await;
    app.keys("2 e j enter ' plc' enter a").await;
    app.shows(&["Acme Bank › Audit log"]);
    app.keys_show("2", &["Leave without saving?", "the configuration of Acme Bank"]).await;
    app.keys_show("n", &["Acme Bank › Audit log"]).await;
    app.click("Tenants ›").await;
    app.keys_show("y", &["8 tenants"]).await;
    app.lacks(&["›"]);
}

#[tokio::test]
async fn unsaved_changes_survive_a_long_path_of_screens() {
    let app = App::start(FakeServer::new(data::world()), 100, 40).await;
    app.keys("2 e j enter ' plc' enter").await;
    for _ in 0..8 {
        // Opens the audit log, then the tenant of an entry, and so on.
        app.keys("a o").await;
    }
    app.keys_show("q", &["Quit?", "the configuration of Acme Bank"]).await;
}

#[tokio::test]
async fn rejected_token_does_not_drop_unsaved_changes() {
    let (fake, app) = start(100, 40).await;
    app.keys("2 e j enter ' plc' enter").await;
    fake.fail(Some(ApiError::Unauthorized { url: "http://127.0.0.1:8001".to_owned() }));
    app.keys_show("r", &["does not accept the token"]).await;
    app.keys_show("q", &["Quit?", "the configuration of Acme Bank"]).await;
    app.keys("n").await;
    assert!(!app.has_ended().await);
    fake.fail(None);
    app.keys_show("r", &["Acme Bank plc"]).await;
}

#[tokio::test]
async fn long_list_of_changes_is_confirmed_only_after_its_end_was_shown() {
    let mut world = data::world();
    let origins = (0..30).map(|at| format!("https://shop-{at}.acmebank.example"));
    world.tenants[0].config.webauthn.relying_party.origins = origins.collect();
    let fake = FakeServer::new(world);
    let app = App::start(fake.clone(), 80, 24).await;
    app.keys("2 e j j j").await;
    for _ in 0..20 {
        app.keys("enter ^u enter").await;
    }
    app.keys_show("w", &["Save the configuration of Acme Bank?", "- https://shop-0."]).await;
    app.lacks(&["- https://shop-19."]);
    let saves = || fake.count(|call| matches!(call, BackendRequest::Configure(..)));
    app.keys("y").await;
    assert_eq!(saves(), 0, "confirmed changes that were not shown");
    app.shows(&["more lines"]);
    app.keys_show("pgdn pgdn", &["- https://shop-19."]).await;
    app.keys_show("y", &["Saved the configuration"]).await;
    assert_eq!(saves(), 1);
}

#[tokio::test]
async fn changed_rp_id_needs_the_typed_name_and_states_the_number_of_passkeys() {
    let (fake, app) = start(100, 40).await;
    app.keys("2 e enter ^u 'acme.example' enter w").await;
    app.shows(&["Change the RP ID of Acme Bank?", "2100 passkeys", "stop working"]);
    let saves = || fake.count(|call| matches!(call, BackendRequest::Configure(..)));
    app.keys("'y' enter").await;
    assert_eq!(saves(), 0);
    app.keys_show("^u 'Acme Bank' enter", &["Saved the configuration"]).await;
    assert_eq!(saves(), 1);
}

#[tokio::test]
async fn list_of_changes_that_fits_is_confirmed_by_the_first_key() {
    let mut world = data::world();
    let origins = (0..12).map(|at| format!("https://shop-{at}.acmebank.example"));
    world.tenants[0].config.webauthn.relying_party.origins = origins.collect();
    let app = App::start(FakeServer::new(world), 100, 40).await;
    app.keys("2 e j j j").await;
    for _ in 0..11 {
        app.keys("enter ^u enter").await;
    }
    app.keys_show("w", &["- https://shop-0.", "- https://shop-10."]).await;
    app.keys_show("y", &["Saved the configuration"]).await;
}
