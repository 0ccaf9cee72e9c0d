//! Units of work whose transaction fails or whose connection is lost. No challenge yields two tokens, and no change is
//! made twice. If the unit was committed, the client gets the normal response.

use doorward_shared::admin::Role;
use doorward_testkit::{
    Person, Response, TestServer, TestTenant,
    breaking_proxy::{BreakingProxy, COMMIT, Moment},
    claims,
    counting_proxy::address_of,
    database,
};
use serde_json::{Value, json};

/// Text of the statement that adds to the counters of audit entries. Each unit of work sends this statement once, as
/// the last one before COMMIT.
const LAST_STATEMENT: &str = "INTO audit_counts";
/// Text of a statement that is sent together with the COMMIT of an administrative change.
const CHANGE: &str = "pg_notify(";
const SUCCEEDED: &str = "type=mfa_authentication_final_succeeded";
const FAILED: &str = "type=mfa_authentication_final_failed";

/// A node with a proxy between it and PostgreSQL.
struct Fixture {
    server: TestServer,
    proxy: BreakingProxy,
    tenant: TestTenant,
    person: Person,
    _data: (tempfile::TempDir, Option<database::TestDatabase>),
}

impl Fixture {
    async fn start(test: &str) -> Option<Self> {
        if !database::is_postgres(test) {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let (url, database) = database::for_test(folder.path()).await;
        let proxy = BreakingProxy::start(address_of(&url));
        let builder = TestServer::builder().database(proxy.url(&url));
        let server = builder.database_options(|options| options.connections = 1).start().await;
        let tenant = server.tenant().await;
        let mut person = Person::new("alice");
        let _ = person.register(&tenant).await.expect(200);
        Some(Self { server, proxy, tenant, person, _data: (folder, database) })
    }

    /// Sends a request while the proxy closes connections. `at` contains the arguments of [`BreakingProxy::close_at`].
    /// Checks that the proxy has closed the given number of connections.
    async fn post(&self, path: &str, body: &Value, at: (&'static str, Moment, usize)) -> Response {
        let (text, moment, times) = at;
        self.proxy.close_at(text, moment, times);
        let response = self.tenant.http.post(path, body).await;
        assert_eq!(self.proxy.closed(), times, "{path}: {}", response.text);
        response
    }

    /// Sends a request. The node gets no response to the first COMMIT of this request.
    async fn post_without_response(&self, path: &str, body: &Value) -> Response {
        self.post(path, body, (COMMIT, Moment::AfterCommit, 1)).await
    }

    /// Checks that the challenge of a finalize request was consumed, so that it yields no second token.
    async fn is_used(&self, path: &str, body: &Value) {
        let status = if path.starts_with("/registration") { 400 } else { 401 };
        for _ in 0..2 {
            self.tenant.http.post(path, body).await.expect_refusal(status, "challenge_unknown");
        }
        assert_eq!(database::faults(self.server.database_url()).await, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_gets_its_response_if_the_commit_gets_no_response() {
    let Some(mut fixture) = Fixture::start("client gets its response if the COMMIT gets no response").await else {
        return;
    };
    let user = json!({ "user_id": "alice" });
    for path in ["/mfa/login", "/login", "/transaction"] {
        let request = match path {
            "/transaction" => json!({ "user_id": "alice", "transaction_id": "payment", "transaction_data": 1 }),
            _ => user.clone(),
        };
        let options = fixture.post_without_response(&format!("{path}/initialize"), &request).await.expect(200).json();
        let body = fixture.person.get(&options);
        let path = format!("{path}/finalize");
        let token = fixture.post_without_response(&path, &body).await.expect(200);
        assert_eq!(claims(&token)["sub"], "alice");
        fixture.is_used(&path, &body).await;
        let redemption = json!({ "token": token.field("token") });
        let _ = fixture.post_without_response("/token/redeem", &redemption).await.expect(200);
        fixture.tenant.http.post("/token/redeem", &redemption).await.expect_refusal(409, "token_already_redeemed");
    }
    assert_eq!(fixture.tenant.count(SUCCEEDED).await, 1);
    let mut bob = Person::new("bob");
    let request = bob.registration_request();
    let options = fixture.post_without_response("/registration/initialize", &request).await.expect(200);
    let body = bob.create(&options.json());
    let token = fixture.post_without_response("/registration/finalize", &body).await.expect(200);
    assert_eq!(claims(&token)["sub"], "bob");
    fixture.is_used("/registration/finalize", &body).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusal_is_returned_if_its_commit_gets_no_response() {
    let Some(mut fixture) = Fixture::start("refusal is returned if its COMMIT gets no response").await else { return };
    let body = fixture.person.mfa_assertion(&fixture.tenant).await;
    let _ = fixture.tenant.http.post("/mfa/login/finalize", &body).await.expect(200);
    fixture.post_without_response("/mfa/login/finalize", &body).await.expect_refusal(401, "challenge_unknown");
    let unknown = json!({ "user_id": "nobody" });
    fixture.post_without_response("/mfa/login/initialize", &unknown).await.expect_refusal(404, "user_not_found");
    assert_eq!((fixture.tenant.count(SUCCEEDED).await, fixture.tenant.count(FAILED).await), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commit_that_the_server_did_not_receive_is_not_acknowledged() {
    let Some(mut fixture) = Fixture::start("commit that the server did not receive is not acknowledged").await else {
        return;
    };
    let path = "/mfa/login/finalize";
    let body = fixture.person.mfa_assertion(&fixture.tenant).await;
    fixture.post(path, &body, (COMMIT, Moment::Before, 1)).await.expect_refusal(503, "unavailable");
    assert_eq!(fixture.tenant.count(SUCCEEDED).await, 0);
    let _ = fixture.tenant.http.post(path, &body).await.expect(200);
    fixture.is_used(path, &body).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn challenge_stays_used_if_the_outcome_of_its_commit_cannot_be_read() {
    let name = "challenge stays used if the outcome of its commit cannot be read";
    let Some(mut fixture) = Fixture::start(name).await else { return };
    let path = "/mfa/login/finalize";
    let body = fixture.person.mfa_assertion(&fixture.tenant).await;
    fixture.post(path, &body, (COMMIT, Moment::AfterCommit, 2)).await.expect_refusal(503, "unavailable");
    assert_eq!(fixture.tenant.count(SUCCEEDED).await, 1);
    fixture.is_used(path, &body).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connection_that_is_lost_before_the_commit_is_replaced_twice() {
    let Some(mut fixture) = Fixture::start("connection that is lost before the commit is replaced twice").await else {
        return;
    };
    let path = "/mfa/login/finalize";
    for times in 1..=2 {
        let body = fixture.person.mfa_assertion(&fixture.tenant).await;
        fixture.proxy.close_connections();
        let token = fixture.post(path, &body, (LAST_STATEMENT, Moment::Before, times)).await.expect(200);
        assert_eq!(claims(&token)["sub"], "alice");
        fixture.is_used(path, &body).await;
        assert_eq!(fixture.tenant.count(SUCCEEDED).await, times as u64);
    }
    let body = fixture.person.mfa_assertion(&fixture.tenant).await;
    fixture.proxy.close_connections();
    fixture.post(path, &body, (LAST_STATEMENT, Moment::Before, 3)).await.expect_refusal(503, "unavailable");
    assert_eq!(fixture.tenant.count(SUCCEEDED).await, 2);
    let _ = fixture.tenant.http.post(path, &body).await.expect(200);
    fixture.is_used(path, &body).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrative_change_is_executed_again_and_made_once() {
    let Some(fixture) = Fixture::start("administrative change is executed again and made once").await else { return };
    let admin = fixture.server.admin("ops", Role::Admin).await;
    let path = format!("/tenants/{}/secrets/api", fixture.tenant.id);
    let entries = "type=api_key_created";
    let before = fixture.tenant.count(entries).await;
    for times in 1..=3 {
        let name = format!("lost {times} times");
        fixture.proxy.close_connections();
        fixture.proxy.close_at(LAST_STATEMENT, Moment::Before, times);
        let response = admin.post(&path, &json!({ "name": name })).await;
        assert_eq!(fixture.proxy.closed(), times, "{}", response.text);
        let succeeds = times < 3;
        if succeeds {
            let created = response.expect(201);
            let _ = fixture.tenant.with_key(&created.field("secret")).get("/credentials").await.expect(200);
        } else {
            response.expect_refusal(503, "unavailable");
        }
        let keys = admin.get(&path).await.expect(200).json();
        let named = keys.as_array().unwrap().iter().filter(|key| key["name"] == name).count();
        assert_eq!(named, usize::from(succeeds), "{keys}");
    }
    assert_eq!(fixture.tenant.count(entries).await, before + 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrator_gets_the_response_if_the_commit_gets_no_response() {
    let name = "administrator gets the response if the COMMIT gets no response";
    let Some(fixture) = Fixture::start(name).await else { return };
    let admin = fixture.server.admin("ops", Role::Admin).await;
    let tenant = format!("/tenants/{}", fixture.tenant.id);
    let keys = format!("{tenant}/secrets/api");
    let lose = |moment| fixture.proxy.close_at(CHANGE, moment, 1);
    lose(Moment::AfterCommit);
    let created = admin.post(&keys, &json!({ "name": "Committed" })).await.expect(201);
    // The key works at once, although the node got no response to the commit.
    let _ = fixture.tenant.with_key(&created.field("secret")).get("/credentials").await.expect(200);
    lose(Moment::Before);
    admin.post(&keys, &json!({ "name": "Not received" })).await.expect_refusal(503, "unavailable");
    let listed = admin.get(&keys).await.expect(200).text;
    assert!(listed.contains("Committed") && !listed.contains("Not received"), "{listed}");
    // The second request changes nothing, so it writes no entry.
    for _ in 0..2 {
        lose(Moment::AfterCommit);
        let _ = admin.put(&tenant, &json!({ "display_name": "Renamed" })).await.expect(204);
        assert_eq!(fixture.proxy.closed(), 1);
    }
    assert_eq!(fixture.tenant.count("type=tenant_updated").await, 1);
    fixture.proxy.close_at(COMMIT, Moment::AfterCommit, 1);
    let unknown = format!("{keys}/019981fd-7ad8-4c84-8f79-2ee8de2b1918");
    admin.delete(&unknown).await.expect_refusal(404, "secret_not_found");
    assert_eq!(fixture.proxy.closed(), 1);
    assert_eq!(fixture.tenant.count("type=admin_request_rejected").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn application_gets_the_response_to_its_change_if_the_commit_gets_no_response() {
    let name = "application gets the response to its change if the COMMIT gets no response";
    let Some(fixture) = Fixture::start(name).await else { return };
    let http = &fixture.tenant.http;
    let listed = http.get("/credentials?user_id=alice").await.expect(200).json();
    let path = format!("/credentials/{}", listed[0]["id"].as_str().unwrap());
    let lose = || fixture.proxy.close_at(COMMIT, Moment::AfterCommit, 1);
    lose();
    let _ = http.patch(&path, &json!({ "name": "Phone" })).await.expect(204);
    lose();
    let _ = http.delete(&path).await.expect(204);
    lose();
    http.delete(&path).await.expect_refusal(404, "credential_not_found");
    lose();
    let _ = http.delete("/users/alice").await.expect(204);
    assert_eq!(fixture.proxy.closed(), 1);
    for kind in ["webauthn_credential_updated", "webauthn_credential_deleted", "webauthn_user_deleted"] {
        assert_eq!(fixture.tenant.count(&format!("type={kind}")).await, 1, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conflict_with_another_session_results_in_one_token() {
    let Some(mut fixture) = Fixture::start("conflict with another session results in one token").await else { return };
    let path = "/mfa/login/finalize";
    // A trigger makes the next two attempts to delete a challenge fail. It counts the attempts with a sequence, because
    // a rollback does not reset a sequence.
    fixture
        .server
        .sql(
            "CREATE SEQUENCE conflicts; CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN IF nextval('conflicts') % 4 IN (1, 2) THEN RAISE serialization_failure; END IF; RETURN OLD; END $$; \
             CREATE TRIGGER conflict BEFORE DELETE ON challenges FOR EACH ROW EXECUTE FUNCTION conflict()",
        )
        .await;
    let body = fixture.person.mfa_assertion(&fixture.tenant).await;
    let token = fixture.tenant.http.post(path, &body).await.expect(200);
    assert_eq!(claims(&token)["sub"], "alice");
    fixture.is_used(path, &body).await;
    assert_eq!(fixture.tenant.count(SUCCEEDED).await, 1);
    let next = "SELECT CAST(last_value AS TEXT) AS value FROM conflicts";
    assert_eq!(database::texts(fixture.server.database_url(), next).await, ["3"]);
}
