//! Reports: the explanation of a refusal, and the findings about a tenant.

use doorward_admin::request::BackendRequest;
use doorward_shared::{
    AuditType, ErrorCode,
    refusal::{AuthenticatorState, Check, RefusalDetail, StoredChallenge, StoredCredential},
};
use uuid::Uuid;

use crate::{
    data::{self, World},
    fake_server::FakeServer,
    harness::App,
};

/// Adds a refusal of the first tenant as its newest entry.
fn refuse(world: &mut World, kind: AuditType, code: ErrorCode, detail: &RefusalDetail) {
    world.record(0, kind, "alice", 500);
    let entry = &mut world.audit.last_mut().unwrap().entry;
    entry.error_code = Some(code.to_string());
    entry.error = Some("the reason".to_owned());
    entry.detail = serde_json::to_value(detail).ok();
}

fn wrong_origin() -> RefusalDetail {
    RefusalDetail {
        challenge: Some(StoredChallenge { ceremony: "login".into(), age_ms: 2_500, lifetime_ms: 60_000 }),
        authenticator: Some(AuthenticatorState { up: true, uv: true, be: false, bs: false, sign_count: 3 }),
        credential: Some(StoredCredential { sign_count: 2, be: false, is_mfa: false }),
        ..RefusalDetail::new(Check::Origin).expected(["https://acme.example"]).received("https://www.acme.example")
    }
}

pub(crate) fn world_with_wrong_origin() -> World {
    let mut world = data::world();
    let kind = AuditType::WebauthnAuthenticationFinalFailed;
    refuse(&mut world, kind, ErrorCode::OriginMismatch, &wrong_origin());
    world
}

#[tokio::test]
async fn refused_event_of_a_user_is_explained() {
    let app = App::start(FakeServer::new(world_with_wrong_origin()), 120, 40).await;
    app.keys("2 enter l l l enter e").await;
    app.lacks(&["Why this request"]);
    app.keys_show("tab e", &["Why this request was refused", "received   https://www.acme.example"]).await;
    // Only refusals have an explanation.
    app.keys("esc j").await;
    app.lacks(&["e explain"]);
    app.click("now  login refused").await;
    app.shows(&["e explain"]);
}

#[tokio::test]
async fn refused_entry_is_explained_in_the_list_and_when_open() {
    let app = App::start(FakeServer::new(world_with_wrong_origin()), 120, 40).await;
    let explained = [
        "Why this request was refused",
        "origin_mismatch",
        "expected   https://acme.example",
        "received   https://www.acme.example",
        "of login, 2.5 s after initialize, valid for 60 s",
        "UP = 1  UV = 1  BE = 0  BS = 0",
        "stored 2, received 3",
        "only by `www.`",
        "Add the page's origin",
        "WebAuthn Level 3 §7.2 step 12",
    ];
    app.keys_show("3 e", &explained).await;
    app.keys("esc").await;
    app.lacks(&["Why this request"]);
    app.keys_show("enter e", &explained).await;
    app.keys("y").await;
    assert!(app.copied()[0].contains("received   https://www.acme.example"), "{:?}", app.copied());
}

#[tokio::test]
async fn entries_that_succeeded_have_no_explanation() {
    let mut world = data::world();
    world.record(0, AuditType::TenantConfigUpdated, "ops", 500);
    let app = App::start(FakeServer::new(world), 120, 40).await;
    app.keys("3 e").await;
    app.lacks(&["Why this request", "explain"]);
}

#[tokio::test]
async fn explanation_scrolls_to_its_end_in_a_small_terminal() {
    let app = App::start(FakeServer::new(world_with_wrong_origin()), 60, 15).await;
    app.keys_show("3 e", &["origin_mismatch"]).await;
    app.lacks(&["§7.2"]);
    app.keys_show("G", &["§7.2 step 12"]).await;
    app.keys("k").await;
    app.keys_show("g", &["origin_mismatch"]).await;
    app.keys_show("^d ^d ^d ^d ^d ^d", &["§7.2 step 12"]).await;
}

#[tokio::test]
async fn latest_refusal_of_the_overview_is_explained() {
    let app = App::start(FakeServer::new(world_with_wrong_origin()), 120, 40).await;
    app.keys_show("tab e", &["Why this request was refused", "origin_mismatch"]).await;
}

#[tokio::test]
async fn entry_without_detail_shows_what_is_not_recorded() {
    let mut world = data::world();
    world.record(0, AuditType::MfaAuthenticationFinalFailed, "alice", 500);
    let app = App::start(FakeServer::new(world), 120, 40).await;
    app.keys_show("3 e", &["received   not recorded", "flags      not recorded", "counter    not recorded"]).await;
}

#[tokio::test]
async fn revoked_key_is_found_in_the_history() {
    let mut world = data::world();
    let id = Uuid::from_u128(77);
    world.record(0, AuditType::ApiKeyRevoked, "ops", 5_000);
    world.audit.last_mut().unwrap().entry.detail = Some(serde_json::json!({ "id": id }));
    let detail = RefusalDetail::new(Check::KeyKnown).key(Some(id));
    refuse(&mut world, AuditType::ApiKeyRejected, ErrorCode::ApiKeyInvalid, &detail);
    let app = App::start(FakeServer::new(world), 120, 40).await;
    app.keys_show("3 e", &["ops revoked the key at 2026-11-25 10:29:55", &id.to_string()]).await;
}

#[tokio::test]
async fn findings_about_a_tenant_are_shown() {
    let mut world = world_with_wrong_origin();
    world.tenants[0].api_keys.clear();
    let fake = FakeServer::new(world);
    let app = App::start(fake.clone(), 140, 48).await;
    app.keys_show(
        "2 enter c",
        &["Findings about Acme Bank", "The tenant has no API key", "doorward-admin api-key create"],
    )
    .await;
    assert_eq!(fake.count(|call| matches!(call, BackendRequest::TenantReport(..))), 1);
    app.keys("esc").await;
    app.lacks(&["Findings about"]);
}
