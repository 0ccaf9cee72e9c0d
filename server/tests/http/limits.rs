//! Limits of request bodies: size, JSON depth, and time until the whole body has arrived. A request with a refused body
//! writes an audit entry.

use std::time::Duration;

use doorward_server::service::admin::{Precondition, tenants};
use doorward_testkit::{Response, TestServer, TestTenant};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{Ceremony, parse_response, server_with_tenant};

/// Opens a connection to the public API and sends a request head.
async fn head(tenant: &TestTenant, path: &str, length: usize, more: &str) -> TcpStream {
    let (host, base) = tenant.anonymous.base().strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let key = &tenant.api_key;
    let head = format!(
        "POST /{base}{path} HTTP/1.1\r\nhost: {host}\r\napiKey: {key}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n{more}\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// Reads a response until the server closes the connection.
async fn read_response(mut stream: TcpStream) -> Response {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    parse_response(&text)
}

#[tokio::test]
async fn too_large_or_too_deep_bodies_are_refused_and_audited() {
    let (_server, tenant) = server_with_tenant().await;
    let deep = format!("{{\"user_id\":{}1{}}}", "[".repeat(70), "]".repeat(70));
    for ceremony in Ceremony::ALL {
        for (step, event) in [("initialize", "init_failed"), ("finalize", "final_failed")] {
            let path = format!("{}/{step}", ceremony.path());
            let large = tenant.http.post_bytes(&path, vec![b' '; 256 * 1024 + 1]).await;
            large.expect_error(
                413,
                "body_too_large",
                "unable to process request",
                "the body may have at most 262144 bytes",
            );
            let _ = tenant.expect_audited_refusal(&large, 413, "body_too_large", &ceremony.event(event)).await;
            let deep = tenant.http.post_bytes(&path, deep.clone().into_bytes()).await;
            assert_eq!(deep.field("details"), "the JSON is nested deeper than 64 levels");
            let _ = tenant.expect_audited_refusal(&deep, 400, "body_malformed", &ceremony.event(event)).await;
        }
    }
    let rename = tenant.http.send(reqwest::Method::PATCH, "/credentials/AAAA", Some(vec![b' '; 300_000])).await;
    let _ = tenant.expect_audited_refusal(&rename, 413, "body_too_large", "webauthn_credential_update_failed").await;
}

#[tokio::test]
async fn body_of_maximum_size_is_accepted() {
    let (_server, tenant) = server_with_tenant().await;
    let mut body = b"{}".to_vec();
    body.resize(256 * 1024, b' ');
    let _ = tenant.http.post_bytes("/login/initialize", body).await.expect(200);
}

#[tokio::test]
async fn body_that_does_not_arrive_in_time_is_refused_and_audited() {
    let server =
        TestServer::builder().settings(|settings| settings.body_timeout = Duration::from_millis(50)).start().await;
    let tenant = server.tenant().await;
    let mut stream = head(&tenant, "/mfa/login/finalize", 100, "connection: close\r\n").await;
    stream.write_all(b"{\"id\":").await.unwrap();
    let response = read_response(stream).await;
    assert_eq!((response.status, response.field("title").as_str()), (408, "unable to process request"));
    let _ = tenant.expect_audited_refusal(&response, 408, "request_timeout", "mfa_authentication_final_failed").await;
}

/// The tenant's log must not get an audit entry after the tenant was deleted.
#[tokio::test]
async fn tenant_deleted_during_a_request_causes_409() {
    for (path, body) in [("/registration/initialize", r#"{"user_id":"a","username":"a"}"#), ("/login/initialize", "{}")]
    {
        let (server, tenant) = server_with_tenant().await;
        let _ = tenant.http.get("/credentials").await.expect(200);
        let mut stream = head(&tenant, path, body.len(), "connection: close\r\nexpect: 100-continue\r\n").await;
        let mut seen = [0; 25];
        stream.read_exact(&mut seen).await.unwrap();
        assert_eq!(&seen, b"HTTP/1.1 100 Continue\r\n\r\n", "the request has begun");
        tenants::delete(&server.administrator(), tenant.id, Precondition::None, false).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        let response = read_response(stream).await;
        response.expect_error(409, "conflict", "conflict", "the tenant or the user was deleted meanwhile");
    }
}
