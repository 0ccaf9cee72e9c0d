//! Trust in authenticators: metadata, algorithms in use, and policies whose effect is shown before they are saved.

use doorward_admin::request::BackendRequest;
use doorward_shared::{ErrorCode, admin::Role, config::TrustMode};

use crate::{
    data,
    fake_server::{FakeServer, refusal, start, tenant_id},
    harness::App,
};

/// Keys that select `enforce` for registrations and for logins in the passkey policy. After them, the row "Logins" is
/// selected.
const ENFORCE: &str = "2 e G k k k k k k k k k k k k k k k k k space space j space space";

fn previews(fake: &FakeServer) -> usize {
    fake.count(|call| matches!(call, BackendRequest::PreviewTrust(..)))
}

fn saved_mode(fake: &FakeServer) -> TrustMode {
    fake.world.lock().unwrap().tenant(tenant_id(0)).unwrap().config.trust.passkeys.login
}

#[tokio::test]
async fn tab_shows_metadata_algorithms_and_ready_users() {
    let fake = FakeServer::with_role(data::world(), Role::Auditor);
    let app = App::start(fake.clone(), 80, 24).await;
    app.keys("2 enter").await;
    app.click("Trust").await;
    app.shows(&["291, with 345 models", "2026-11-23 (overdue)", "32 days ago", "doorward mds import"]);
    app.shows(&["ES256", "1.8k", "ML-DSA-44", "device bound", "412", "32 %", "100 %"]);
    app.shows(&["register off, login off"]);
    app.lacks(&["they use metadata"]);
    {
        let mut world = fake.world.lock().unwrap();
        world.metadata = None;
        let policy = &mut world.tenant(tenant_id(0)).unwrap().config.trust.second_factors;
        (policy.registration, policy.attestation_required) = (TrustMode::Enforce, true);
    }
    app.keys("r").await;
    app.shows(&["nothing is imported: no", "register enforce", "they need metadata"]);
}

#[tokio::test]
async fn stricter_policy_is_saved_after_its_effect_was_shown() {
    let (fake, mut app) = start(100, 40).await;
    app.keys(ENFORCE).await;
    app.pass(400).await;
    app.keys("w").await;
    app.shows(&[
        "Save the configuration of Acme Bank?",
        "can be used now. 37",
        "users lose all credentials",
        "412 users lose",
    ]);
    app.shows(&[
        "alice@example.com) loses all credentials",
        "bob@example.com) loses 1, keeps 1",
        "and 447 more: doorward-admin trust preview",
    ]);
    app.shows(&["trust.passkeys.login", "- off", "+ enforce"]);
    assert_eq!((previews(&fake), saved_mode(&fake)), (1, TrustMode::Off));
    app.keys_show("y", &["Saved the configuration of Acme Bank"]).await;
    assert_eq!(saved_mode(&fake), TrustMode::Enforce);
    // Changes of other settings need no preview.
    app.keys("g j enter 'x' enter").await;
    app.pass(400).await;
    app.keys_show("w", &["Save the configuration of Acme Bank?"]).await;
    assert_eq!(previews(&fake), 1);
}

#[tokio::test]
async fn confirmation_says_that_the_policy_has_no_effect() {
    let (_, mut app) = start(100, 40).await;
    app.keys(&ENFORCE.replace("space space", "space")).await;
    app.pass(400).await;
    app.keys_show("w", &["The trust policies take no credential away", "+ monitor"]).await;
}

#[tokio::test]
async fn nothing_is_saved_without_a_preview() {
    let (fake, mut app) = start(100, 40).await;
    app.keys(ENFORCE).await;
    app.pass(400).await;
    fake.fail(Some(refusal(ErrorCode::Unavailable, "database is busy", "")));
    app.keys_show("w", &["Not saved, because the effect on users is unknown"]).await;
    fake.fail(None);
    app.lacks(&["Save the configuration"]);
    assert_eq!(saved_mode(&fake), TrustMode::Off);
}

#[tokio::test]
async fn configuration_that_was_edited_during_the_preview_must_be_saved_again() {
    let (fake, mut app) = start(100, 40).await;
    app.keys(ENFORCE).await;
    app.pass(400).await;
    fake.hold(true);
    app.keys("w space").await;
    fake.hold(false);
    app.wait_until_idle().await;
    app.shows(&["edited in the meantime: save it again"]);
    app.lacks(&["Save the configuration"]);
}
