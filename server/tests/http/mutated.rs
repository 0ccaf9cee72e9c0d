//! Hundreds of malformed finalize bodies: each gets a 4xx response, and the server keeps working.

use std::collections::BTreeMap;

use doorward_authenticator::{Authenticator, Counter};
use doorward_testkit::{
    Person, Response, TestTenant,
    mutations::{assertion_mutations, registration_mutations},
};
use serde_json::{Value, json};

use crate::support::server_with_tenant;

/// Creates a user whose signature counter is above two and whose passkeys are backed up. Otherwise, some mutations of
/// the counter and of the backup flags would have no effect.
async fn person_with_logins(tenant: &TestTenant) -> Person {
    let mut person = Person::with("mallory", Authenticator::new().counter(Counter::Increasing).backup(true, true));
    let _ = person.register(tenant).await.expect(200);
    for _ in 0..4 {
        let _ = person.login(tenant).await.expect(200);
    }
    person
}

fn check(name: &str, response: &Response, wrong: &mut Vec<String>) {
    let code =
        serde_json::from_str::<Value>(&response.text).ok().and_then(|body| body["code"].as_str().map(str::to_owned));
    if !(400..500).contains(&response.status) || code.is_none() {
        wrong.push(format!("{name}: {} {}", response.status, response.text));
    }
}

async fn reject_mutated_assertions(start: &str, finish: &str) {
    let (_server, tenant) = server_with_tenant().await;
    let mut mallory = person_with_logins(&tenant).await;
    let (mut tried, mut wrong) = (0, Vec::new());
    for mutation in assertion_mutations() {
        let options = tenant.http.post(start, &json!({ "user_id": "mallory" })).await.expect(200).json();
        let Some(body) = mutation.body(&options, &mallory.browser, &mallory.authenticator) else { continue };
        tried += 1;
        check(mutation.name(), &tenant.http.post_bytes(finish, body).await, &mut wrong);
    }
    assert!(tried >= 150, "{tried}");
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
    let _ = mallory.mfa_login(&tenant).await.expect(200);
    assert_eq!(tokens(&tenant).await, 6, "the registration, four logins, and the last login");
}

/// Returns the number of successful registrations and logins.
async fn tokens(tenant: &TestTenant) -> u64 {
    let kinds = "webauthn_authentication_final_succeeded,mfa_authentication_final_succeeded,\
                 webauthn_registration_final_succeeded";
    tenant.count(&format!("type={kinds}")).await
}

#[tokio::test]
async fn mutated_assertions_are_rejected_for_second_factor_logins() {
    reject_mutated_assertions("/mfa/login/initialize", "/mfa/login/finalize").await;
}

#[tokio::test]
async fn mutated_assertions_are_rejected_for_logins() {
    reject_mutated_assertions("/login/initialize", "/login/finalize").await;
}

/// Returns whether the server accepts a mutation by design. It accepts attestation statements that cannot be verified,
/// and stores the credential as not attested (docs/webauthn.md). It also accepts a length that is encoded in more bytes
/// than necessary.
fn is_tolerated(name: &str) -> bool {
    const STATEMENTS: [&str; 12] = [
        "statement: format \"",
        "statement: tpm without members",
        "statement: android-safetynet without members",
        "statement: packed, ECDAA",
        "statement: tpm, noise",
        "statement: tpm, version 1.2",
        "statement: android-safetynet, noise",
        "statement: android-safetynet, an unsigned token",
        "statement: compound of nothing",
        "statement: compound of none",
        "statement: compound that",
        "attestation object: a map length of two bytes",
    ];
    STATEMENTS.iter().any(|start| name.starts_with(start))
}

#[tokio::test]
async fn mutated_registrations_are_rejected() {
    let (_server, tenant) = server_with_tenant().await;
    let mut mallory = Person::new("mallory");
    let (mut tried, mut tolerated, mut wrong) = (0, 0, Vec::new());
    let mut codes: BTreeMap<String, u32> = BTreeMap::new();
    for mutation in registration_mutations() {
        let request = mallory.registration_request();
        let options = tenant.http.post("/registration/initialize", &request).await.expect(200).json();
        let Some(body) = mutation.body(&options, &mallory.browser, &mallory.authenticator) else { continue };
        tried += 1;
        let response = tenant.http.post_bytes("/registration/finalize", body).await;
        if response.status == 200 && is_tolerated(mutation.name()) {
            tolerated += 1;
            continue;
        }
        check(mutation.name(), &response, &mut wrong);
        *codes.entry(response.field("code")).or_default() += 1;
    }
    assert!(tried >= 150 + tolerated, "{tried}");
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(codes.len() >= 8, "the reasons differ: {codes:?}");
    let stored = tenant.http.get("/credentials").await.expect(200);
    assert_eq!(stored.header("x-total-count"), Some(tolerated.to_string().as_str()));
    let _ = mallory.register(&tenant).await;
}
