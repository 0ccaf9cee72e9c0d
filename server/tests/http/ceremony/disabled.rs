//! Ceremonies of disabled tenants, users and credentials.

use std::{sync::Arc, time::Duration};

use doorward_server::{
    domain::{Ceremony as Kind, RequestMeta, UserSelector},
    service::{
        Refusal, RequestContext, ServiceError,
        admin::disabling::{self, Target},
        assertion, registration,
    },
};
use doorward_shared::admin::{Role, UserIdKind};
use doorward_testkit::{Http, TestServer, TestTenant, database};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Ceremony, server_with_tenant};

fn alice() -> UserSelector {
    UserSelector { id: "alice".to_owned(), by: Some(UserIdKind::UserId) }
}

fn passkey(body: &Value) -> Target {
    Target::Credential(alice(), body["id"].as_str().unwrap().to_owned())
}

async fn disable(server: &TestServer, tenant: &TestTenant, target: Target) {
    assert!(disabling::disable(&server.administrator(), tenant.id, target).await.unwrap());
}

async fn enable(server: &TestServer, tenant: &TestTenant, target: Target) {
    assert!(disabling::enable(&server.administrator(), tenant.id, target).await.unwrap());
}

/// Returns a tenant's entries, newest first, through the admin API, because a disabled tenant cannot read its log.
async fn log(admin: &Http, tenant: &TestTenant) -> Vec<Value> {
    let path = format!("/tenants/{}/audit_logs?per_page=100", tenant.id);
    admin.get(&path).await.expect(200).json().as_array().unwrap().clone()
}

#[tokio::test]
async fn disabled_user_cannot_start_or_finish_a_ceremony() {
    for ceremony in Ceremony::ALL {
        let (server, tenant) = server_with_tenant().await;
        let mut person = ceremony.person(&tenant, "alice").await;
        let body = ceremony.begin(&tenant, &mut person).await;
        disable(&server, &tenant, Target::User(alice())).await;
        let response = ceremony.finalize(&tenant, &body).await;
        assert_eq!(response.field("title"), "user is disabled");
        let _ = ceremony.expect_audited_refusal(&tenant, &response, 403, "user_disabled").await;
        let path = format!("{}/initialize", ceremony.path());
        let response = tenant.http.post(&path, &ceremony.request(&person)).await;
        let kind = ceremony.event("init_failed");
        let _ = tenant.expect_audited_refusal(&response, 403, "user_disabled", &kind).await;
        enable(&server, &tenant, Target::User(alice())).await;
        let body = ceremony.begin(&tenant, &mut person).await;
        let _ = ceremony.finalize(&tenant, &body).await.expect(200);
    }
}

#[tokio::test]
async fn refused_registration_of_a_disabled_user_changes_nothing() {
    let (server, tenant) = server_with_tenant().await;
    let mut person = Ceremony::Login.person(&tenant, "alice").await;
    disable(&server, &tenant, Target::User(alice())).await;
    let renamed = json!({ "user_id": "alice", "username": "mallory" });
    tenant.http.post("/registration/initialize", &renamed).await.expect_refusal(403, "user_disabled");
    let admin = server.admin("ops", Role::Admin).await;
    let user = admin.get(&format!("/tenants/{}/users/alice", tenant.id)).await.expect(200).json();
    assert_eq!((&user["name"], &user["disabled_at"]), (&json!("alice@example.com"), &json!(server.app.clock.now())));
    enable(&server, &tenant, Target::User(alice())).await;
    let _ = person.login(&tenant).await.expect(200);
}

#[tokio::test]
async fn disabled_credential_is_neither_offered_nor_accepted() {
    for ceremony in Ceremony::ASSERTIONS {
        let (server, tenant) = server_with_tenant().await;
        let mut person = ceremony.person(&tenant, "alice").await;
        let body = ceremony.begin(&tenant, &mut person).await;
        let second = {
            let mut other = ceremony.person(&tenant, "alice").await;
            ceremony.begin(&tenant, &mut other).await
        };
        disable(&server, &tenant, passkey(&body)).await;
        let response = ceremony.finalize(&tenant, &body).await;
        assert_eq!(response.field("title"), "failed to validate assertion");
        let _ = ceremony.expect_audited_refusal(&tenant, &response, 401, "credential_disabled").await;
        let options = ceremony.start(&tenant, &person).await;
        let offered = options["publicKey"]["allowCredentials"].as_array().unwrap();
        assert_eq!(offered.iter().map(|one| &one["id"]).collect::<Vec<_>>(), [&second["id"]]);
        // A client uses the disabled passkey although the options do not offer it.
        let mut forced = options.clone();
        forced["publicKey"]["allowCredentials"] = json!([{ "type": "public-key", "id": body["id"] }]);
        let response = ceremony.finalize(&tenant, &person.get(&forced)).await;
        let _ = ceremony.expect_audited_refusal(&tenant, &response, 401, "credential_disabled").await;
        disable(&server, &tenant, passkey(&second)).await;
        let response = tenant.http.post(&format!("{}/initialize", ceremony.path()), &ceremony.request(&person)).await;
        response.expect_refusal(400, "no_suitable_credential");
        enable(&server, &tenant, passkey(&body)).await;
        let body = ceremony.begin(&tenant, &mut person).await;
        let _ = ceremony.finalize(&tenant, &body).await.expect(200);
    }
}

#[tokio::test]
async fn discoverable_login_with_a_disabled_credential_or_user_is_rejected() {
    let (server, tenant) = server_with_tenant().await;
    let mut person = Ceremony::Login.person(&tenant, "alice").await;
    let body = person.login_assertion(&tenant, true).await;
    disable(&server, &tenant, passkey(&body)).await;
    let response = Ceremony::Login.finalize(&tenant, &body).await;
    let _ = Ceremony::Login.expect_audited_refusal(&tenant, &response, 401, "credential_disabled").await;
    enable(&server, &tenant, passkey(&body)).await;
    disable(&server, &tenant, Target::User(alice())).await;
    let response = person.login(&tenant).await;
    let _ = Ceremony::Login.expect_audited_refusal(&tenant, &response, 403, "user_disabled").await;
}

#[tokio::test]
async fn discoverable_login_reveals_the_disabled_state_only_to_the_holder_of_the_credential() {
    let (server, tenant) = server_with_tenant().await;
    let mut person = Ceremony::Login.person(&tenant, "alice").await;
    for user in [false, true] {
        let mut body = person.login_assertion(&tenant, true).await;
        let target = || if user { Target::User(alice()) } else { passkey(&body) };
        disable(&server, &tenant, target()).await;
        let enabled = target();
        body["response"]["signature"] = doorward_authenticator::base64url(&[7; 70]).into();
        let response = Ceremony::Login.finalize(&tenant, &body).await;
        let _ = Ceremony::Login.expect_audited_refusal(&tenant, &response, 401, "signature_invalid").await;
        enable(&server, &tenant, enabled).await;
    }
}

#[tokio::test]
async fn login_fails_if_the_copy_of_the_users_state_is_wrong() {
    let (server, tenant) = server_with_tenant().await;
    let mut person = Ceremony::Login.person(&tenant, "alice").await;
    disable(&server, &tenant, Target::User(alice())).await;
    database::execute(server.database_url(), "UPDATE users SET disabled_at = NULL").await;
    let body = person.login_assertion(&tenant, true).await;
    let response = timeout(Duration::from_secs(30), Ceremony::Login.finalize(&tenant, &body)).await;
    response.expect("a response").expect_refusal(500, "internal_error");
    let other = Ceremony::Login.person(&tenant, "bob").await.login(&tenant).await;
    let _ = other.expect(200);
}

#[tokio::test]
async fn authenticator_with_a_disabled_credential_is_excluded_from_registrations() {
    let (server, tenant) = server_with_tenant().await;
    let mut person = Ceremony::Login.person(&tenant, "alice").await;
    let body = person.login_assertion(&tenant, true).await;
    disable(&server, &tenant, passkey(&body)).await;
    let options = Ceremony::Registration.start(&tenant, &person).await;
    assert_eq!(options["publicKey"]["excludeCredentials"][0]["id"], body["id"]);
    let listed = tenant.http.get(&format!("/credentials/{}", body["id"].as_str().unwrap())).await.expect(200).json();
    assert_eq!(listed["disabled_at"], json!(server.app.clock.now()));
}

#[tokio::test]
async fn finalize_with_a_cached_tenant_checks_the_stored_state() {
    for ceremony in Ceremony::ALL {
        let (server, tenant) = server_with_tenant().await;
        let admin = server.admin("ops", Role::Admin).await;
        let mut person = ceremony.person(&tenant, "alice").await;
        let body = ceremony.begin(&tenant, &mut person).await;
        // Simulates a request that began before the tenant was disabled and therefore uses this snapshot.
        let snapshot = server.app.tenant(tenant.id).await.unwrap().unwrap();
        disable(&server, &tenant, Target::Tenant).await;
        let meta = RequestMeta { request_id: "running".to_owned(), ..RequestMeta::default() };
        let context = RequestContext { app: Arc::clone(&server.app), tenant: snapshot, meta };
        let body = body.to_string();
        let result = match ceremony {
            Ceremony::Registration => registration::finalize(&context, Kind::Registration, Ok(body.as_bytes())).await,
            Ceremony::MfaRegistration => {
                registration::finalize(&context, Kind::MfaRegistration, Ok(body.as_bytes())).await
            }
            Ceremony::Login => assertion::finalize(&context, Kind::Login, Ok(body.as_bytes())).await,
            Ceremony::MfaLogin => assertion::finalize(&context, Kind::MfaLogin, Ok(body.as_bytes())).await,
            Ceremony::Transaction => assertion::finalize(&context, Kind::Transaction, Ok(body.as_bytes())).await,
        };
        assert!(matches!(&result, Err(ServiceError::Refused(Refusal::TenantDisabled))), "{ceremony:?}: {result:?}");
        let entries = log(&admin, &tenant).await;
        let entry = entries.iter().find(|entry| entry["meta_http_request_id"] == "running").unwrap();
        assert_eq!(
            (&entry["type"], &entry["error_code"]),
            (&json!(ceremony.event("final_failed")), &json!("tenant_disabled"))
        );
        // The refused request has consumed the challenge. A refused registration has stored no credential.
        enable(&server, &tenant, Target::Tenant).await;
        let again = ceremony.finalize_bytes(&tenant, body.into_bytes()).await;
        ceremony.expect_unknown(&tenant, &again).await;
        let credentials = tenant.http.get("/credentials").await.expect(200).json();
        assert_eq!(credentials.as_array().unwrap().len(), usize::from(!ceremony.registers()));
    }
}

#[tokio::test]
async fn change_of_another_node_applies_to_cached_ceremonies_at_once() {
    type TargetOf = fn(&Value) -> Target;
    let targets: [(TargetOf, &str); 3] = [
        (|_| Target::Tenant, "tenant_disabled"),
        (|_| Target::User(alice()), "user_disabled"),
        (passkey, "credential_disabled"),
    ];
    for (target, code) in targets {
        let (server, tenant) = server_with_tenant().await;
        let node = server.second_node().await;
        let mut person = Ceremony::MfaLogin.person(&tenant, "alice").await;
        let body = Ceremony::MfaLogin.begin(&tenant, &mut person).await;
        disable(&node, &tenant, target(&body)).await;
        assert_eq!(Ceremony::MfaLogin.finalize(&tenant, &body).await.field("code"), code);
        node.stop().await;
    }
}

#[tokio::test]
async fn no_token_is_issued_after_the_user_was_disabled() {
    race(|_| Target::User(alice()), "user_disabled").await;
}

#[tokio::test]
async fn no_token_is_issued_after_the_credential_was_disabled() {
    race(passkey, "credential_disabled").await;
}

/// Disables the target while logins and registrations of the user are finalized. Audit entries are in the order of
/// commit. Therefore, no entry of a successful ceremony may follow the entry that records the disabling.
async fn race(target: impl FnOnce(&Value) -> Target, code: &str) {
    let (server, tenant) = server_with_tenant().await;
    let admin = server.admin("ops", Role::Admin).await;
    let mut person = Ceremony::Login.person(&tenant, "alice").await;
    let mut bodies = Vec::new();
    for number in 0..30 {
        let ceremony = Ceremony::ASSERTIONS[number % 3];
        bodies.push((ceremony, ceremony.begin(&tenant, &mut person).await));
    }
    let target = target(&bodies[0].1);
    if matches!(target, Target::User(_)) {
        for _ in 0..10 {
            let mut other = Ceremony::Registration.person(&tenant, "alice").await;
            bodies.push((Ceremony::Registration, Ceremony::Registration.begin(&tenant, &mut other).await));
        }
    }
    let change = {
        let (call, id) = (server.administrator(), tenant.id);
        async move { disabling::disable(&call, id, target).await.unwrap() }
    };
    let mut finalizes: Vec<_> = bodies
        .into_iter()
        .map(|(ceremony, body)| {
            let tenant = tenant.clone();
            tokio::spawn(async move { ceremony.finalize(&tenant, &body).await })
        })
        .collect();
    let rest = finalizes.split_off(finalizes.len() / 2);
    let responses = join_all(finalizes);
    let (changed, first, second) = tokio::join!(tokio::spawn(change), responses, join_all(rest));
    assert!(changed.unwrap());
    let responses: Vec<_> = first.into_iter().chain(second).map(Result::unwrap).collect();
    let entries = log(&admin, &tenant).await;
    let at = entries.iter().position(|entry| entry["type"] == code).unwrap();
    let succeeded = |entry: &&Value| entry["type"].as_str().unwrap().ends_with("_final_succeeded");
    assert_eq!(entries[..at].iter().find(succeeded), None, "a token was issued after the change");
    let tokens = responses.iter().filter(|response| response.status == 200).count();
    // The log also contains the entry of the successful registration of the passkey.
    assert_eq!(entries.iter().filter(succeeded).count(), tokens + 1);
    for response in responses.iter().filter(|response| response.status != 200) {
        let found = response.field("code");
        assert!(found == code || found == "counter_regression", "{}", response.text);
    }
    assert_eq!(person.login(&tenant).await.field("code"), code);
}
