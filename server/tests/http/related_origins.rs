//! `/{tenant_id}/.well-known/webauthn`.

use doorward_server::service::admin::disabling::{self, Target};
use doorward_testkit::TestServer;
use serde_json::json;

const PATH: &str = "/.well-known/webauthn";

#[tokio::test]
async fn document_lists_the_related_origins_for_everybody() {
    let server = TestServer::start().await;
    let related = ["https://example.net", "https://example.co.uk"];
    let tenant = server
        .tenant_with(|config| config.webauthn.relying_party.related_origins = related.map(str::to_owned).into())
        .await;
    let response = tenant.anonymous.get(PATH).await.expect(200);
    assert_eq!(response.json(), json!({ "origins": related }));
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.header("cache-control"), Some("max-age=600"));
    // A disabled tenant still publishes this document and its public keys. Browsers check the document before they
    // offer a passkey.
    assert!(disabling::disable(&server.administrator(), tenant.id, Target::Tenant).await.unwrap());
    assert_eq!(tenant.anonymous.get(PATH).await.expect(200).json(), json!({ "origins": related }));
    let without = server.tenant().await;
    assert_eq!(without.anonymous.get(PATH).await.expect(200).json(), json!({ "origins": [] }));
}

/// If a rate limit per tenant applied, one client could prevent the browsers of all users from offering passkeys.
#[tokio::test]
async fn document_is_rate_limited_only_by_address() {
    let server = TestServer::builder()
        .settings(|settings| (settings.visits_per_address, settings.visits_per_tenant) = (Some(60), Some(1)))
        .start()
        .await;
    let tenant = server.tenant().await;
    for _ in 0..5 {
        let _ = tenant.anonymous.get(PATH).await.expect(200);
    }
    let mut response = tenant.anonymous.get(PATH).await;
    for _ in 0..100 {
        if response.status != 200 {
            break;
        }
        response = tenant.anonymous.get(PATH).await;
    }
    response.expect_refusal(429, "rate_limited");
}
