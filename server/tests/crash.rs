//! `kill -9` under load: whatever was answered is there afterwards, and no used challenge works again.
//!
//! Five rounds; `DOORWARD_TEST_CRASHES` asks for more. With `DOORWARD_TEST_POSTGRES_URL`, the same on PostgreSQL.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what fails here is a failed test")]

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

/// A finalize that was answered with a token.
struct Proved {
    user_id: String,
    request_id: String,
    body: Value,
}

/// Logs in again and again until the server is gone.
async fn log_in(
    mut person: Person,
    tenant: TestTenant,
    answered: Arc<AtomicUsize>,
    ended: Arc<AtomicBool>,
) -> Vec<Proved> {
    let mut proved = Vec::new();
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
        let named = tenant.http.clone().header("x-request-id", &request_id);
        match named.try_post("/mfa/login/finalize", &body).await {
            Some(answer) if answer.status == 200 => {
                proved.push(Proved { user_id: person.user_id.clone(), request_id, body });
            }
            _ => break,
        }
        answered.fetch_add(1, Ordering::SeqCst);
    }
    proved
}

async fn survive(database: &str, data: &Path, rounds: usize) {
    let mut create = command(data, database);
    create.args(["tenant", "create", "--name", "Example", "--rp-id", "example.com", "--api-key", "--json"]);
    create.args(["--origin", doorward_testkit::ORIGIN]);
    let made = process::json(create);
    let (id, key) = (made["id"].as_str().unwrap(), made["api_key"]["secret"].as_str().unwrap());
    let mut everything: Vec<Proved> = Vec::new();
    for round in 0..rounds {
        let server = Process::serve(command(data, database));
        let tenant = server.tenant(id, key);
        // What the last round was told must be there, and must not work again.
        check(&tenant, &std::mem::take(&mut everything)).await;
        let answered = Arc::new(AtomicUsize::new(0));
        let ended = Arc::new(AtomicBool::new(false));
        let mut clients = tokio::task::JoinSet::new();
        for client in 0..CLIENTS {
            let mut person = Person::new(&format!("user-{round}-{client}."));
            let _ = person.register_mfa(&tenant).await.expect(200);
            clients.spawn(log_in(person, tenant.clone(), Arc::clone(&answered), Arc::clone(&ended)));
        }
        // Another moment in each round: after so many answers, in the middle of the others.
        while answered.load(Ordering::SeqCst) < 20 + round * 7 % 31 {
            tokio::task::yield_now().await;
        }
        server.kill();
        ended.store(true, Ordering::SeqCst);
        while let Some(proved) = clients.join_next().await {
            everything.extend(proved.unwrap());
        }
        assert!(everything.len() >= 20);
        // As the crash left it, before anybody opens it again.
        assert_eq!(database::faults(database).await, [""; 0], "after round {round}");
    }
    let server = Process::serve(command(data, database));
    check(&server.tenant(id, key), &everything).await;
    server.kill();
    assert_eq!(database::faults(database).await, [""; 0]);
}

/// Each is in the log as a success, none works a second time, and everybody's credential is there.
async fn check(tenant: &TestTenant, everything: &[Proved]) {
    for Proved { user_id, request_id, body } in everything {
        tenant.http.post("/mfa/login/finalize", body).await.expect_refusal(401, "challenge_unknown");
        let kind = "mfa_authentication_final_succeeded";
        let path = format!("/audit_logs?type={kind}&per_page=100&actor_user_id={user_id}");
        let rows = tenant.http.get(&path).await.expect(200).json();
        let told = |row: &Value| row["meta_http_request_id"] == *request_id;
        assert!(rows.as_array().unwrap().iter().any(told), "{request_id} was answered and is gone");
        let registered = tenant.http.get(&format!("/credentials?user_id={user_id}")).await.expect(200).json();
        assert_eq!(registered.as_array().unwrap().len(), 1, "the credential of {user_id}");
    }
}

fn rounds() -> usize {
    std::env::var("DOORWARD_TEST_CRASHES").ok().and_then(|text| text.parse().ok()).unwrap_or(5)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_a_kill() {
    let data = tempfile::tempdir().unwrap();
    let (url, _database) = database::for_test(data.path()).await;
    survive(&url, data.path(), rounds()).await;
}
