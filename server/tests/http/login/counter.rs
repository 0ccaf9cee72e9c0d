//! The signature counter (WebAuthn §6.1.1): stored, and never goes back.

use doorward_authenticator::{Authenticator, Counter};
use doorward_testkit::{Person, TestTenant};
use futures_util::future::join_all;
use serde_json::Value;

use crate::support::{Ceremony, setting};

async fn counting(tenant: &TestTenant, name: &str) -> Person {
    let mut person = Person::with(name, Authenticator::new().counter(Counter::Increasing));
    let _ = person.register(tenant).await.expect(200);
    person
}

/// A body that says this count.
async fn with_count(ceremony: Ceremony, tenant: &TestTenant, person: &mut Person, count: u32) -> Value {
    let options = ceremony.start(tenant, person).await;
    let mut parts = person.browser.get_parts(&mut person.authenticator, &options).unwrap();
    parts.authenticator_data.sign_count = count;
    parts.sign().unwrap().into_json()
}

#[tokio::test]
async fn a_counter_that_does_not_advance_is_refused_and_audited() {
    let (_server, tenant) = setting().await;
    for ceremony in Ceremony::ASSERTIONS {
        let mut person = counting(&tenant, ceremony.path()).await;
        for (count, good) in [(5, true), (5, false), (4, false), (0, false), (6, true), (u32::MAX, true), (7, false)] {
            let body = with_count(ceremony, &tenant, &mut person, count).await;
            let answer = ceremony.finalize(&tenant, &body).await;
            if good {
                let _ = answer.expect(200);
                continue;
            }
            assert_eq!(answer.field("title"), "failed to validate assertion");
            let row = ceremony.expect_audited_refusal(&tenant, &answer, 401, "counter_regression").await;
            assert_eq!(row.text("actor_user_id"), Some(person.user_id.clone()));
            assert_eq!(row.text("credential_id").as_deref(), body["id"].as_str());
        }
    }
}

#[tokio::test]
async fn authenticators_without_a_counter_stay_at_zero() {
    let (_server, tenant) = setting().await;
    let mut alice = Ceremony::Login.person(&tenant, "alice").await;
    for _ in 0..3 {
        let _ = alice.login(&tenant).await.expect(200);
    }
    let body = with_count(Ceremony::Login, &tenant, &mut alice, 1).await;
    let _ = Ceremony::Login.finalize(&tenant, &body).await.expect(200);
    let answer = alice.login(&tenant).await;
    answer.expect_refusal(401, "counter_regression");
}

#[tokio::test]
async fn a_forged_signature_does_not_move_the_counter() {
    let (_server, tenant) = setting().await;
    let mut alice = counting(&tenant, "alice").await;
    let options = Ceremony::MfaLogin.start(&tenant, &alice).await;
    let mut parts = alice.browser.get_parts(&mut alice.authenticator, &options).unwrap();
    parts.authenticator_data.sign_count = 1_000;
    let stranger = doorward_authenticator::Key::generate(doorward_authenticator::Algorithm::Es256).unwrap();
    let body = parts.sign_with(&stranger).unwrap().into_json();
    Ceremony::MfaLogin.finalize(&tenant, &body).await.expect_refusal(401, "signature_invalid");
    let _ = alice.mfa_login(&tenant).await.expect(200);
}

/// Whichever commits first, the stored counter ends at the highest, and nobody whose counter was overtaken gets in.
#[tokio::test]
async fn concurrent_logins_leave_the_highest_counter() {
    let (_server, tenant) = setting().await;
    for round in 0..5 {
        let mut person = counting(&tenant, &format!("alice{round}")).await;
        let mut bodies = Vec::new();
        for count in [10, 11, 12, 13] {
            bodies.push(with_count(Ceremony::MfaLogin, &tenant, &mut person, count).await);
        }
        let answers = join_all(bodies.iter().map(|body| Ceremony::MfaLogin.finalize(&tenant, body))).await;
        assert_eq!(answers[3].status, 200, "nothing overtakes the highest: {}", answers[3].text);
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            let _ = Ceremony::MfaLogin.expect_audited_refusal(&tenant, answer, 401, "counter_regression").await;
        }
        for (count, status) in [(13, 401), (14, 200)] {
            let body = with_count(Ceremony::MfaLogin, &tenant, &mut person, count).await;
            let _ = Ceremony::MfaLogin.finalize(&tenant, &body).await.expect(status);
        }
    }
}
