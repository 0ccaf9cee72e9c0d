//! A challenge is consumed by the first finalize request that contains it.

use doorward_testkit::TestTenant;
use futures_util::future::join_all;
use serde_json::Value;

use crate::support::{Ceremony, server_with_tenant};

#[tokio::test]
async fn second_finalize_is_rejected() {
    let (_server, tenant) = server_with_tenant().await;
    for ceremony in Ceremony::ALL {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        let body = ceremony.begin(&tenant, &mut person).await;
        let _ = ceremony.finalize(&tenant, &body).await.expect(200);
        let again = ceremony.finalize(&tenant, &body).await;
        ceremony.expect_unknown(&tenant, &again).await;
    }
}

#[tokio::test]
async fn failed_finalize_consumes_the_challenge() {
    let (_server, tenant) = server_with_tenant().await;
    for ceremony in Ceremony::ALL {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        let good = ceremony.begin(&tenant, &mut person).await;
        let first = ceremony.finalize(&tenant, &corrupted(&good)).await;
        assert!([400, 401].contains(&first.status), "{}", first.text);
        assert_eq!(tenant.entry_of(&first).await.kind(), ceremony.event("final_failed"));
        let second = ceremony.finalize(&tenant, &good).await;
        ceremony.expect_unknown(&tenant, &second).await;
    }
}

/// Returns the body with one bit changed: in the signature or, for registrations, in the RP ID hash.
fn corrupted(good: &Value) -> Value {
    let mut body = good.clone();
    let flip = |text: &Value, index: usize| {
        let mut bytes = doorward_authenticator::from_base64url(text.as_str().unwrap()).unwrap();
        bytes[index] ^= 1;
        Value::from(doorward_authenticator::base64url(&bytes))
    };
    let response = &mut body["response"];
    if response["signature"].is_string() {
        response["signature"] = flip(&response["signature"], 20);
    } else {
        // `fmt`, `attStmt` and the header of `authData` precede the hash.
        response["attestationObject"] = flip(&response["attestationObject"], 40);
    }
    body
}

#[tokio::test]
async fn concurrent_logins_issue_one_token() {
    race(Ceremony::Login).await;
}

#[tokio::test]
async fn concurrent_second_factor_logins_issue_one_token() {
    race(Ceremony::MfaLogin).await;
}

#[tokio::test]
async fn concurrent_transactions_issue_one_token() {
    race(Ceremony::Transaction).await;
}

#[tokio::test]
async fn concurrent_registrations_issue_one_token() {
    race(Ceremony::Registration).await;
}

#[tokio::test]
async fn concurrent_second_factor_registrations_issue_one_token() {
    race(Ceremony::MfaRegistration).await;
}

async fn race(ceremony: Ceremony) {
    let (_server, tenant) = server_with_tenant().await;
    let mut person = ceremony.person(&tenant, "alice").await;
    let body = ceremony.begin(&tenant, &mut person).await;
    let before = total(&tenant).await;
    let finalizes = (0..50).map(|_| {
        let (tenant, body) = (tenant.clone(), body.clone());
        tokio::spawn(async move { ceremony.finalize(&tenant, &body).await })
    });
    let responses: Vec<_> = join_all(finalizes).await.into_iter().map(Result::unwrap).collect();
    let (good, refused): (Vec<_>, Vec<_>) = responses.iter().partition(|response| response.status == 200);
    assert_eq!((good.len(), refused.len()), (1, 49));
    let succeeded = tenant.entries(&format!("type={}", ceremony.event("final_succeeded"))).await;
    let id = good[0].request_id();
    let of_winner = succeeded.iter().filter(|entry| entry.text("meta_http_request_id").as_deref() == Some(id)).count();
    assert_eq!(of_winner, 1);
    let failed = tenant.entries(&format!("type={}", ceremony.event("final_failed"))).await;
    for response in refused {
        let code = response.field("code");
        assert_eq!(code, "challenge_unknown", "{}", response.text);
        let entries =
            failed.iter().filter(|entry| entry.text("meta_http_request_id").as_deref() == Some(response.request_id()));
        assert_eq!(entries.map(|entry| entry.code()).collect::<Vec<_>>(), [Some(code)]);
    }
    assert_eq!(total(&tenant).await - before, 50);
}

async fn total(tenant: &TestTenant) -> u64 {
    tenant.count("").await
}
