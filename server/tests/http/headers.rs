//! Request headers that are refused, response headers of the API reference, and the response after a panic.

use std::{io::Read, net::TcpListener, sync::Arc};

use actix_web::{App, HttpResponse, HttpServer, middleware::from_fn, web};
use doorward_server::http::middleware::trace::trace;
use doorward_shared::admin::Role;
use doorward_testkit::{Http, TestServer};
use flate2::read::GzDecoder;
use reqwest::{Client, Response};

use crate::{
    request_id::{lines_of, log},
    support::server_with_tenant,
};

async fn post(url: &str, content_types: &[&str], body: &'static str) -> Response {
    let mut request = Client::builder().no_proxy().build().unwrap().post(url).body(body);
    for content_type in content_types {
        request = request.header("content-type", *content_type);
    }
    request.send().await.unwrap()
}

#[tokio::test]
async fn body_needs_a_json_content_type() {
    let (_server, tenant) = server_with_tenant().await;
    let url = format!("{}/login/initialize", tenant.anonymous.base());
    for content_types in [
        &[][..],
        &["text/plain"],
        &["application/x-www-form-urlencoded"],
        &["application/jsonp"],
        &["application/json", "text/plain"],
        &[""],
    ] {
        let response = post(&url, content_types, "{}").await;
        assert_eq!(response.status(), 415, "{content_types:?}");
        let body: serde_json::Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!(body["code"], "media_type_unsupported", "{content_types:?}");
    }
    assert_eq!(tenant.count("type=webauthn_authentication_init_failed&error_code=media_type_unsupported").await, 6);
    for content_types in [&["application/json"][..], &["Application/JSON; charset=utf-8"]] {
        assert_eq!(post(&url, content_types, "{}").await.status(), 200, "{content_types:?}");
    }
    for content_types in [&[][..], &["application/json"], &["text/plain"]] {
        assert_eq!(post(&url, content_types, "").await.status(), 200, "{content_types:?}");
    }
}

#[tokio::test]
async fn repeated_key_headers_are_refused() {
    let (server, tenant) = server_with_tenant().await;
    for second in [tenant.api_key.as_str(), "other", ""] {
        let caller = tenant.http.clone().header_bytes("apiKey", second.as_bytes());
        for path in ["/credentials", "/.well-known/jwks.json"] {
            caller.get(path).await.expect_refusal(400, "header_repeated");
        }
    }
    let admin = server.admin("ops", Role::Admin).await;
    let _ = admin.get("/me").await.expect(200);
    let twice = admin.header_bytes("authorization", b"Bearer dwa_other");
    twice.get("/me").await.expect_refusal(400, "header_repeated");
}

#[tokio::test]
async fn api_reference_restricts_scripts_and_frames() {
    let server = TestServer::start().await;
    for url in [&server.public_url, &server.admin_url] {
        let root = Http::new(url.clone());
        let page = root.get("/docs/").await.expect(200);
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(page.header("x-frame-options"), Some("DENY"));
        assert!(!page.text.contains("<script>"), "{}", page.text);
        let script = root.get("/docs/start.js").await.expect(200);
        assert!(script.text.contains("SwaggerUIBundle") && script.text.contains("/openapi.json"), "{}", script.text);
    }
    let status = Http::new(server.public_url.clone()).get("/").await.expect(200);
    assert!(status.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
}

#[tokio::test]
async fn files_of_the_api_reference_are_compressed_for_clients_that_accept_it() {
    let server = TestServer::start().await;
    let url = format!("{}/docs/swagger-ui-bundle.js", server.public_url);
    let request = |accepted: &'static str| Client::new().get(&url).header("accept-encoding", accepted).send();
    let plain = request("gzip;q=0, br").await.unwrap();
    assert!(!plain.headers().contains_key("content-encoding"));
    let compressed = request("br, gzip").await.unwrap();
    assert_eq!(compressed.headers()["content-encoding"], "gzip");
    for response in [&plain, &compressed] {
        assert_eq!(response.headers()["vary"], "accept-encoding");
        assert_eq!(response.headers()["content-type"], "text/javascript; charset=utf-8");
    }
    let compressed = compressed.bytes().await.unwrap();
    let mut decompressed = Vec::new();
    GzDecoder::new(&*compressed).read_to_end(&mut decompressed).unwrap();
    assert!(compressed.len() * 3 < decompressed.len());
    assert!(decompressed == plain.bytes().await.unwrap());
}

#[tokio::test]
async fn panic_in_a_handler_gets_a_500_response() {
    async fn fails() -> HttpResponse {
        panic!("a fault in a handler")
    }
    let _ = log();
    let server = TestServer::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let data = web::Data::from(Arc::clone(&server.app));
    let app = move || App::new().app_data(data.clone()).wrap(from_fn(trace)).route("/", web::get().to(fails));
    let running = HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run();
    let handle = running.handle();
    tokio::spawn(running);
    // After each panic, the worker still serves the next request.
    for _ in 0..3 {
        let response = Http::new(url.clone()).get("/").await;
        let details = "the server's log has the cause under this request's id";
        response.expect_error(500, "internal_error", "internal server error", details);
        let lines = lines_of(response.request_id());
        assert_eq!((lines.len(), &lines[0]["cause"]), (1, &"the handler panicked".into()), "{lines:?}");
    }
    handle.stop(false).await;
}
