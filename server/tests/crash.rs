//! Kills the server under load. Every login that got a successful response must be durable, and no challenge may yield
//! two tokens.
//!
//! `DOORWARD_TEST_CRASHES` is the number of rounds (default: 5). `DOORWARD_TEST_POSTGRES_URL` selects PostgreSQL.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic fails the test")]

use std::{
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use doorward_testkit::{Person, Process, TestTenant, database, process};
use serde_json::{Value, json};

const CLIENTS: usize = 8;

fn command(data: &Path, database: &str) -> Command {
    process::command(env!("CARGO_BIN_EXE_doorward"), data, database)
}

/// A finalize request that got a token.
struct Finalized {
    user_id: String,
    request_id: String,
    body: Value,
}

async fn log_in(
    mut person: Person,
    tenant: TestTenant,
    responses: Arc<AtomicUsize>,
    ended: Arc<AtomicBool>,
) -> Vec<Finalized> {
    let mut finalized = Vec::new();
    let request = json!({ "user_id": person.user_id });
    for number in 0.. {
        if ended.load(Ordering::SeqCst) {
            break;
        }
        let Some(options) = tenant.http.try_post("/mfa/login/initialize", &request).await else { break };
        if options.status != 200 {
            break;
        }
        let body = person.get(&options.json());
        let request_id = format!("{}-{number}", person.user_id);
        let client = tenant.http.clone().header("x-request-id", &request_id);
        match client.try_post("/mfa/login/finalize", &body).await {
            Some(response) if response.status == 200 => {
                finalized.push(Finalized { user_id: person.user_id.clone(), request_id, body });
            }
            _ => break,
        }
        responses.fetch_add(1, Ordering::SeqCst);
    }
    finalized
}

async fn crash_and_check(database: &str, data: &Path, rounds: usize) {
    process::init(command(data, database));
    let mut create = command(data, database);
    create.args(["tenant", "create", "--name", "Example", "--rp-id", "example.com", "--api-key", "--json"]);
    create.args(["--origin", doorward_testkit::ORIGIN]);
    let created = process::json(create);
    let (id, key) = (created["id"].as_str().unwrap(), created["api_key"]["secret"].as_str().unwrap());
    let mut all: Vec<Finalized> = Vec::new();
    for round in 0..rounds {
        let server = Process::serve(command(data, database));
        let tenant = server.tenant(id, key);
        // The logins of the previous round must be stored, and their finalize requests must not succeed again.
        check(&tenant, &std::mem::take(&mut all)).await;
        let responses = Arc::new(AtomicUsize::new(0));
        let ended = Arc::new(AtomicBool::new(false));
        let mut clients = tokio::task::JoinSet::new();
        for client in 0..CLIENTS {
            let mut person = Person::new(&format!("user-{round}-{client}."));
            let _ = person.register_mfa(&tenant).await.expect(200);
            clients.spawn(log_in(person, tenant.clone(), Arc::clone(&responses), Arc::clone(&ended)));
        }
        // Each round kills the server after a different number of responses, while it is processing other requests.
        while responses.load(Ordering::SeqCst) < 20 + round * 7 % 31 {
            tokio::task::yield_now().await;
        }
        server.kill();
        ended.store(true, Ordering::SeqCst);
        while let Some(finalized) = clients.join_next().await {
            all.extend(finalized.unwrap());
        }
        assert!(all.len() >= 20);
        // The database is checked before the next server opens it.
        assert_eq!(database::faults(database).await, [""; 0], "after round {round}");
    }
    let server = Process::serve(command(data, database));
    check(&server.tenant(id, key), &all).await;
    server.kill();
    assert_eq!(database::faults(database).await, [""; 0]);
}

/// Checks that each login has an audit entry and cannot be repeated, and that its credential exists.
async fn check(tenant: &TestTenant, all: &[Finalized]) {
    for Finalized { user_id, request_id, body } in all {
        tenant.http.post("/mfa/login/finalize", body).await.expect_refusal(401, "challenge_unknown");
        let kind = "mfa_authentication_final_succeeded";
        let path = format!("/audit_logs?type={kind}&per_page=100&actor_user_id={user_id}");
        let entries = tenant.http.get(&path).await.expect(200).json();
        let is_same_request = |entry: &Value| entry["meta_http_request_id"] == *request_id;
        assert!(entries.as_array().unwrap().iter().any(is_same_request), "{request_id} returned a token and was lost");
        let registered = tenant.http.get(&format!("/credentials?user_id={user_id}")).await.expect(200).json();
        assert_eq!(registered.as_array().unwrap().len(), 1, "the credential of {user_id}");
    }
}

fn rounds() -> usize {
    std::env::var("DOORWARD_TEST_CRASHES").ok().and_then(|text| text.parse().ok()).unwrap_or(5)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn successful_logins_survive_a_crash() {
    let data = tempfile::tempdir().unwrap();
    let (url, _database) = database::for_test(data.path()).await;
    crash_and_check(&url, data.path(), rounds()).await;
}
