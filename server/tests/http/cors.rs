//! Cross-origin calls, as each tenant's configuration allows them.

use doorward_testkit::TestServer;
use reqwest::Method;

#[tokio::test]
async fn allowed_pages_may_call_and_others_may_not() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let preflight = |origin: &str| {
        tenant
            .anonymous
            .clone()
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type,apikey")
    };
    let good = preflight("https://app.example.com").send(Method::OPTIONS, "/login/initialize", None).await.expect(204);
    assert_eq!(good.header("access-control-allow-origin"), Some("https://app.example.com"));
    assert_eq!(good.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(good.header("access-control-allow-methods"), Some("GET,HEAD,PUT,PATCH,POST,DELETE"));
    assert_eq!(good.header("access-control-allow-headers"), Some("content-type,apikey"));
    assert_eq!(good.header("access-control-max-age"), Some("7200"));
    assert_eq!(good.header("vary"), Some("Origin"));
    let bad = preflight("https://evil.test").send(Method::OPTIONS, "/login/initialize", None).await.expect(204);
    assert_eq!(bad.header("access-control-allow-origin"), None);
    let caller = tenant.anonymous.clone().header("origin", "https://app.example.com");
    let called = caller.post("/login/initialize", &serde_json::json!({})).await.expect(200);
    assert_eq!(called.header("access-control-allow-origin"), Some("https://app.example.com"));
    let caller = tenant.anonymous.clone().header("origin", "https://evil.test");
    let called = caller.post("/login/initialize", &serde_json::json!({})).await.expect(200);
    assert_eq!(called.header("access-control-allow-origin"), None);
    assert_eq!(called.header("vary"), Some("Origin"));
}
