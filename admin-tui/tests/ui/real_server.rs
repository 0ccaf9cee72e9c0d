//! The app with a real server.

use std::{path::PathBuf, sync::Arc};

use doorward_admin::{
    api::{Api, Endpoint, Token},
    ui::Theme,
};
use doorward_shared::{TenantId, admin::Role};
use doorward_testkit::{Http, ORIGIN, Person, RP_ID, TestServer, TestTenant};
use reqwest::Method;
use serde_json::json;

use crate::harness::App;

async fn start(server: &TestServer, role: Role, folder: PathBuf) -> App {
    let http = server.admin("maker", Role::Admin).await;
    let created = http.post("/admin_tokens", &json!({ "name": "operator", "role": role })).await.expect(201);
    let token = Token::new(&created.field("secret")).unwrap();
    let target = Endpoint { url: server.admin_url.parse().unwrap(), token, ca: None };
    let mut app = App::start_in(Arc::new(Api::new(target).unwrap()), 120, 40, Theme::Dark, folder).await;
    app.wait_for("operator").await;
    app
}

/// Returns the tenant that the app created, with the API key that the app showed.
async fn created_tenant(server: &TestServer, key: &str) -> TestTenant {
    let tenants = server.admin("finder", Role::Admin).await.get("/tenants").await.expect(200).json();
    let id: TenantId = tenants[0]["id"].as_str().unwrap().parse().unwrap();
    let anonymous = Http::new(format!("{}/{id}", server.public_url));
    TestTenant { id, api_key: key.to_owned(), http: anonymous.clone().header("apiKey", key), anonymous }
}

#[tokio::test]
async fn api_key_is_created_used_exported_and_revoked() {
    let server = TestServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut app = start(&server, Role::Admin, folder.path().to_owned()).await;

    app.keys_wait(&format!("2 n 'Acme Bank' tab '{RP_ID}' tab '{ORIGIN}' enter"), "New API key").await;
    app.keys("c esc").await;
    let key = app.copied().pop().unwrap();
    let tenant = created_tenant(&server, &key).await;

    app.keys_wait("a", "Audit log of Acme Bank").await;
    app.wait_for("api key created").await;
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    let _ = alice.mfa_login(&tenant).await.expect(200);
    app.wait_for("mfa login started").await;
    app.wait_for("✓  mfa login ").await;

    app.keys_wait("t 'mfa_authentication_final' space enter", "type: mfa_authentication_final_succeeded").await;
    app.keys_wait("E enter", "Exported 1 entry ").await;
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(file).unwrap();
    assert_eq!(text.lines().count(), 1);
    assert!(text.contains("mfa_authentication_final_succeeded") && text.contains("alice"), "{text}");

    app.keys_wait("x esc l", "Begins with").await;
    app.keys_wait("d y", "Revoked API key").await;
    let refused = tenant.http.post("/mfa/login/initialize", &json!({ "user_id": "alice" })).await;
    assert_eq!(refused.status, 401);
    app.keys_wait("a", "api key revoked").await;
    app.wait_for("✗  api key rejected").await;
}

#[tokio::test]
async fn disabled_key_is_refused_until_it_is_enabled() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let mut app = start(&server, Role::Admin, PathBuf::new()).await;
    app.keys_wait("2", "▌Example").await;
    app.keys_wait("enter", "Success of ceremonies").await;
    app.keys_wait("l", "▌First key").await;
    app.keys_wait("x y", "disabled: First key").await;
    tenant.http.get("/credentials").await.expect_refusal(401, "api_key_disabled");
    app.keys_wait("x y", "Enabled API key First key").await;
    let _ = tenant.http.get("/credentials").await.expect(200);
    app.keys_wait("X y", "Disabled tenant Example").await;
    tenant.http.get("/credentials").await.expect_refusal(403, "tenant_disabled");
    app.keys_wait("a", "tenant disabled").await;
    app.wait_for("api key enabled").await;
    app.wait_for("✗  api key rejected").await;
}

#[tokio::test]
async fn undo_does_not_enable_what_another_administrator_disabled() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let other = server.admin("other", Role::Admin).await;
    let mut app = start(&server, Role::Admin, PathBuf::new()).await;
    let path = format!("/tenants/{}/disabled", tenant.id);
    app.keys_wait("2", "▌Example").await;
    app.keys_wait("x y", "Disabled tenant Example; press z").await;
    let _ = other.delete(&path).await.expect(204);
    let _ = other.send(Method::PUT, &path, None).await.expect(204);
    app.keys_wait("z", "Not undone, because others have changed it since: tenant Example").await;
    tenant.http.get("/credentials").await.expect_refusal(403, "tenant_disabled");
    app.wait_for("disabled: Example").await;
    app.keys_wait("x y", "Enabled tenant Example; press z").await;
    app.keys_wait("z", "Disabled tenant Example again").await;
    tenant.http.get("/credentials").await.expect_refusal(403, "tenant_disabled");
    app.wait_for("disabled: Example").await;
    // The list still shows the tenant as disabled after another administrator has enabled the tenant.
    let _ = other.delete(&path).await.expect(204);
    app.keys_wait("x y", "Nothing changed: this was already done").await;
    let _ = tenant.http.get("/credentials").await.expect(200);
}

#[tokio::test]
async fn limited_token_is_created_with_names_and_sees_only_its_tenant() {
    let server = TestServer::start().await;
    let (one, two) = (server.tenant().await, server.tenant().await);
    let admin = server.admin("root", Role::Admin).await;
    for (tenant, name) in [(&one, "Acme Bank"), (&two, "Acme Bank Test")] {
        let renamed = json!({ "display_name": name });
        let _ = admin.put(&format!("/tenants/{}", tenant.id), &renamed).await.expect(204);
    }
    let mut app = start(&server, Role::Admin, PathBuf::new()).await;
    app.keys_wait("4 n 'support' tab right tab 'Acme' enter", "no tenant has the name \"Acme\"").await;
    app.wait_for("if its name contains a comma, enter its id").await;
    app.keys_wait("^u 'Acme Bank' enter", "shown only once").await;
    app.keys("c esc").await;
    let secret = app.copied().pop().unwrap();
    app.wait_for("admin  Acme Bank").await;
    let target = Endpoint { url: server.admin_url.parse().unwrap(), token: Token::new(&secret).unwrap(), ca: None };
    let api = Arc::new(Api::new(target).unwrap());
    let mut limited = App::start_in(api, 120, 40, Theme::Dark, PathBuf::new()).await;
    limited.wait_for("support (admin, 1 tenant)").await;
    limited.wait_for("The token support only changes 1 tenant.").await;
    limited.wait_for("▌Acme Bank").await;
    limited.lacks(&["Acme Bank Test"]);
    limited.keys_wait("3", "Enter opens the log of one tenant").await;
    limited.wait_for("▌Acme Bank").await;
    limited.keys_wait("enter", "Audit log of Acme Bank").await;
    limited.keys_wait("esc 2", "credentials").await;
    limited.keys_wait("x y", "Disabled tenant Acme Bank").await;
    let rejected = admin.get("/audit_logs?type=admin_token_rejected").await.expect(200).json();
    assert_eq!(rejected, json!([]), "the app sends no request that the token may not send");
}

#[tokio::test]
async fn auditor_sees_everything_until_the_token_is_revoked() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let mut bob = Person::new("bob");
    let _ = bob.register(&tenant).await.expect(200);
    let _ = bob.login(&tenant).await.expect(200);
    let mut app = start(&server, Role::Auditor, PathBuf::new()).await;
    app.shows(&["operator (auditor)"]);
    app.keys_wait("2", "▌Example").await;
    app.lacks(&["new", "delete"]);
    app.keys_wait("enter", "registration").await;
    app.keys_wait("h", "https://app.example.com").await;
    app.keys_wait("h", "nothing is imported").await;
    app.wait_for("device bound").await;
    app.keys_wait("l l l", "Begins with").await;
    app.keys_wait("4", "maker").await;
    let admin = server.admin("revoker", Role::Admin).await;
    let tokens = admin.get("/admin_tokens").await.expect(200).json();
    let own = tokens.as_array().unwrap().iter().find(|token| token["name"] == "operator").unwrap();
    let _ = admin.delete(&format!("/admin_tokens/{}", own["id"].as_str().unwrap())).await.expect(204);
    app.keys_wait("r", "does not accept the token").await;
}

#[tokio::test]
async fn screens_stay_visible_after_the_server_stopped() {
    let server = TestServer::start().await;
    server.tenant().await;
    let mut app = start(&server, Role::Admin, PathBuf::new()).await;
    app.keys_wait("2", "▌Example").await;
    server.stop().await;
    app.keys_wait("r", "disconnected; retrying").await;
    app.shows(&["▌Example"]);
}

#[tokio::test]
async fn effect_of_a_stricter_policy_is_counted_by_the_server() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let mut app = start(&server, Role::Admin, PathBuf::new()).await;
    app.keys_wait("2", "▌Example").await;
    app.keys_wait("e", "https://app.example.com").await;
    // Makes the passkey policy accept only RS256. The last row belongs to the policy of second factors.
    app.keys("G").await;
    for _ in 0..17 {
        app.keys("k").await;
    }
    app.keys_wait("space space j space space j j j j j j j enter 'RS256' enter", "unsaved changes, valid").await;
    app.keys_wait("w", "The trust policies refuse 1 credential").await;
    app.shows(&["loses all credentials", "trust.passkeys.algorithms", "+ RS256"]);
    app.keys_wait("y", "Saved the configuration of Example").await;
    alice.login(&tenant).await.expect_refusal(401, "trust_policy");
}

#[tokio::test]
async fn configuration_is_checked_and_users_are_found() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    for name in ["alice", "bob"] {
        let _ = Person::new(name).register(&tenant).await.expect(200);
    }
    let mut app = start(&server, Role::Admin, PathBuf::new()).await;
    app.keys_wait("2", "▌Example").await;
    app.keys_wait("e", "https://app.example.com").await;
    app.keys_wait("j j j enter '/login'", "✗ webauthn.relying_party.origins[0]").await;
    app.keys_wait("esc j enter 'https://login.example.com' enter", "unsaved changes, valid").await;
    app.keys_show("w", &["+ https://login.example.com"]).await;
    app.keys_wait("y", "Saved the configuration of Example").await;
    app.wait_for("no unsaved changes").await;
    app.keys_wait("l l l l", "alice@example.com").await;
    app.keys_wait("/ 'bob'", "▌bob").await;
    app.keys_wait("enter enter", "Credentials (1)").await;
    app.keys_wait("d y", "Removed credential").await;
    app.wait_for("This user has no credentials.").await;
    app.keys_wait("D y", "Deleted user bob@example.com").await;
}

#[tokio::test]
async fn busy_log_is_followed_counted_and_searched() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let mut app = start(&server, Role::Auditor, PathBuf::new()).await;
    app.keys_wait("3", "tenant created").await;
    app.keys("space").await;
    let reject = async |count: usize| {
        for _ in 0..count {
            tenant.with_key("dw_wrong").get("/credentials").await.expect_refusal(401, "api_key_invalid");
        }
    };
    reject(7).await;
    app.wait_for("paused · 7 new").await;
    app.keys_wait("space", "✗  api key rejected").await;
    // Between two polls, more entries arrive than a page contains.
    reject(130).await;
    app.wait_for("live · 30 passed over").await;
    app.keys_wait("/ 'type:api_key* code:api_key_invalid ip:127.0.0.0/8' enter", "code: api_key_invalid ×").await;
    app.wait_for("✗  api key rejected").await;
    app.lacks(&["tenant created"]);
    app.keys_wait("/ '!code:api_key_invalid ' enter", "No entry matches the filters.").await;
    // Opens the newest refusal from the overview. The audit log loads the refusal by its id.
    app.keys_wait("x 1", "Example  –").await;
    app.keys_wait("tab g enter", "Overview › Audit log").await;
    app.wait_for("api_key_rejected").await;
    app.shows(&["paused"]);
}

#[tokio::test]
async fn conflicting_configurations_are_merged_and_a_stale_tenant_is_not_deleted() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let other = server.admin("other", Role::Admin).await;
    let config = format!("/tenants/{}/config", tenant.id);
    let mut app = start(&server, Role::Admin, PathBuf::new()).await;

    app.keys_wait("2", "▌Example").await;
    app.keys_wait("e", "Timeout (ms)       60000").await;
    app.click("60000").await;
    app.keys_wait("enter ^u '30000' enter", "● unsaved changes, valid").await;
    let mut theirs = other.get(&format!("/tenants/{}", tenant.id)).await.expect(200).json()["config"].clone();
    theirs["webauthn"]["timeout"] = 45_000.into();
    theirs["limits"]["credentials_per_user"] = 7.into();
    let _ = other.put(&config, &theirs).await.expect(204);
    app.keys_wait("w", "Save the configuration of Example?").await;
    app.keys_wait("y", "webauthn.timeout — both changed it: choose").await;
    app.shows(&["limits.credentials_per_user — only they changed it"]);
    app.keys_wait("space enter", "Save the configuration of Example?").await;
    app.keys_wait("y", "Saved the configuration of Example").await;
    theirs["webauthn"]["timeout"] = 30_000.into();
    let saved = other.get(&format!("/tenants/{}", tenant.id)).await.expect(200).json()["config"].clone();
    assert_eq!(saved, theirs);

    // To change the RP ID, the user must enter the name of the tenant.
    app.click("RP ID").await;
    app.keys_wait("enter ^u 'shop.example.com' enter", "Configuration ●").await;
    app.keys_wait("w", "1 passkey or second factor stops working.").await;
    app.keys("esc U").await;

    let renamed = json!({ "display_name": "Renamed" });
    let _ = other.put(&format!("/tenants/{}", tenant.id), &renamed).await.expect(204);
    app.keys_wait("D 'Example' enter", "its name is `Renamed` now").await;
    let _ = other.get(&format!("/tenants/{}", tenant.id)).await.expect(200);
}

#[tokio::test]
async fn last_admin_token_is_revoked_after_a_second_question() {
    let server = TestServer::start().await;
    let mut app = start(&server, Role::Admin, PathBuf::new()).await;
    app.keys_wait("4", "operator (in use)").await;
    app.click("maker").await;
    app.keys_wait("d", "Revoke admin token maker?").await;
    app.keys_wait("y", "Revoked admin token maker").await;
    app.wait_for("1 token").await;
    app.keys_wait("j d", "This app uses the token").await;
    app.keys_wait("y", "Revoke the last admin token operator?").await;
    app.keys_wait("'operator' enter", "does not accept the token").await;
}
