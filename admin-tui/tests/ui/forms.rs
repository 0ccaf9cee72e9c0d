//! Dialogs: forms, confirmations and one-time secrets, with keys and mouse.

use doorward_admin::request::BackendRequest;
use doorward_shared::{UserId, admin::Role, audit::AuditOutcome, config::UserVerification};

use crate::{
    data,
    fake_server::{FakeServer, start},
    harness::App,
};

#[tokio::test]
async fn click_on_a_choice_selects_that_choice() {
    let (fake, app) = start(80, 24).await;
    app.keys("4 n 'pager'").await;
    for (word, role) in [("auditor", Role::Auditor), ("metrics", Role::Metrics), ("auditor", Role::Auditor)] {
        app.click(word).await;
        app.click("⏎ create").await;
        let created = fake.calls().into_iter().rev().find_map(|call| match call {
            BackendRequest::CreateAdminToken(request, _) => request.role,
            _ => None,
        });
        assert_eq!(created, Some(role), "after a click on {word}");
        app.keys("c esc n 'pager'").await;
    }
    app.click("esc cancel").await;
    app.lacks(&["New admin token"]);
}

#[tokio::test]
async fn admin_token_is_limited_to_the_named_tenants() {
    let (fake, app) = start(80, 24).await;
    app.keys_show("4 n 'pager' tab tab ' Acme Bank, Globex' enter", &[data::SECRET]).await;
    let tenants = fake.calls().into_iter().find_map(|call| match call {
        BackendRequest::CreateAdminToken(request, tenants) => Some((request.role, tenants)),
        _ => None,
    });
    let names = vec!["Acme Bank".to_owned(), "Globex".to_owned()];
    assert_eq!(tenants, Some((Some(Role::Auditor), names)));
    app.keys("c esc n 'prometheus' tab right right").await;
    app.keys_show("tab 'Globex' enter", &["the metrics are those of all tenants, so leave this empty"]).await;
    assert_eq!(fake.count(|call| matches!(call, BackendRequest::CreateAdminToken(..))), 1);
}

#[tokio::test]
async fn admin_token_for_an_empty_name_of_a_tenant_is_not_created() {
    let (fake, app) = start(80, 24).await;
    app.keys("4 n 'pager' tab tab").await;
    for text in [",", " , ", "Acme Bank,", ",Globex", "Acme Bank, ,Globex"] {
        app.keys_show(&format!("^u '{text}' enter"), &["enter a name or id before and after each comma"]).await;
    }
    assert_eq!(fake.count(|call| matches!(call, BackendRequest::CreateAdminToken(..))), 0);
}

#[tokio::test]
async fn click_on_an_outcome_filters_by_it() {
    let (fake, app) = start(120, 30).await;
    app.keys("3 f").await;
    app.click(" failed ").await;
    app.click("⏎ apply").await;
    app.shows(&["outcome: failed ×"]);
    let query = fake.calls().into_iter().rev().find_map(|call| match call {
        BackendRequest::Audit(query, _) => Some(query),
        _ => None,
    });
    assert_eq!(query.unwrap().outcome, Some(AuditOutcome::Failed));
}

#[tokio::test]
async fn click_on_a_choice_of_the_configuration_selects_that_choice() {
    let (fake, mut app) = start(160, 48).await;
    app.keys("2 e").await;
    app.click("discouraged").await;
    app.pass(400).await;
    app.shows(&["● unsaved changes, valid"]);
    let checked = fake.calls().into_iter().find_map(|call| match call {
        BackendRequest::CheckConfig(config) => Some(config.webauthn.user_verification),
        _ => None,
    });
    assert_eq!(checked, Some(UserVerification::Discouraged));
    let app = App::start(FakeServer::with_role(data::world(), Role::Auditor), 160, 48).await;
    app.keys("2 enter h").await;
    app.click("discouraged").await;
    app.shows(&["no unsaved changes"]);
}

#[tokio::test]
async fn new_tenant_with_an_app_origin_allows_only_its_web_origins_in_cors() {
    let (fake, app) = start(80, 24).await;
    app.keys("2 n 'Wonka' tab 'wonka.example' tab").await;
    app.keys("'https://wonka.example android:apk-key-hash:2jmj7l5rSw0yVb-vlWAYkK-YBwk' enter").await;
    let created = fake.calls().into_iter().find_map(|call| match call {
        BackendRequest::CreateTenant(request) => request.config,
        _ => None,
    });
    let config = created.unwrap();
    assert_eq!(config.webauthn.relying_party.origins.len(), 2);
    assert_eq!(config.cors.allowed_origins, ["https://wonka.example"]);
}

/// The user id of one user equals the internal id of another user. The app must not confuse the two users.
#[tokio::test]
async fn deleted_user_is_the_one_that_the_dialog_names() {
    let mut world = data::world();
    let internal = world.tenants[0].users[0].user.id;
    world.tenants[0].users[1].user.user_id = internal.to_string();
    world.tenants[0].users[1].user.name = "impostor@example.com".to_owned();
    let bob = world.tenants[0].users[1].user.id;
    let deleted = |fake: &FakeServer| -> Vec<UserId> {
        let user = |call| match call {
            BackendRequest::DeleteUser(_, user) => Some(user),
            _ => None,
        };
        fake.calls().into_iter().filter_map(user).collect()
    };
    for keys in ["2 enter l l l j d", "2 enter l l l j enter D"] {
        let fake = FakeServer::new(world.clone());
        let app = App::start(fake.clone(), 100, 30).await;
        app.keys_show(keys, &["Delete user impostor@example.com?"]).await;
        app.keys_show("y", &["Deleted user impostor@example.com"]).await;
        assert_eq!(deleted(&fake), [bob], "after {keys}");
    }
}

/// The clock of this machine may be ahead of the server's clock.
#[tokio::test]
async fn key_that_still_signs_is_not_shown_as_retired() {
    let mut world = data::world();
    let key = &mut world.tenants[0].signing_keys[0];
    (key.retired_at, key.signing) = (Some(crate::harness::start_time().plus_millis(-1_000)), true);
    let app = App::start(FakeServer::new(world), 120, 30).await;
    app.keys_show("2 enter l l", &["● signs until 2026-11-25 10:29:59"]).await;
    app.keys_show("d", &["It is the key that signs now."]).await;
}

#[tokio::test]
async fn ctrl_c_over_a_new_secret_asks_first() {
    let app = App::start(FakeServer::new(data::world()), 80, 24).await;
    app.keys("2 enter l n 'ci' enter ^c").await;
    assert!(!app.has_ended().await);
    app.shows(&["Quit?", "The new API key is shown only now"]);
    app.keys_show("n", &[&data::SECRET[..16], "New API key"]).await;
    app.keys("^c y").await;
    assert!(app.has_ended().await);
    // After the secret was copied, nothing can be lost.
    let app = App::start(FakeServer::new(data::world()), 80, 24).await;
    app.keys("2 enter l n 'ci' enter c ^c").await;
    assert!(app.has_ended().await);
}

#[tokio::test]
async fn confirmation_says_that_the_token_is_in_use() {
    let app = App::start(FakeServer::new(data::world()), 100, 24).await;
    app.keys_show("4", &["ops (in use)"]).await;
    app.keys_show("d", &["Revoke admin token ops?", "This app uses the token"]).await;
    app.keys("n j d").await;
    app.shows(&["Revoke admin token grafana?"]);
    app.lacks(&["This app uses the token"]);
}

#[tokio::test]
async fn last_admin_token_is_revoked_only_after_its_name_was_typed() {
    let mut world = data::world();
    world.tokens.truncate(2);
    let fake = FakeServer::new(world);
    let app = App::start(fake.clone(), 100, 24).await;
    app.keys_show("4 d y", &["Revoke the last admin token ops?", "admin-token create"]).await;
    let forced = || fake.count(|call| matches!(call, BackendRequest::RevokeAdminToken(_, true)));
    app.keys("enter").await;
    assert_eq!(forced(), 0);
    app.keys_show("'ops' enter", &["Revoked admin token ops"]).await;
    assert_eq!(forced(), 1);
}

#[tokio::test]
async fn tenant_that_was_renamed_in_the_meantime_is_not_deleted() {
    let (fake, app) = start(100, 24).await;
    app.keys_show("2 d 'Acme Bank'", &["Delete tenant Acme Bank?"]).await;
    fake.world.lock().unwrap().tenants[0].summary.tenant.display_name = "Acme Holding".to_owned();
    app.keys_show("enter", &["tenant was changed", "Acme Holding", "8 tenants"]).await;
    app.lacks(&["Delete tenant"]);
}
