//! A challenge lives for the tenant's timeout, to the millisecond.

use crate::support::{Ceremony, setting};

const TIMEOUT_MS: i64 = 60_000;

#[tokio::test]
async fn a_millisecond_before_its_end_a_challenge_is_good() {
    let (server, tenant) = setting().await;
    for ceremony in Ceremony::ALL {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        let body = ceremony.begin(&tenant, &mut person).await;
        server.clock.advance_ms(TIMEOUT_MS - 1);
        let _ = ceremony.finalize(&tenant, &body).await.expect(200);
    }
}

#[tokio::test]
async fn at_its_end_and_a_second_later_it_has_expired() {
    let (server, tenant) = setting().await;
    for late in [0, 1, 1_000] {
        for ceremony in Ceremony::ALL {
            let mut person = ceremony.person(&tenant, &format!("{}{late}", ceremony.path())).await;
            let body = ceremony.begin(&tenant, &mut person).await;
            server.clock.advance_ms(TIMEOUT_MS + late);
            let answer = ceremony.finalize(&tenant, &body).await;
            let (status, title) = if ceremony.registers() {
                (400, "failed to validate attestation")
            } else {
                (401, "failed to get session data")
            };
            answer.expect_error(status, "challenge_expired", title, "the challenge has expired");
            let _ = ceremony.expect_audited_refusal(&tenant, &answer, status, "challenge_expired").await;
            // Going back in time does not bring it back.
            server.clock.advance_ms(-TIMEOUT_MS);
            let again = ceremony.finalize(&tenant, &body).await;
            ceremony.expect_unknown(&tenant, &again).await;
            server.clock.advance_ms(TIMEOUT_MS);
        }
    }
}

#[tokio::test]
async fn second_factors_have_a_timeout_of_their_own() {
    let (server, _) = setting().await;
    let tenant = server.tenant_with(|config| config.mfa.as_mut().unwrap().timeout = Some(5_000)).await;
    for (ceremony, late) in [(Ceremony::MfaLogin, true), (Ceremony::MfaRegistration, true), (Ceremony::Login, false)] {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        let body = ceremony.begin(&tenant, &mut person).await;
        server.clock.advance_ms(5_000);
        let answer = ceremony.finalize(&tenant, &body).await;
        assert_eq!(answer.status != 200, late, "{ceremony:?}: {}", answer.text);
    }
}
