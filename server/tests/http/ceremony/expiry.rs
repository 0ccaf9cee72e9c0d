//! A challenge expires exactly at the end of the tenant's timeout, to the millisecond.

use crate::support::{Ceremony, server_with_tenant};

const TIMEOUT_MS: i64 = 60_000;

#[tokio::test]
async fn challenge_is_valid_until_a_millisecond_before_its_expiry() {
    let (server, tenant) = server_with_tenant().await;
    for ceremony in Ceremony::ALL {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        let body = ceremony.begin(&tenant, &mut person).await;
        server.clock.advance_ms(TIMEOUT_MS - 1);
        let _ = ceremony.finalize(&tenant, &body).await.expect(200);
    }
}

#[tokio::test]
async fn expired_challenge_is_rejected() {
    let (server, tenant) = server_with_tenant().await;
    for late in [0, 1, 1_000] {
        for ceremony in Ceremony::ALL {
            let mut person = ceremony.person(&tenant, &format!("{}{late}", ceremony.path())).await;
            let body = ceremony.begin(&tenant, &mut person).await;
            server.clock.advance_ms(TIMEOUT_MS + late);
            let response = ceremony.finalize(&tenant, &body).await;
            let (status, title) = if ceremony.registers() {
                (400, "failed to validate attestation")
            } else {
                (401, "failed to get session data")
            };
            response.expect_error(status, "challenge_expired", title, "the challenge has expired");
            let _ = ceremony.expect_audited_refusal(&tenant, &response, status, "challenge_expired").await;
            // The challenge stays unusable even if the clock is set back.
            server.clock.advance_ms(-TIMEOUT_MS);
            let again = ceremony.finalize(&tenant, &body).await;
            ceremony.expect_unknown(&tenant, &again).await;
            server.clock.advance_ms(TIMEOUT_MS);
        }
    }
}

#[tokio::test]
async fn second_factors_have_their_own_timeout() {
    let (server, _) = server_with_tenant().await;
    let tenant = server.tenant_with(|config| config.mfa.timeout = Some(5_000)).await;
    for (ceremony, late) in [(Ceremony::MfaLogin, true), (Ceremony::MfaRegistration, true), (Ceremony::Login, false)] {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        let body = ceremony.begin(&tenant, &mut person).await;
        server.clock.advance_ms(5_000);
        let response = ceremony.finalize(&tenant, &body).await;
        assert_eq!(response.status != 200, late, "{ceremony:?}: {}", response.text);
    }
}

#[tokio::test]
async fn challenge_lives_at_most_ten_minutes() {
    let (server, _) = server_with_tenant().await;
    let tenant = server.tenant_with(|config| config.webauthn.timeout = 3_600_000).await;
    for (age, expected) in [(599_999, true), (600_000, false)] {
        for ceremony in [Ceremony::Registration, Ceremony::Login] {
            let mut person = ceremony.person(&tenant, &format!("{}{age}", ceremony.path())).await;
            let body = ceremony.begin(&tenant, &mut person).await;
            server.clock.advance_ms(age);
            let response = ceremony.finalize(&tenant, &body).await;
            assert_eq!(response.status == 200, expected, "{ceremony:?} {age}: {}", response.text);
        }
    }
}

/// A login by autofill waits until the user selects a passkey. This may take longer than the timeout of a dialog.
#[tokio::test]
async fn challenge_can_live_longer_than_the_timeout() {
    let (server, _) = server_with_tenant().await;
    let tenant = server
        .tenant_with(|config| {
            config.webauthn.challenge_lifetime = Some(300_000);
            config.mfa.timeout = Some(5_000);
        })
        .await;
    let own = server
        .tenant_with(|config| {
            config.webauthn.challenge_lifetime = Some(300_000);
            config.mfa.challenge_lifetime = Some(90_000);
        })
        .await;
    let longer = server.tenant_with(|config| config.mfa.timeout = Some(120_000)).await;
    for (tenant, ceremony, timeout, lifetime) in [
        (&tenant, Ceremony::Login, 60_000, 300_000),
        (&tenant, Ceremony::Registration, 60_000, 300_000),
        (&tenant, Ceremony::Transaction, 60_000, 300_000),
        (&tenant, Ceremony::MfaLogin, 5_000, 300_000),
        (&own, Ceremony::MfaRegistration, 60_000, 90_000),
        (&longer, Ceremony::MfaLogin, 120_000, 120_000),
    ] {
        for (age, is_valid) in [(lifetime - 1, true), (lifetime, false)] {
            let mut person = ceremony.person(tenant, &format!("{}{age}", ceremony.path())).await;
            let options = ceremony.start(tenant, &person).await;
            assert_eq!(options["publicKey"]["timeout"], timeout);
            let body = ceremony.respond(&mut person, &options);
            server.clock.advance_ms(age);
            let response = ceremony.finalize(tenant, &body).await;
            assert_eq!(response.status == 200, is_valid, "{ceremony:?} {age}: {}", response.text);
        }
    }
}
