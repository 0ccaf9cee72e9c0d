//! The configuration's form.

use doorward_admin::backend::Call;
use doorward_shared::ErrorCode;

use crate::{
    data,
    fake::{Fake, refusal, tenant_id},
    harness::App,
};

#[tokio::test]
async fn values_are_checked_while_they_are_written_and_saved_after_a_look_at_the_changes() {
    let fake = Fake::new(data::world());
    let mut app = App::start(fake.clone(), 100, 40).await;
    app.keys("2 enter j j j enter").await;
    app.write("/").await;
    let checks = || fake.count(|call| matches!(call, Call::CheckConfig(_)));
    app.pass(100).await;
    assert_eq!(checks(), 0, "asked while somebody writes");
    app.pass(300).await;
    assert_eq!(checks(), 1);
    app.shows(&["✗ `https://acmebank.example/` must end without `/`"]);
    app.keys("enter w").await;
    app.shows(&["origins[0]"]);
    assert_eq!(fake.count(|call| matches!(call, Call::Configure(..))), 0);

    app.keys("enter backspace enter").await;
    app.keys("j j enter").await;
    app.write("https://new.acmebank.example").await;
    app.keys("enter").await;
    app.pass(6_000).await;
    app.shows(&["the server would take it", "+ add"]);
    // Timeout, then the choice of user verification.
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
    app.keys("y").await;
    app.shows(&["Saved the configuration of Acme Bank", "as the server has it"]);
    let world = fake.world.lock().unwrap();
    let config = &world.tenant(tenant_id(0)).unwrap().config;
    assert_eq!(config.webauthn.relying_party.origins.len(), 3);
    assert_eq!(config.webauthn.timeout, 60);
}

#[tokio::test]
async fn an_origin_that_was_emptied_goes_and_the_selection_stays() {
    let fake = Fake::new(data::world());
    let app = App::start(fake.clone(), 100, 40).await;
    app.keys("2 enter j j j enter").await;
    for _ in 0.."https://acmebank.example".len() {
        app.keys("backspace").await;
    }
    app.keys("enter").await;
    app.lacks(&["  https://acmebank.example"]);
    assert_eq!(app.screen().matches("+ add").count(), 2);
    // The row after it is selected now.
    app.keys("enter").await;
    app.write("/x").await;
    app.keys("enter").await;
    app.shows(&["https://login.acmebank.example/x"]);
    app.keys("U").await;
    app.shows(&["  https://acmebank.example", "as the server has it"]);
    app.lacks(&["/x"]);
}

#[tokio::test]
async fn what_is_no_number_is_told_without_asking() {
    let fake = Fake::new(data::world());
    let mut app = App::start(fake.clone(), 100, 40).await;
    app.keys("2 enter j j j j j j enter").await;
    app.write("soon").await;
    app.pass(400).await;
    app.shows(&["write a number of milliseconds"]);
    app.keys("esc").await;
    app.shows(&["60000", "as the server has it"]);
    app.lacks(&["60000soon"]);
}

#[tokio::test]
async fn a_check_that_failed_is_no_approval() {
    let fake = Fake::new(data::world());
    let mut app = App::start(fake.clone(), 100, 40).await;
    app.keys("2 enter j enter").await;
    app.write(" plc").await;
    fake.fail(Some(refusal(ErrorCode::RouteNotFound, "not found", "no such endpoint")));
    app.pass(400).await;
    app.shows(&["not checked: the server does not know this request"]);
    app.lacks(&["would take it"]);
}

#[tokio::test]
async fn unsaved_changes_are_not_lost_by_a_key() {
    let fake = Fake::new(data::world());
    let app = App::start(fake.clone(), 100, 40).await;
    app.keys("2 enter j enter").await;
    app.write(" plc").await;
    app.keys("enter esc").await;
    app.shows(&["Leave without saving?", "the configuration of Acme Bank"]);
    app.keys("n").await;
    app.shows(&["Acme Bank plc"]);
    // A reload keeps what was written.
    app.keys("r").await;
    app.shows(&["Acme Bank plc"]);
    // So does another tab.
    app.keys("l h").await;
    app.shows(&["Acme Bank plc", "Configuration ●"]);
    app.keys("q").await;
    app.shows(&["Quit?"]);
    app.keys("esc esc y").await;
    app.shows(&["8 tenants"]);
    app.keys("q").await;
    assert!(app.has_ended().await);
}
