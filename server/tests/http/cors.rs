//! CORS headers follow the configuration of each tenant.

use doorward_testkit::TestServer;
use reqwest::Method;

#[tokio::test]
async fn only_allowed_origins_get_cors_headers() {
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

#[tokio::test]
async fn tenant_responses_include_vary_origin() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let page = "https://app.example.com";
    // Responses depend on the request's origin, so a cache must not send a stored response to a page of another origin.
    for caller in [tenant.anonymous.clone(), tenant.anonymous.clone().header("origin", page)] {
        for path in ["/.well-known/jwks.json", "/credentials", "/nowhere", "/mfa/login/finalize"] {
            assert_eq!(caller.get(path).await.header("vary"), Some("Origin"), "{path}");
        }
    }
    // A page of an allowed origin can read the reason for a refusal and the headers of a list.
    let refused = tenant.anonymous.clone().header("origin", page).get("/credentials").await;
    refused.expect_refusal(401, "api_key_missing");
    assert_eq!(refused.header("access-control-allow-origin"), Some(page));
    assert_eq!(
        refused.header("access-control-expose-headers"),
        Some("Link,X-Total-Count,X-Total-Count-Relation,X-Request-Id,Retry-After")
    );
}

#[tokio::test]
async fn origin_patterns_match_as_documented() {
    let server = TestServer::start().await;
    let tenant = server
        .tenant_with(|config| {
            let patterns = ["https://example.com", "https://*.example.org", "http://*.localhost:8081"];
            config.cors.allowed_origins = patterns.map(str::to_owned).to_vec();
        })
        .await;
    for (origin, allowed) in [
        ("https://example.com", true),
        ("https://a.b.example.org", true),
        ("http://shop.localhost:8081", true),
        ("http://localhost:8081", false),
        ("https://example.org", false),
        ("http://example.com", false),
        ("https://example.com:8443", false),
        ("https://example.com.evil.test", false),
        ("https://evil.test/.example.org", false),
        ("https://user@a.example.org", false),
        ("http://shop.localhost:80811", false),
        ("null", false),
        ("", false),
        ("*", false),
    ] {
        let response =
            tenant.anonymous.clone().header("origin", origin).get("/.well-known/jwks.json").await.expect(200);
        assert_eq!(response.header("access-control-allow-origin"), allowed.then_some(origin), "{origin}");
        assert_eq!(response.header("access-control-allow-credentials"), allowed.then_some("true"), "{origin}");
    }
}

#[tokio::test]
async fn refused_preflight_has_no_cors_headers() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let preflight = |caller: &doorward_testkit::Http, origin: &str| {
        caller.clone().header("origin", origin).header("access-control-request-method", "POST")
    };
    let nobody = tenant.anonymous.at(format!("{}/00000000-0000-4000-8000-000000000001", server.public_url));
    for (caller, origin) in [(&tenant.anonymous, "https://evil.test"), (&nobody, "https://app.example.com")] {
        let response = preflight(caller, origin).send(Method::OPTIONS, "/login/initialize", None).await.expect(204);
        let cors_headers = response.headers.keys().filter(|name| name.as_str().starts_with("access-control-")).count();
        assert_eq!((cors_headers, response.text.as_str()), (0, ""));
    }
    // A request without access-control-request-method is not a preflight.
    let plain = tenant.anonymous.clone().header("origin", "https://app.example.com");
    let response = plain.send(Method::OPTIONS, "/login/initialize", None).await;
    response.expect_refusal(405, "method_not_allowed");
    // The admin API allows no origin.
    let admin = doorward_testkit::Http::new(server.admin_url.clone());
    let response = preflight(&admin, "https://app.example.com").send(Method::OPTIONS, "/tenants", None).await;
    response.expect_refusal(405, "method_not_allowed");
    assert!(response.headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
}
