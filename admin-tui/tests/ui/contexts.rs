//! Switching between the servers of the config file.

use std::{path::PathBuf, sync::Arc};

use doorward_admin::{api::ApiError, request::BackendRequest, ui::Theme};

use crate::{
    data::{self, World},
    fake_server::{FakeServer, unreachable},
    harness::App,
};

/// Starts the app with two contexts, `lab` (with one tenant) and `prod`, each with its own server.
async fn start() -> (Arc<FakeServer>, Arc<FakeServer>, App) {
    let mut world = World::default();
    world.add_tenant("Lab tenant");
    let (first, lab) = (FakeServer::new(data::world()), FakeServer::new(world));
    let others = vec![("lab", lab.clone()), ("prod", FakeServer::new(data::world()))];
    let app = App::start_with_contexts(first.clone(), 100, 30, Theme::Dark, PathBuf::from("/exports"), others).await;
    (first, lab, app)
}

#[tokio::test]
async fn app_switches_to_another_server() {
    let (first, lab, app) = start().await;
    app.keys_show("2", &["Acme Bank", "127.0.0.1:8001"]).await;
    app.keys_show(": 'ctx' enter", &["Switch server", "lab", "https://lab.example.com", "prod"]).await;
    let calls = first.calls().len();
    app.keys_show("enter", &["https://lab.example.com", "Busiest tenants", "Lab tenant"]).await;
    app.keys_show("2", &["1 tenant"]).await;
    app.lacks(&["Acme Bank", "127.0.0.1:8001"]);
    assert_eq!(first.calls().len(), calls, "the previous server still gets requests");
    assert!(lab.count(|call| matches!(call, BackendRequest::Tenants(_))) > 0);
    app.keys_show(": 'ctx' enter", &["● lab"]).await;
}

#[tokio::test]
async fn profile_and_its_mark_of_production_follow_the_server() {
    let (_first, _lab, app) = start().await;
    app.lacks(&["PRODUCTION"]);
    app.keys_show(": 'ctx prod' enter", &["prod  PRODUCTION  https://prod.example.com"]).await;
    app.keys_show("2 d", &["Delete tenant", "PRODUCTION  prod: https://prod.example.com"]).await;
    // The question about unsaved changes covers the screen, but the label of the production server stays visible.
    app.keys("esc e j enter ' plc' enter").await;
    app.keys_show(": 'ctx lab' enter", &["Switch to lab?", "PRODUCTION  prod: https://prod.example.com"]).await;
    app.keys_show("y", &["lab  https://lab.example.com"]).await;
    app.lacks(&["PRODUCTION"]);
}

#[tokio::test]
async fn commands_of_findings_name_the_profile() {
    let (_first, lab, app) = start().await;
    lab.world.lock().unwrap().tenants[0].config.webauthn.timeout = 5_000;
    app.keys(": 'ctx lab' enter 2 enter c").await;
    let screen = app.screen().replace(['│', '\n'], " ");
    let words: Vec<&str> = screen.split_whitespace().collect();
    assert!(words.join(" ").contains("doorward-admin --profile lab tenant config get"), "{}", app.screen());
}

#[tokio::test]
async fn late_response_of_the_previous_server_is_ignored() {
    let (first, _lab, app) = start().await;
    app.keys("2").await;
    first.hold(true);
    app.keys(": 'ctx' enter enter 2").await;
    app.shows(&["1 tenant"]);
    first.hold(false);
    first.fail(Some(unreachable()));
    app.wait_until_idle().await;
    app.shows(&["1 tenant"]);
    app.lacks(&["disconnected"]);
}

#[tokio::test]
async fn switching_asks_about_unsaved_changes() {
    let (_first, _lab, app) = start().await;
    app.keys("2 e j enter ' plc' enter : 'ctx' enter enter").await;
    app.shows(&["Switch to lab?", "the configuration of Acme Bank"]);
    app.keys_show("n", &["Acme Bank plc"]).await;
    app.keys_show(": 'ctx' enter enter y", &["Lab tenant"]).await;
}

#[tokio::test]
async fn another_server_can_be_used_after_the_token_was_rejected() {
    let (first, _lab, app) = start().await;
    first.fail(Some(ApiError::Unauthorized { url: "http://127.0.0.1:8001".to_owned() }));
    app.keys_show("r", &["does not accept the token", "c switch server"]).await;
    app.keys_show("c", &["Switch server"]).await;
    app.click("lab").await;
    app.shows(&["Lab tenant"]);
}

#[tokio::test]
async fn missing_profiles_are_explained() {
    let app = App::start(FakeServer::new(data::world()), 100, 30).await;
    app.keys_show(": 'ctx' enter", &["The config file has no profiles", "admin.toml"]).await;
    app.keys("esc").await;
    app.lacks(&["no profiles"]);
}
