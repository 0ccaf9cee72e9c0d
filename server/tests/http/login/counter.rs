//! Signature counter (WebAuthn §6.1.1): the server stores the counter, and the counter must increase.

use doorward_authenticator::{Authenticator, Counter};
use doorward_shared::config::CounterPolicy;
use doorward_testkit::{Person, TestTenant};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Ceremony, server_with_tenant};

async fn person_with_counter(tenant: &TestTenant, name: &str) -> Person {
    let mut person = Person::with(name, Authenticator::new().counter(Counter::Increasing));
    let _ = person.register(tenant).await.expect(200);
    person
}

async fn with_count(ceremony: Ceremony, tenant: &TestTenant, person: &mut Person, count: u32) -> Value {
    let options = ceremony.start(tenant, person).await;
    let mut parts = person.browser.get_parts(&mut person.authenticator, &options).unwrap();
    parts.authenticator_data.sign_count = count;
    parts.sign().unwrap().into_json()
}

#[tokio::test]
async fn counter_that_does_not_increase_is_rejected_and_audited() {
    let (_server, tenant) = server_with_tenant().await;
    for ceremony in Ceremony::ASSERTIONS {
        let mut person = person_with_counter(&tenant, ceremony.path()).await;
        for (count, good) in [(5, true), (5, false), (4, false), (0, false), (6, true), (u32::MAX, true), (7, false)] {
            let body = with_count(ceremony, &tenant, &mut person, count).await;
            let response = ceremony.finalize(&tenant, &body).await;
            if good {
                let _ = response.expect(200);
                continue;
            }
            assert_eq!(response.field("title"), "failed to validate assertion");
            let entry = ceremony.expect_audited_refusal(&tenant, &response, 401, "counter_regression").await;
            assert_eq!(entry.text("actor_user_id"), Some(person.user_id.clone()));
            assert_eq!(entry.text("credential_id").as_deref(), body["id"].as_str());
        }
    }
}

#[tokio::test]
async fn authenticators_without_a_counter_stay_at_zero() {
    let (_server, tenant) = server_with_tenant().await;
    let mut alice = Ceremony::Login.person(&tenant, "alice").await;
    for _ in 0..3 {
        let _ = alice.login(&tenant).await.expect(200);
    }
    let body = with_count(Ceremony::Login, &tenant, &mut alice, 1).await;
    let _ = Ceremony::Login.finalize(&tenant, &body).await.expect(200);
    let response = alice.login(&tenant).await;
    response.expect_refusal(401, "counter_regression");
}

#[tokio::test]
async fn forged_signature_does_not_change_the_counter() {
    let (_server, tenant) = server_with_tenant().await;
    let mut alice = person_with_counter(&tenant, "alice").await;
    let options = Ceremony::MfaLogin.start(&tenant, &alice).await;
    let mut parts = alice.browser.get_parts(&mut alice.authenticator, &options).unwrap();
    parts.authenticator_data.sign_count = 1_000;
    let other_key = doorward_authenticator::Key::generate(doorward_authenticator::Algorithm::Es256).unwrap();
    let body = parts.sign_with(&other_key).unwrap().into_json();
    Ceremony::MfaLogin.finalize(&tenant, &body).await.expect_refusal(401, "signature_invalid");
    let _ = alice.mfa_login(&tenant).await.expect(200);
}

/// In whatever order the logins commit, the stored counter becomes the highest value. A response whose counter is below
/// the stored one is rejected.
#[tokio::test]
async fn concurrent_logins_leave_the_highest_counter() {
    let (_server, tenant) = server_with_tenant().await;
    for round in 0..5 {
        let mut person = person_with_counter(&tenant, &format!("alice{round}")).await;
        let mut bodies = Vec::new();
        for count in [10, 11, 12, 13] {
            bodies.push(with_count(Ceremony::MfaLogin, &tenant, &mut person, count).await);
        }
        let responses = join_all(bodies.iter().map(|body| Ceremony::MfaLogin.finalize(&tenant, body))).await;
        assert_eq!(responses[3].status, 200, "the highest counter is always accepted: {}", responses[3].text);
        for response in responses.iter().filter(|response| response.status != 200) {
            let _ = Ceremony::MfaLogin.expect_audited_refusal(&tenant, response, 401, "counter_regression").await;
        }
        for (count, status) in [(13, 401), (14, 200)] {
            let body = with_count(Ceremony::MfaLogin, &tenant, &mut person, count).await;
            let _ = Ceremony::MfaLogin.finalize(&tenant, &body).await.expect(status);
        }
    }
}

#[tokio::test]
async fn regression_of_a_synced_credential_is_recorded_if_the_tenant_accepts_it() {
    let (server, _) = server_with_tenant().await;
    let tenant = server.tenant_with(|config| config.webauthn.counter_policy = CounterPolicy::Record).await;
    for ceremony in Ceremony::ASSERTIONS {
        let authenticator = Authenticator::new().counter(Counter::Increasing).backup(true, true);
        let mut person = Person::with(ceremony.path(), authenticator);
        let _ = person.register(&tenant).await.expect(200);
        for (count, regressed_from) in
            [(5, None), (3, Some(5)), (3, Some(3)), (4, None), (0, Some(4)), (0, None), (1, None)]
        {
            let body = with_count(ceremony, &tenant, &mut person, count).await;
            let response = ceremony.finalize(&tenant, &body).await.expect(200);
            let detail = tenant.entry_of(&response).await.0["detail"].take();
            let expected = regressed_from.map(|stored| json!({ "stored": stored, "received": count }));
            assert_eq!(detail.get("counter_regression"), expected.as_ref(), "{ceremony:?} {count}");
        }
    }
    let metrics = server.app.metrics.render();
    assert!(metrics.contains("doorward_counter_regressions_accepted_total 9"), "{metrics}");
}

#[tokio::test]
async fn regression_of_a_device_bound_credential_is_always_rejected() {
    let (server, _) = server_with_tenant().await;
    let tenant = server.tenant_with(|config| config.webauthn.counter_policy = CounterPolicy::Record).await;
    for ceremony in Ceremony::ASSERTIONS {
        let mut person = person_with_counter(&tenant, ceremony.path()).await;
        let body = with_count(ceremony, &tenant, &mut person, 5).await;
        let _ = ceremony.finalize(&tenant, &body).await.expect(200);
        // A copy of the key can also claim to be eligible for backup.
        person.authenticator = person.authenticator.clone().backup(true, true);
        let body = with_count(ceremony, &tenant, &mut person, 4).await;
        let response = ceremony.finalize(&tenant, &body).await;
        let _ = ceremony.expect_audited_refusal(&tenant, &response, 401, "counter_regression").await;
    }
}

#[tokio::test]
async fn counter_regression_of_a_synced_credential_is_rejected_by_default() {
    let (_server, tenant) = server_with_tenant().await;
    let authenticator = Authenticator::new().counter(Counter::Increasing).backup(true, true);
    let mut alice = Person::with("alice", authenticator);
    let _ = alice.register(&tenant).await.expect(200);
    let body = with_count(Ceremony::Login, &tenant, &mut alice, 0).await;
    let response = Ceremony::Login.finalize(&tenant, &body).await;
    let _ = Ceremony::Login.expect_audited_refusal(&tenant, &response, 401, "counter_regression").await;
}

/// Concurrent logins with lower counters are all accepted. Each entry contains the counter that was stored before
/// the login of this entry.
#[tokio::test]
async fn concurrent_regressions_of_a_synced_credential_are_recorded() {
    let (server, _) = server_with_tenant().await;
    let tenant = server.tenant_with(|config| config.webauthn.counter_policy = CounterPolicy::Record).await;
    let authenticator = Authenticator::new().counter(Counter::Increasing).backup(true, true);
    let mut alice = Person::with("alice", authenticator);
    let _ = alice.register(&tenant).await.expect(200);
    let mut bodies = Vec::new();
    for count in [20, 19, 18, 17] {
        bodies.push(with_count(Ceremony::MfaLogin, &tenant, &mut alice, count).await);
    }
    let responses = join_all(bodies.iter().map(|body| Ceremony::MfaLogin.finalize(&tenant, body))).await;
    for response in &responses {
        assert_eq!(response.status, 200, "{}", response.text);
    }
    let stored = tenant.http.get("/credentials?user_id=alice").await.expect(200).json()[0]["sign_count"].take();
    let entries = tenant.entries("type=mfa_authentication_final_succeeded").await;
    let newest = &entries[0].0;
    let last = bodies
        .iter()
        .zip(&responses)
        .position(|(_, response)| newest["meta_http_request_id"].as_str() == Some(response.request_id()));
    assert_eq!(last.map(|at| json!([20, 19, 18, 17][at])), Some(stored));
}
