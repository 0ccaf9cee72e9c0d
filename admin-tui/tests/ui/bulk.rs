//! Marked rows, actions on all marked rows, and undoing a change.

use doorward_admin::{api::DisableTarget, request::BackendRequest};
use doorward_shared::{ApiKeyId, ErrorCode};

use crate::{
    data,
    fake_server::{FakeServer, refusal, set_disabled, start, tenant_id, unreachable},
    harness::App,
};

fn revocations(fake: &FakeServer) -> usize {
    fake.count(|call| matches!(call, BackendRequest::RevokeApiKey(..)))
}

#[tokio::test]
async fn marked_api_keys_are_revoked_after_one_question() {
    let (fake, app) = start(100, 30).await;
    app.keys_show("2 enter l space j space", &["✓ backend production", "✓ migration 2025"]).await;
    app.lacks(&["✓ backend staging"]);
    app.keys_show("d", &["Revoke 2 API keys?", "backend production (dw_0f3a…)", "migration 2025"]).await;
    app.keys_show("y", &["Revoked 2 API keys", "backend staging"]).await;
    app.lacks(&["backend production", "✓ backend"]);
    assert_eq!(revocations(&fake), 2);
}

#[tokio::test]
async fn marks_are_removed_with_esc_and_by_a_filter() {
    let (fake, app) = start(100, 30).await;
    app.keys_show("2 * ", &["✓ Acme Bank", "8 of 8 tenants marked"]).await;
    app.keys("esc").await;
    app.lacks(&["✓", "marked"]);
    app.keys_show("space", &["✓ Acme Bank", "1 of 8 tenants marked"]).await;
    app.keys("/ 'glo' enter esc").await;
    app.lacks(&["✓"]);
    app.keys_show("G d", &["Delete tenant "]).await;
    assert_eq!(fake.count(|call| matches!(call, BackendRequest::DeleteTenant(..))), 0);
}

#[tokio::test]
async fn deletion_of_marked_tenants_needs_their_number_typed() {
    let (fake, app) = start(100, 30).await;
    app.keys_show("2 space space d", &["Delete 2 tenants?", "Acme Bank (1250 users, 2100 credentials)", "Globex"])
        .await;
    let deletions = || fake.count(|call| matches!(call, BackendRequest::DeleteTenant(..)));
    app.keys("'2' enter").await;
    assert_eq!(deletions(), 0);
    app.keys_show("' tenants' enter", &["Deleted 2 tenants", "6 tenants"]).await;
    assert_eq!(deletions(), 2);
}

#[tokio::test]
async fn failed_requests_of_marked_rows_are_counted_and_can_be_retried() {
    let (fake, app) = start(100, 30).await;
    app.keys("2 enter l *").await;
    fake.fail(Some(refusal(ErrorCode::Internal, "internal server error", "")));
    app.keys_show("d y", &["3 of 3 failed, the last one: internal server error"]).await;
    assert_eq!(revocations(&fake), 3);
    // If the server is unreachable, the app sends no requests for the remaining rows.
    fake.fail(Some(unreachable()));
    app.keys_show("y", &["3 of 3 failed"]).await;
    assert_eq!(revocations(&fake), 4);
    fake.fail(None);
    app.keys_show("y", &["Revoked 3 API keys"]).await;
}

#[tokio::test]
async fn token_of_this_app_is_revoked_last() {
    let (fake, app) = start(100, 30).await;
    app.keys_show("4 space space d", &["Revoke 2 admin tokens?", "ops (admin, dw_0f3a…) — this app uses it"]).await;
    app.keys_show("y", &["Revoked 2 admin tokens"]).await;
    let revoked: Vec<_> = fake
        .calls()
        .into_iter()
        .filter_map(|call| match call {
            BackendRequest::RevokeAdminToken(id, _) => Some(id.uuid()),
            _ => None,
        })
        .collect();
    assert_eq!(revoked, [data::uuid(4, 1), data::uuid(4, 0)]);
}

#[tokio::test]
async fn rename_is_undone_within_ten_seconds() {
    let (fake, mut app) = start(100, 30).await;
    let name = |fake: &FakeServer| fake.world.lock().unwrap().tenants[0].summary.tenant.display_name.clone();
    app.keys_show("2 R ^u 'Acme Holding' enter", &["Renamed to Acme Holding; press z to undo", "z undo"]).await;
    app.pass(9_000).await;
    app.keys_show("z", &["Renamed back to Acme Bank"]).await;
    app.lacks(&["press z"]);
    assert_eq!(name(&fake), "Acme Bank");
    app.keys("R ^u 'Acme Holding' enter").await;
    app.pass(10_000).await;
    app.lacks(&["press z", "z undo"]);
    app.keys("z").await;
    assert_eq!(name(&fake), "Acme Holding");
}

#[tokio::test]
async fn rename_by_another_administrator_is_not_undone() {
    let (fake, app) = start(100, 30).await;
    app.keys("2 R ^u 'Acme Holding' enter").await;
    fake.world.lock().unwrap().tenant(tenant_id(0)).unwrap().summary.tenant.display_name = "Acme plc".to_owned();
    app.keys_show("z", &["Not undone: tenant was changed", "Acme plc"]).await;
}

#[tokio::test]
async fn auditor_cannot_mark_rows() {
    let fake = FakeServer::with_role(data::world(), doorward_shared::admin::Role::Auditor);
    let app = App::start(fake, 100, 30).await;
    app.keys("2 space *").await;
    app.lacks(&["✓", "marked"]);
}

#[tokio::test]
async fn disabling_is_undone_within_ten_seconds() {
    let (fake, app) = start(120, 30).await;
    let is_disabled = |fake: &FakeServer| fake.world.lock().unwrap().tenants[0].api_keys[0].disabled_at.is_some();
    app.keys_show("2 enter l x y", &["Disabled API key backend production; press z to undo"]).await;
    assert!(is_disabled(&fake));
    app.keys_show("z", &["Enabled API key backend production again"]).await;
    assert!(!is_disabled(&fake));
}

#[tokio::test]
async fn marked_rows_are_disabled_and_enabled_after_one_question() {
    let (fake, app) = start(120, 30).await;
    let disabled = |fake: &FakeServer| {
        let world = fake.world.lock().unwrap();
        world.tenants[0].api_keys.iter().filter(|key| key.disabled_at.is_some()).count()
    };
    let question = ["Disable 2 API keys?", "backend production (dw_0f3a…)", "backend staging (dw_1f3a…)"];
    app.keys_show("2 enter l space space x", &question).await;
    app.keys_show("y", &["Disabled 2 API keys; press z to undo", "✓ disabled: backend staging"]).await;
    assert_eq!(disabled(&fake), 2);
    app.keys_show("x", &["Enable 2 API keys?"]).await;
    app.keys_show("y", &["Enabled 2 API keys; press z to undo"]).await;
    assert_eq!(disabled(&fake), 0);
    app.keys_show("esc esc 2 space x y", &["Disabled 1 tenant"]).await;
}

fn disabled_keys(fake: &FakeServer) -> Vec<bool> {
    let world = fake.world.lock().unwrap();
    world.tenants[0].api_keys.iter().map(|key| key.disabled_at.is_some()).collect()
}

#[tokio::test]
async fn mixed_marks_are_all_disabled_and_undo_enables_only_those_that_changed() {
    let (fake, mut app) = start(120, 30).await;
    app.keys_show("2 enter l x y", &["Disabled API key backend production"]).await;
    app.keys_show("*", &["x disable all"]).await;
    let question = ["Disable 2 API keys?", "backend staging (dw_1f3a…)", "migration 2025", "1 is already disabled"];
    app.keys_show("x", &question).await;
    app.lacks(&["backend production (dw_0f3a…)"]);
    app.keys_show("y", &["Disabled 2 API keys; press z to undo", "x enable all"]).await;
    assert_eq!(disabled_keys(&fake), [true; 3]);
    app.pass(9_000).await;
    app.keys_show("z", &["Enabled 2 API keys again", "x disable all"]).await;
    assert_eq!(disabled_keys(&fake), [true, false, false]);
    app.keys("x y").await;
    app.pass(10_000).await;
    app.lacks(&["press z to undo"]);
    app.keys("z").await;
    assert_eq!(disabled_keys(&fake), [true; 3], "the offer has ended");
}

#[tokio::test]
async fn undo_that_fails_says_how_many_changes_remain() {
    let (fake, app) = start(120, 30).await;
    app.keys("2 enter l * x y").await;
    fake.fail(Some(refusal(ErrorCode::Internal, "internal server error", "")));
    app.keys_show("z", &["3 changes not undone, the last one: internal server error"]).await;
    assert_eq!(disabled_keys(&fake), [true; 3]);
}

/// Disables or enables an API key of the first tenant, as another administrator would.
fn others_set(fake: &FakeServer, key: usize, disabled: bool) {
    let target = DisableTarget::ApiKey(tenant_id(0), ApiKeyId::new(data::uuid(0xa, key)));
    assert!(set_disabled(&mut fake.world.lock().unwrap(), &target, disabled, None).unwrap().is_some());
}

#[tokio::test]
async fn undo_leaves_alone_what_others_have_disabled_since() {
    let (fake, app) = start(120, 30).await;
    app.keys_show("2 enter l * x y", &["Disabled 3 API keys; press z to undo"]).await;
    others_set(&fake, 1, false);
    others_set(&fake, 1, true);
    let because = "Not undone, because others have changed it since: backend staging (dw_1f3a…)";
    app.keys_show("z", &["Undid 2 of 3 changes", because]).await;
    assert_eq!(disabled_keys(&fake), [false, true, false]);
}

#[tokio::test]
async fn undo_leaves_alone_what_others_have_enabled_since() {
    let (fake, app) = start(120, 30).await;
    app.keys("2 enter l x y").await;
    app.keys_show("x y", &["Enabled API key backend production; press z to undo"]).await;
    others_set(&fake, 0, true);
    others_set(&fake, 0, false);
    app.keys_show("z", &["Not undone, because others have changed it since: API key backend production"]).await;
    app.lacks(&["Undid", "again"]);
    assert_eq!(disabled_keys(&fake), [false; 3]);
}

#[tokio::test]
async fn change_that_others_made_first_is_not_undone() {
    let (fake, app) = start(120, 30).await;
    app.keys("2 enter l").await;
    others_set(&fake, 0, true);
    app.keys_show("x y", &["Nothing changed: this was already done"]).await;
    app.lacks(&["press z"]);
    app.keys("z").await;
    assert_eq!(disabled_keys(&fake), [true, false, false]);
    app.keys("j *").await;
    others_set(&fake, 1, true);
    let said = ["1 of 2 did not change, because this was already done", "Made 1 of 2 changes; press z to undo"];
    app.keys_show("x y", &said).await;
    app.keys_show("z", &["Undid 1 of 2 changes"]).await;
    assert_eq!(disabled_keys(&fake), [true, true, false]);
}

#[tokio::test]
async fn two_changes_are_undone_at_the_same_time() {
    let (fake, app) = start(120, 30).await;
    app.keys("2 enter l * x y").await;
    assert_eq!(disabled_keys(&fake), [true; 3]);
    fake.hold_enabling(true);
    app.keys("z").await;
    app.keys_show("^c", &["Quit?", "3 changes are not undone yet."]).await;
    app.keys("esc").await;
    app.keys_show("esc esc R ^u 'Acme Holding' enter", &["Renamed to Acme Holding; press z to undo"]).await;
    app.keys_show("z", &["Renamed back to Acme Bank"]).await;
    app.keys("R ^u 'Acme Holding' enter").await;
    fake.hold_enabling(false);
    app.wait_until_idle().await;
    assert_eq!(disabled_keys(&fake), [false; 3], "the first undo goes on");
    app.shows(&["Enabled 3 API keys again"]);
    app.keys_show("z", &["Renamed back to Acme Bank"]).await;
    let name = fake.world.lock().unwrap().tenants[0].summary.tenant.display_name.clone();
    assert_eq!(name, "Acme Bank", "the first undo does not withdraw the offer of a later change");
}

#[tokio::test]
async fn credentials_of_a_user_are_marked_and_removed_after_one_question() {
    let (fake, app) = start(120, 40).await;
    app.keys_show("2 enter l l l enter space space", &["Credentials (2 of 2 marked)", "✓ iCloud Keychain"]).await;
    let question = [
        "Remove 2 credentials?",
        "They are the last credentials of this user.",
        "alice@example.com can no longer sign in with these credentials:",
        "YubiKey 5C",
    ];
    app.keys_show("d", &question).await;
    app.keys("esc").await;
    app.keys_show("esc", &["Credentials (2)"]).await;
    app.lacks(&["✓ YubiKey"]);
    app.keys_show("* d y", &["Removed 2 credentials", "Credentials (0)"]).await;
    assert_eq!(fake.count(|call| matches!(call, BackendRequest::DeleteCredential(..))), 2);
}

#[tokio::test]
async fn marked_credentials_are_disabled_and_the_change_is_undone() {
    let (fake, app) = start(120, 40).await;
    let disabled = || {
        let world = fake.world.lock().unwrap();
        world.tenants[0].credentials.iter().filter(|it| it.disabled_at.is_some()).count()
    };
    app.keys_show("2 enter l l l enter x", &["Disable credential iCloud Keychain?"]).await;
    app.lacks(&["credential of this user", "credentials of this user"]);
    app.keys_show("y k * x", &["Disable 1 credential?", "They are the last credentials", "1 is already disabled"])
        .await;
    app.keys_show("y", &["Disabled 1 credential; press z to undo"]).await;
    assert_eq!(disabled(), 2);
    app.keys_show("z", &["Enabled 1 credential again"]).await;
    assert_eq!(disabled(), 1);
    app.keys_show("x", &["Disable 1 credential?"]).await;
    app.click("esc").await;
    app.keys("esc").await;
    // A click on another list does not act on the marked credentials.
    app.click("mfa login started").await;
    app.keys("x d").await;
    app.lacks(&["Disable", "Remove"]);
}

#[tokio::test]
async fn last_admin_token_among_marked_ones_is_revoked_after_its_name_is_typed() {
    let (fake, app) = start(100, 30).await;
    app.keys_show("4 * d", &["Revoke 3 admin tokens?"]).await;
    app.keys_show("y", &["Revoke the last admin token ops?", "Type the name to confirm"]).await;
    app.keys("esc").await;
    app.shows(&["1 token"]);
    app.keys("space d y").await;
    app.keys_show("'ops' enter", &["Revoked admin token ops"]).await;
    assert!(fake.world.lock().unwrap().tokens.is_empty());
}
