//! Origins that a tenant accepts in addition to those of its own pages: related origins, patterns, apps, browser
//! extensions, and frames.

use doorward_shared::config::TenantConfig;
use doorward_testkit::{ORIGIN, Person, TestServer, TestTenant};
use serde_json::{Value, json};

use crate::support::{Ceremony, server_with_tenant};

const RELATED: &str = "https://example.net";
const PARTNER: &str = "https://partner.example";
const APP: &str = "android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck";
const EXTENSION: &str = "chrome-extension://mabekielmoibbmlepeohhncklpnjmcpk";

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn many_origins(config: &mut TenantConfig) {
    let rp = &mut config.webauthn.relying_party;
    rp.origins = texts(&[ORIGIN, "https://*.shops.example.com", APP, EXTENSION]);
    rp.related_origins = texts(&[RELATED]);
}

/// Runs the ceremony with changed client data and returns the response of the finalize request.
async fn run(ceremony: Ceremony, tenant: &TestTenant, members: &[(&str, Value)]) -> doorward_testkit::Response {
    let user = doorward_authenticator::base64url(format!("{members:?}").as_bytes());
    let mut person = ceremony.person(tenant, &user[user.len().saturating_sub(40)..]).await;
    let options = ceremony.start(tenant, &person).await;
    let body = if ceremony.registers() {
        let mut parts = person.browser.create_parts(&mut person.authenticator, &options).unwrap();
        members.iter().for_each(|(name, value)| parts.client_data.set(name, value.clone()));
        parts.sign().unwrap().into_json()
    } else {
        let mut parts = person.browser.get_parts(&mut person.authenticator, &options).unwrap();
        members.iter().for_each(|(name, value)| parts.client_data.set(name, value.clone()));
        parts.sign().unwrap().into_json()
    };
    ceremony.finalize(tenant, &body).await
}

#[tokio::test]
async fn ceremonies_of_all_listed_origins_are_accepted() {
    let server = TestServer::start().await;
    let tenant = server.tenant_with(many_origins).await;
    for ceremony in Ceremony::ALL {
        for origin in [ORIGIN, RELATED, "https://a.shops.example.com", "https://a.b.shops.example.com", APP, EXTENSION]
        {
            let response = run(ceremony, &tenant, &[("origin", json!(origin))]).await;
            assert_eq!(response.status, 200, "{ceremony:?} {origin}: {}", response.text);
        }
    }
}

#[tokio::test]
async fn origins_that_resemble_listed_ones_are_refused() {
    let server = TestServer::start().await;
    let tenant = server.tenant_with(many_origins).await;
    for origin in [
        "https://shops.example.com",
        "https://b.example.com",
        "https://a.shops.example.com:8443",
        "https://a.SHOPS.example.com",
        "https://*.shops.example.com",
        "http://a.shops.example.com",
        "https://a.shops.example.com.evil.example",
        "https://www.example.net",
        "https://example.net:443",
        "chrome-extension://mabekielmoibbmlepeohhncklpnjmcpp",
        "chrome-extension://mabekielmoibbmlepeohhncklpnjmcpk/",
        "moz-extension://mabekielmoibbmlepeohhncklpnjmcpk",
    ] {
        let response = run(Ceremony::Login, &tenant, &[("origin", json!(origin))]).await;
        response.expect_refusal(401, "origin_mismatch");
        let detail = tenant.entry_of(&response).await.0["detail"].clone();
        assert_eq!(detail["expected"], json!([ORIGIN, "https://*.shops.example.com", APP, EXTENSION, RELATED]));
        assert_eq!(detail["received"], json!(origin));
    }
}

#[tokio::test]
async fn frames_are_accepted_only_in_pages_of_the_top_origins() {
    let server = TestServer::start().await;
    let framed = |config: &mut TenantConfig| config.webauthn.relying_party.top_origins = texts(&[PARTNER]);
    let tenant = server.tenant_with(framed).await;
    let in_frame = |top_origin: &str| [("crossOrigin", json!(true)), ("topOrigin", json!(top_origin))];
    for ceremony in Ceremony::ALL {
        for accepted in [&in_frame(PARTNER)[..], &[("crossOrigin", json!(true))], &[]] {
            let response = run(ceremony, &tenant, accepted).await;
            assert_eq!(response.status, 200, "{ceremony:?} {accepted:?}: {}", response.text);
        }
        for top_origin in
            ["https://evil.example", "https://partner.example:443", "https://PARTNER.example", ORIGIN, "null"]
        {
            let response = run(ceremony, &tenant, &in_frame(top_origin)).await;
            assert_eq!(response.field("code"), "cross_origin", "{ceremony:?} {top_origin}");
            let detail = tenant.entry_of(&response).await.0["detail"].clone();
            let values = ["check", "expected", "received"].map(|name| detail[name].clone());
            assert_eq!(values, [json!("top_level"), json!([PARTNER]), json!(top_origin)]);
        }
        let response = run(ceremony, &tenant, &[("topOrigin", json!(7))]).await;
        assert_eq!(response.field("code"), "credential_malformed", "{ceremony:?}");
    }
}

#[tokio::test]
async fn tenant_without_top_origins_refuses_every_frame() {
    let (_server, tenant) = server_with_tenant().await;
    for members in [&[("crossOrigin", json!(true))][..], &[("crossOrigin", json!(true)), ("topOrigin", json!(ORIGIN))]]
    {
        let response = run(Ceremony::Login, &tenant, members).await;
        response.expect_refusal(401, "cross_origin");
    }
}

/// A pending ceremony keeps the origins that were configured when the ceremony began.
#[tokio::test]
async fn removed_related_origin_is_refused_from_the_next_ceremony_on() {
    let server = TestServer::start().await;
    let tenant = server.tenant_with(many_origins).await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    alice.browser = doorward_authenticator::Client::new(RELATED).without_checks();
    let _ = alice.login(&tenant).await.expect(200);
    let admin = server.admin("root", doorward_shared::admin::Role::Admin).await;
    let mut config = admin.get(&format!("/tenants/{}", tenant.id)).await.expect(200).json()["config"].clone();
    config["webauthn"]["relying_party"]["related_origins"] = json!([]);
    let _ = admin.put(&format!("/tenants/{}/config", tenant.id), &config).await.expect(204);
    alice.login(&tenant).await.expect_refusal(401, "origin_mismatch");
}
