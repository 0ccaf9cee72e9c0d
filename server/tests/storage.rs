//! Kills `doorward migrate-storage` while it copies, repeats the command, and checks that logins work as before. The
//! installation moves between SQLite files or, with `DOORWARD_TEST_POSTGRES_URL`, to PostgreSQL and back.
#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Output, Stdio},
};

use doorward_testkit::{ORIGIN, Person, Process, RP_ID, Response, TestTenant, database, process};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::{Value, json};

/// Number of audit entries. It is so large that the process is killed before it has copied all of them.
const BULK: u32 = 30_000;

fn command(data: &Path, database: &str) -> Command {
    process::command(env!("CARGO_BIN_EXE_doorward"), data, database)
}

fn migrate(data: &Path, from: &str, to: &str) -> Command {
    let mut command = command(data, "");
    command.env("DOORWARD_MIGRATE_FROM", from).env("DOORWARD_MIGRATE_TO", to).args(["migrate-storage", "--json"]);
    command
}

fn expect_error(output: &Output, part: &str) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains(part), "{message}");
}

/// Starts the command and kills it while it copies the largest table.
fn kill_in_the_middle(mut command: Command) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let output: Vec<String> = lines.take_while(|line| !line.contains("\"audit_logs\"")).collect();
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), None, "the command ended before it was killed: {output:?}");
}

/// Verifies a token with the tenant's published keys and returns the id of the key.
async fn verify_token(tenant: &TestTenant, token: &str) -> String {
    let response = tenant.anonymous.get("/.well-known/jwks.json").await.expect(200);
    let keys: JwkSet = serde_json::from_str(&response.text).unwrap();
    let kid = decode_header(token).unwrap().kid.unwrap();
    let key = DecodingKey::from_jwk(keys.find(&kid).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&[RP_ID]);
    let _ = decode::<Value>(token, &key, &validation).unwrap();
    kid
}

fn token(response: Response) -> String {
    response.expect(200).field("token")
}

/// Adds many audit entries and their counts.
async fn fill(url: &str, tenant: &str) {
    let entries = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {BULK}) \
         INSERT INTO audit_logs (tenant_id, id, type, request_id, source_ip, user_agent, actor, created_at) \
         SELECT '{tenant}', printf('018bcfe5-6800-7000-8000-%012x', i), 'api_key_rejected', 'bulk', '192.0.2.1', '', \
                CASE WHEN i % 2 = 0 THEN 'Zoë ' || i END, 1700000000000 FROM n"
    );
    database::execute(url, &entries).await;
    let totals = format!(
        "INSERT INTO audit_counts (tenant_id, day, type, shard, count) \
         VALUES ('{tenant}', 1700000000000 / 86400000, 'api_key_rejected', 0, {BULK})"
    );
    database::execute(url, &totals).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_work_after_a_killed_migration_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let file = |name: &str| data.join(name).display().to_string();
    let (first, last) = (file("first.db"), file("last.db"));
    // `middle` is a PostgreSQL database or, without a PostgreSQL server, a SQLite file.
    let (middle, _database) = database::for_test(data).await;

    process::init(command(data, &first));
    let mut create = command(data, &first);
    create.args(["tenant", "create", "--name", "Example", "--rp-id", RP_ID, "--api-key", "--json", "--origin", ORIGIN]);
    let created = process::json(create);
    let (id, key) = (created["id"].as_str().unwrap(), created["api_key"]["secret"].as_str().unwrap());
    let server = Process::serve(command(data, &first));
    let tenant = server.tenant(id, key);
    let mut person = Person::new("Zoë \u{1f511}");
    let _ = person.register(&tenant).await.expect(200);
    let _ = person.transaction(&tenant, "payment", &json!({ "amount": "12 €" })).await.expect(200);
    let old_token = token(person.mfa_login(&tenant).await);
    let kid = verify_token(&tenant, &old_token).await;
    let pending = person.mfa_assertion(&tenant).await;
    expect_error(&migrate(data, &first, &middle).output().unwrap(), "the source is in use");
    server.terminate();
    fill(&first, id).await;

    let mut pending = Some(pending);
    for (from, to) in [(&first, &middle), (&middle, &last)] {
        kill_in_the_middle(migrate(data, from, to));
        expect_error(&command(data, to).arg("migrate").output().unwrap(), "incomplete");
        let report = process::json(migrate(data, from, to));
        assert_eq!(report["resumed"], true);
        let table = |name: &str| {
            let found = report["tables"].as_array().unwrap().iter().find(|table| table["table"] == name).unwrap();
            (found["rows"].as_u64().unwrap(), found["copied"].as_u64().unwrap())
        };
        assert_eq!(table("tenants"), (1, 0));
        let (rows, copied) = table("audit_logs");
        assert!(rows > u64::from(BULK) && copied < rows && copied > 0, "{report}");
        expect_error(&migrate(data, from, to).output().unwrap(), "the target is not empty");
        assert_eq!(database::faults(to).await, [""; 0]);

        let server = Process::serve(command(data, to));
        let tenant = server.tenant(id, key);
        if let Some(body) = pending.take() {
            let _ = tenant.http.post("/mfa/login/finalize", &body).await.expect(200);
        }
        assert_eq!(verify_token(&tenant, &token(person.login(&tenant).await)).await, kid);
        assert_eq!(verify_token(&tenant, &token(person.mfa_login(&tenant).await)).await, kid);
        assert_eq!(verify_token(&tenant, &old_token).await, kid);
        let confirmed = tenant.http.get("/transaction/Zo%C3%AB%20%F0%9F%94%91").await.expect(200).json();
        assert_eq!(confirmed[0]["data"], "{\"amount\":\"12 €\"}");
        assert_eq!(tenant.count("type=api_key_rejected").await, u64::from(BULK));
        server.terminate();
    }
}

#[tokio::test]
async fn migration_requires_the_master_key() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let file = |name: &str| data.join(name).display().to_string();
    process::init(command(data, &file("first.db")));
    let other = tempfile::tempdir().unwrap();
    expect_error(&migrate(other.path(), &file("first.db"), &file("last.db")).output().unwrap(), "no master key");
    assert!(!data.join("last.db").exists(), "the target is not created");
    let same = migrate(data, &file("first.db"), &file("first.db")).output().unwrap();
    expect_error(&same, "the same database");
    let migrated = migrate(data, &file("first.db"), &file("last.db")).output().unwrap();
    assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
    let wrong = command(data, "").args(["migrate-storage", "--from", &file("first.db")]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}
