//! Backup flags (WebAuthn §6.1.3): a credential may become backup eligible, but must never become ineligible again.

use doorward_authenticator::{Authenticator, Counter};
use doorward_shared::config::BackupEligibilityChange;
use doorward_testkit::{Person, TestServer, claims};
use serde_json::json;

use crate::support::{Ceremony, server_with_tenant};

#[tokio::test]
async fn new_backup_eligibility_is_stored_and_audited() {
    let (_server, tenant) = server_with_tenant().await;
    for ceremony in Ceremony::ASSERTIONS {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        let query = format!("/credentials?user_id={}", person.user_id.replace('/', "%2F"));
        for (eligible, state, changed) in [(false, false, false), (true, true, true), (true, false, false)] {
            person.authenticator = person.authenticator.clone().backup(eligible, state);
            let body = ceremony.begin(&tenant, &mut person).await;
            let response = ceremony.finalize(&tenant, &body).await.expect(200);
            let stored = tenant.http.get(&query).await.expect(200).json();
            assert_eq!((&stored[0]["backup_eligible"], &stored[0]["backup_state"]), (&json!(eligible), &json!(state)));
            assert_eq!(claims(&response)["amr"], json!(["pop", "user", "mfa"]));
            let detail = tenant.entry_of(&response).await.0["detail"].clone();
            let change = json!({ "backup_eligible": { "before": false, "after": true } });
            assert_eq!(detail, if changed { change } else { json!(null) });
        }
        person.authenticator = person.authenticator.clone().backup(false, false);
        let body = ceremony.begin(&tenant, &mut person).await;
        let response = ceremony.finalize(&tenant, &body).await;
        let _ = ceremony.expect_audited_refusal(&tenant, &response, 401, "backup_state_invalid").await;
    }
}

#[tokio::test]
async fn new_backup_eligibility_is_refused_if_the_tenant_does_not_allow_it() {
    let server = TestServer::start().await;
    let refuse = BackupEligibilityChange::Refuse;
    let tenant = server.tenant_with(|config| config.webauthn.backup_eligibility_change = refuse).await;
    for ceremony in Ceremony::ASSERTIONS {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        let body = ceremony.begin(&tenant, &mut person).await;
        let _ = ceremony.finalize(&tenant, &body).await.expect(200);
        person.authenticator = person.authenticator.clone().backup(true, false);
        let body = ceremony.begin(&tenant, &mut person).await;
        let response = ceremony.finalize(&tenant, &body).await;
        let _ = ceremony.expect_audited_refusal(&tenant, &response, 401, "backup_state_invalid").await;
    }
}

/// The server caches the credential when a login begins. Therefore, it first compares the second login with outdated
/// backup flags.
#[tokio::test]
async fn login_that_began_before_another_ended_is_checked_against_the_new_flags() {
    let (_server, tenant) = server_with_tenant().await;
    for (before, first, second, accepted) in
        [(true, true, true, true), (false, true, true, true), (false, true, false, false)]
    {
        let authenticator = Authenticator::new().counter(Counter::Increasing).backup(before, false);
        let mut person = Person::with(&format!("alice-{before}-{second}"), authenticator);
        let _ = person.register(&tenant).await.expect(200);
        let mut bodies = Vec::new();
        for eligible in [first, second] {
            person.authenticator = person.authenticator.clone().backup(eligible, false);
            bodies.push(person.login_assertion(&tenant, false).await);
        }
        let [one, other] = bodies.as_slice() else { panic!("two logins") };
        let _ = Ceremony::Login.finalize(&tenant, one).await.expect(200);
        let response = Ceremony::Login.finalize(&tenant, other).await;
        if accepted {
            let _ = response.expect(200);
        } else {
            let _ = Ceremony::Login.expect_audited_refusal(&tenant, &response, 401, "backup_state_invalid").await;
        }
    }
}
