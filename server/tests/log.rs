//! The log of the real binary. Lines that cannot be written do not affect requests, and clients cannot flood the log.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    process::Command,
};

use doorward_testkit::{Http, Process, process, until};
use serde_json::Value;

const UNKNOWN_TENANT: &str = "01234567-89ab-4def-8123-456789abcdef";

fn command(data: &tempfile::TempDir) -> Command {
    let database = data.path().join("doorward.db");
    process::command(env!("CARGO_BIN_EXE_doorward"), data.path(), &database.display().to_string())
}

async fn send_refused(server: &Process, count: usize) {
    let client = Http::new(server.public_url.clone());
    for number in 0..count {
        let client = client.clone().header("x-request-id", &format!("request-{number}"));
        let response = client.get(&format!("/{UNKNOWN_TENANT}/credentials")).await;
        assert_eq!(response.status, 404, "{}", response.text);
    }
}

#[tokio::test]
async fn server_works_without_a_reader_of_its_log() {
    let data = tempfile::tempdir().unwrap();
    let server = Process::serve_with_closed_log(command(&data));
    send_refused(&server, 50).await;
    let ready = Http::new(server.public_url.clone()).get("/health/ready").await;
    assert_eq!(ready.status, 200, "{}", ready.text);
    server.terminate();
}

#[tokio::test]
async fn lines_of_refused_requests_are_sampled_and_counted() {
    let data = tempfile::tempdir().unwrap();
    let mut command = command(&data);
    command.env("DOORWARD_KEYLESS_PER_ADDRESS", "off");
    let server = Process::serve(command);
    send_refused(&server, 500).await;
    let log = server.terminate_and_read_log();
    let lines: Vec<Value> = log.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let refused: Vec<&Value> = lines.iter().filter(|line| line["message"] == "request refused").collect();
    assert!((10..400).contains(&refused.len()), "{} lines", refused.len());
    let first: BTreeMap<&str, &str> = ["tenant", "request_id", "route", "code", "method"]
        .map(|name| (name, refused[0][name].as_str().unwrap_or_default()))
        .into();
    let expected = [
        ("tenant", UNKNOWN_TENANT),
        ("request_id", "request-0"),
        ("route", "/{tenant_id}/credentials"),
        ("code", "tenant_not_found"),
        ("method", "GET"),
    ];
    assert_eq!(first, expected.into());
    assert_eq!(refused[0]["status"], 404);
    let reports = lines.iter().filter(|line| line["message"] == "similar log lines were left out");
    let reports = reports.filter(|line| line["kind"] == "request refused" && line["code"] == "tenant_not_found");
    let left_out: u64 = reports.map(|line| line["lines"].as_u64().unwrap()).sum();
    assert_eq!(refused.len() as u64 + left_out, 500);
}

#[tokio::test]
async fn write_ahead_log_above_512_mib_is_reported() {
    const LIMIT: u64 = 512 << 20;
    let data = tempfile::tempdir().unwrap();
    let server = Process::serve(command(&data));
    let token = fs::read_to_string(data.path().join("admin.token")).unwrap();
    let admin = Http::new(server.admin_url.clone()).header("authorization", &format!("Bearer {}", token.trim()));
    // SQLite ignores zeros after the content of the write-ahead log, so the test can enlarge the file with zeros.
    let wal = OpenOptions::new().write(true).open(data.path().join("doorward.db-wal")).unwrap();
    let size = format!("doorward_sqlite_wal_bytes {LIMIT}");
    until("the size in the metrics", async || {
        wal.set_len(LIMIT).unwrap();
        admin.get("/metrics").await.expect(200).text.lines().any(|line| line == size)
    })
    .await;
    let warning = || {
        let lines = server.log().into_iter().map(|line| serde_json::from_str::<Value>(&line).unwrap());
        lines.into_iter().find(|line| line["message"].as_str().is_some_and(|text| text.contains("write-ahead log")))
    };
    until("the warning", async || {
        wal.set_len(LIMIT + 1).unwrap();
        warning().is_some()
    })
    .await;
    assert_eq!(warning().unwrap()["wal_bytes"], LIMIT + 1, "the first warning");
    server.terminate();
}
