//! Disabling and enabling of tenants, API keys, users and credentials.

use std::sync::Arc;

use doorward_admin::{api::DisableTarget, request::BackendRequest};
use doorward_shared::{ApiKeyId, UserId};

use crate::{
    data,
    fake_server::{FakeServer, start, tenant_id},
    harness::App,
};

/// Returns the requests that disable or enable an object, in the order in which they were sent.
fn changes(fake: &Arc<FakeServer>) -> Vec<(DisableTarget, bool)> {
    let change = |call| match call {
        BackendRequest::SetDisabled(target, disabled, _) => Some((target, disabled)),
        _ => None,
    };
    fake.calls().into_iter().filter_map(change).collect()
}

/// Presses the key and cancels the dialog. Then disables and enables the object with this key. The screen shows `mark`
/// while the object is disabled.
async fn toggle(fake: &Arc<FakeServer>, app: &App, key: &str, what: &str, mark: &str, target: DisableTarget) {
    let before = changes(fake).len();
    app.keys_show(key, &[&format!("Disable {what}?"), "y disable", "Nothing is deleted."]).await;
    app.keys("esc").await;
    app.keys(key).await;
    // Enter does not confirm.
    app.keys("enter esc").await;
    assert_eq!(changes(fake).len(), before);
    app.lacks(&[mark]);
    app.keys_show(&format!("{key} y"), &[&format!("Disabled {what}"), mark]).await;
    app.keys_show(key, &[&format!("Enable {what}?"), "y enable"]).await;
    app.keys_show("y", &[&format!("Enabled {what}")]).await;
    app.lacks(&[mark]);
    assert_eq!(changes(fake)[before..], [(target.clone(), true), (target, false)]);
}

#[tokio::test]
async fn tenant_is_disabled_and_enabled_in_the_list_and_on_its_screen() {
    let (fake, app) = start(160, 48).await;
    let target = || DisableTarget::Tenant(tenant_id(0));
    app.keys("2").await;
    toggle(&fake, &app, "x", "tenant Acme Bank", "disabled: Acme Bank", target()).await;
    app.keys_show("x", &["All requests to Acme Bank are refused", "1250 users cannot sign in."]).await;
    app.keys_show("y", &["disabled: Acme Bank", "disabled     since"]).await;
    app.keys("x y enter").await;
    toggle(&fake, &app, "X", "tenant Acme Bank", "disabled   ", target()).await;
}

#[tokio::test]
async fn api_keys_users_and_credentials_are_disabled_and_enabled() {
    let (fake, app) = start(100, 40).await;
    let tenant = tenant_id(0);
    app.keys("2 enter l").await;
    let key = DisableTarget::ApiKey(tenant, ApiKeyId::new(data::uuid(0xa, 0)));
    toggle(&fake, &app, "x", "API key backend production", "disabled: backend", key).await;
    app.keys("l l").await;
    let alice = UserId::new(data::uuid(2, 0));
    let user = || DisableTarget::User(tenant, alice);
    toggle(&fake, &app, "x", "user alice@example.com", "disabled: alice", user()).await;
    app.keys("enter").await;
    let id = data::world().tenants[0].credentials[0].id.to_string();
    let credential = DisableTarget::Credential(tenant, alice, id);
    toggle(&fake, &app, "x", "credential iCloud Keychain", "disabled: iCloud", credential).await;
    toggle(&fake, &app, "X", "user alice@example.com", "disabled since", user()).await;
}

#[tokio::test]
async fn key_bar_help_and_palette_name_the_change_that_the_key_makes() {
    let (_fake, app) = start(160, 48).await;
    app.keys_show("2 enter l", &["x disable"]).await;
    app.keys_show("x y", &["x enable"]).await;
    app.keys("x y 2").await;
    app.keys_show("?", &["disable the tenant"]).await;
    app.keys_show("esc x y", &["x enable"]).await;
    app.keys_show(": 'enable'", &["enable it again"]).await;
    app.keys_show("enter", &["Enable tenant Acme Bank?"]).await;
}

#[tokio::test]
async fn another_change_ends_the_offer_to_undo() {
    let (fake, app) = start(160, 48).await;
    app.keys_show("2 x y", &["Disabled tenant Acme Bank; press z to undo"]).await;
    app.keys_show("j d 'Globex' enter", &["Deleted tenant Globex"]).await;
    app.lacks(&["press z to undo", "z undo"]);
    app.keys("z").await;
    assert_eq!(changes(&fake), [(DisableTarget::Tenant(tenant_id(0)), true)]);
}
