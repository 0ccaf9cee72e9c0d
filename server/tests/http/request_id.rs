//! Request ids: the server uses a valid id from the client and otherwise generates one. Response, log and audit entry
//! contain the same id.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    sync::{LazyLock, Mutex},
};

use doorward_server::service::admin::api_keys;
use doorward_shared::ApiKeyId;
use doorward_testkit::{Http, Person, Response};
use serde_json::{Value, json};

use crate::support::server_with_tenant;

/// Log of all servers of this process.
static LOG: LazyLock<Mutex<Vec<u8>>> = LazyLock::new(|| {
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_env_filter("doorward_server=debug");
    subscriber.with_writer(|| Log).init();
    Mutex::default()
});

struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns everything that was logged since the first call of this function. The first call starts logging.
pub(crate) fn log() -> String {
    String::from_utf8(LOG.lock().unwrap().clone()).unwrap()
}

/// Returns the log lines of a request.
pub(crate) fn lines_of(id: &str) -> Vec<Value> {
    let log = log();
    let lines = log.lines().filter(|line| line.contains(id)).map(|line| serde_json::from_str(line).unwrap());
    lines.filter(|line: &Value| line["request_id"] == id).collect()
}

#[tokio::test]
async fn valid_request_id_is_used() {
    let (_server, tenant) = server_with_tenant().await;
    for id in ["a", "7f3a-42", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", &"x".repeat(128)] {
        let response = tenant.http.clone().header("x-request-id", id).get("/credentials").await.expect(200);
        assert_eq!(response.request_id(), id);
        let refused = tenant.anonymous.clone().header("x-request-id", id).get("/credentials").await;
        refused.expect_refusal(401, "api_key_missing");
        assert_eq!(refused.request_id(), id);
        assert_eq!(tenant.entry_of(&refused).await.kind(), "api_key_rejected");
    }
}

#[tokio::test]
async fn invalid_request_id_is_replaced() {
    let (_server, tenant) = server_with_tenant().await;
    let mut made = BTreeSet::new();
    for id in [&b""[..], b" ", b"two words", b"a\tb", "ä".as_bytes(), b"\xff", &[b'x'; 129]] {
        let response = tenant.anonymous.clone().header_bytes("x-request-id", id).get("/credentials").await;
        response.expect_refusal(401, "api_key_missing");
        assert!(response.request_id().parse::<doorward_shared::TenantId>().is_ok(), "{}", response.request_id());
        assert_eq!(tenant.entry_of(&response).await.kind(), "api_key_rejected");
        assert!(made.insert(response.request_id().to_owned()), "each request has its own");
    }
}

#[tokio::test]
async fn every_response_has_a_request_id() {
    let (server, tenant) = server_with_tenant().await;
    let root = Http::new(server.public_url.clone());
    let admin = Http::new(server.admin_url.clone());
    let mut responses: Vec<Response> = Vec::new();
    for path in
        ["/", "/health/alive", "/health/ready", "/openapi.json", "/docs/", "/nowhere", "/not-a-uuid/credentials"]
    {
        responses.push(root.get(path).await);
    }
    responses.push(tenant.http.get("/mfa/login/finalize").await);
    responses.push(tenant.anonymous.get("/.well-known/jwks.json").await);
    for path in ["/health/alive", "/tenants", "/nowhere"] {
        responses.push(admin.get(path).await);
    }
    let ids: BTreeSet<&str> = responses.iter().map(Response::request_id).collect();
    assert_eq!(ids.len(), responses.len());
}

#[tokio::test]
async fn response_log_line_and_audit_entry_have_the_same_request_id() {
    let _ = log();
    let (server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    let body = alice.mfa_assertion(&tenant).await;
    let done = tenant.http.post("/mfa/login/finalize", &body).await.expect(200);
    let again = tenant.http.post("/mfa/login/finalize", &body).await.expect(401);
    server.sql("ALTER TABLE credentials RENAME TO elsewhere").await;
    let broken = tenant.http.get("/credentials").await.expect(500);
    server.sql("ALTER TABLE elsewhere RENAME TO credentials").await;
    assert_eq!(tenant.entry_of(&done).await.kind(), "mfa_authentication_final_succeeded");
    assert_eq!(tenant.entry_of(&again).await.kind(), "mfa_authentication_final_failed");
    for (response, message, level) in
        [(&done, "request", "DEBUG"), (&again, "request refused", "INFO"), (&broken, "request failed", "ERROR")]
    {
        let lines = lines_of(response.request_id());
        assert_eq!(lines.len(), 1, "{lines:?}");
        let line = &lines[0];
        assert_eq!((&line["message"], &line["level"]), (&json!(message), &json!(level)));
        assert_eq!((&line["status"], &line["client"]), (&json!(response.status), &json!("127.0.0.1")));
    }
    let refused = &lines_of(again.request_id())[0];
    assert_eq!(
        (&refused["code"], &refused["route"]),
        (&json!("challenge_unknown"), &json!("/{tenant_id}/mfa/login/finalize"))
    );
    // The log contains the cause; the response does not.
    let cause = lines_of(broken.request_id())[0]["cause"].as_str().unwrap().to_owned();
    assert!(cause.contains("credentials"), "{cause}");
    broken.expect_error(
        500,
        "internal_error",
        "internal server error",
        "the server's log has the cause under this request's id",
    );
}

#[tokio::test]
async fn log_contains_no_secret() {
    let _ = log();
    let (server, tenant) = server_with_tenant().await;
    let second = server.api_key(tenant.id, None).await;
    let mut alice = Person::new("alice");
    let token = alice.register(&tenant).await.expect(200).field("token");
    let body = alice.login_assertion(&tenant, true).await;
    let login = tenant.http.post("/login/finalize", &body).await.expect(200).field("token");
    let _ = tenant.http.post("/login/finalize", &body).await.expect(401);
    let mut wrong = tenant.api_key.clone();
    wrong.replace_range(wrong.len() - 4.., "AAAA");
    let _ = tenant.with_key(&wrong).get("/credentials").await.expect(401);
    api_keys::revoke(&server.administrator(), tenant.id, ApiKeyId::new(second.id)).await.unwrap();
    let last = tenant.with_key(&second.secret).get("/credentials").await.expect(401);
    assert_eq!(lines_of(last.request_id()).len(), 1);
    let log = log();
    for secret in [&tenant.api_key, &wrong, &second.secret, &token, &login] {
        let tail = &secret[secret.len() - 20..];
        assert!(!log.contains(tail), "{tail}");
    }
}
