//! `audit --export`, and the client under it.

use std::{fs, os::unix::fs::PermissionsExt as _};

use doorward_admin::api::{
    Api, AuditQuery, ExportError, ExportFormat, OnExisting, Progress, Target, Token, export_to_file,
};
use doorward_shared::admin::Role;
use doorward_testkit::{TestServer, TestTenant};

use crate::support::{Operator, Relay, Running, Then, names};

/// More than the server sends at a time.
const ROWS: usize = 620;

async fn setting() -> (TestServer, TestTenant, Operator) {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    for _ in 0..ROWS {
        tenant.with_key("dw_wrong").get("/credentials").await.expect_refusal(401, "api_key_invalid");
    }
    let operator = Operator::new(&server, Role::Auditor).await;
    fs::create_dir(operator.path("exports")).unwrap();
    (server, tenant, operator)
}

fn api(operator: &Operator) -> Api {
    let token = Token::new(&operator.token).unwrap();
    Api::new(Target { url: operator.url.parse().unwrap(), token, ca: None }).unwrap()
}

fn rejected(tenant: &TestTenant) -> AuditQuery {
    AuditQuery {
        tenant: Some(tenant.id),
        kinds: vec![doorward_shared::AuditType::ApiKeyRejected],
        ..AuditQuery::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_matches_is_written_for_its_owner_alone() {
    let (_server, _tenant, operator) = setting().await;
    let arguments = ["audit", "--tenant", "Example", "--outcome", "failed", "--export"];
    let to = |name: &'static str| [&arguments[..], &[name]].concat();
    let said = operator.out(&to("exports/a.csv")).await;
    assert_eq!(said, format!("{ROWS} entries are in exports/a.csv\n"));
    let text = fs::read_to_string(operator.path("exports/a.csv")).unwrap();
    assert_eq!(text.lines().count(), ROWS + 1);
    assert!(text.starts_with("id,created_at,type"));
    let mode = fs::metadata(operator.path("exports/a.csv")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let done = operator.json(&to("exports/a.ndjson")).await;
    assert_eq!((&done["rows"], &done["file"]), (&ROWS.into(), &"exports/a.ndjson".into()));
    let lines = fs::read_to_string(operator.path("exports/a.ndjson")).unwrap();
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!((lines.lines().count(), &first["type"]), (ROWS, &"api_key_rejected".into()));
    assert_eq!(operator.out(&to("-")).await, lines, "standard output has the same bytes");
    assert_eq!(names(&operator.path("exports")), ["a.csv", "a.ndjson"], "nothing else is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_not_overwritten_unless_somebody_says_so() {
    let (_server, _tenant, operator) = setting().await;
    operator.write("exports/a.csv", "precious");
    let arguments = ["audit", "--export", "exports/a.csv"];
    let why = operator.refused(&arguments, 2).await;
    assert!(why.contains("is there already") && why.contains("--force"), "{why}");
    assert_eq!(fs::read_to_string(operator.path("exports/a.csv")).unwrap(), "precious");
    let _ = operator.out(&[&arguments[..], &["--force"]].concat()).await;
    assert!(fs::read_to_string(operator.path("exports/a.csv")).unwrap().starts_with("id,"));
    let why = operator.refused(&["audit", "--export", "nowhere/a.csv"], 1).await;
    assert!(why.contains("nowhere/a.csv"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_counts_rows_up_to_the_total() {
    let (_server, tenant, operator) = setting().await;
    let stream = api(&operator).audit_export(&rejected(&tenant), ExportFormat::Csv).await.unwrap();
    let mut seen: Vec<Progress> = Vec::new();
    let path = operator.path("exports/a.csv");
    let done = export_to_file(stream, path, OnExisting::Refuse, |progress| seen.push(progress)).await.unwrap();
    let total = Some(ROWS as u64);
    assert_eq!((seen[0].rows, seen[0].total), (0, total), "the total is known before the first row");
    assert!(seen.windows(2).all(|pair| pair[0].rows <= pair[1].rows && pair[0].bytes <= pair[1].bytes));
    assert!(seen.iter().any(|progress| progress.rows > 0 && progress.rows < ROWS as u64), "{seen:?}");
    assert_eq!((done.rows, done.total), (ROWS as u64, total));
    assert_eq!(fs::metadata(operator.path("exports/a.csv")).unwrap().len(), done.bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cancelled_leaves_nothing() {
    let (server, tenant, operator) = setting().await;
    let relay = Relay::up_to(&server, 50_000, Then::Hold);
    let operator = operator.at(relay.url.clone());
    let stream = api(&operator).audit_export(&rejected(&tenant), ExportFormat::Ndjson).await.unwrap();
    let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let path = operator.path("exports/a.ndjson");
    let writing = tokio::spawn(export_to_file(stream, path, OnExisting::Refuse, move |progress| {
        begun.send(progress.rows).unwrap();
    }));
    while begins.recv().await.unwrap() == 0 {}
    let present = names(&operator.path("exports"));
    assert!(matches!(present.as_slice(), [name] if name.starts_with(".a.ndjson.")), "no half file: {present:?}");
    writing.abort();
    assert!(writing.await.unwrap_err().is_cancelled());
    assert!(names(&operator.path("exports")).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_cancels() {
    let (server, _tenant, operator) = setting().await;
    let relay = Relay::up_to(&server, 50_000, Then::Hold);
    let operator = operator.at(relay.url.clone());
    let id = operator.path("exports");
    let running = Running::start(operator.command(&["audit", "--export", "exports/a.csv"]));
    // The hidden file is there as soon as something came.
    tokio::task::spawn_blocking(move || {
        while names(&id).is_empty() {
            std::thread::yield_now()
        }
    })
    .await
    .unwrap();
    running.signal("INT");
    assert_eq!(running.end().await, (1, "doorward-admin: cancelled: nothing was written\n".to_owned()));
    assert!(names(&operator.path("exports")).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_short_leaves_nothing_and_is_said() {
    let (server, tenant, operator) = setting().await;
    let relay = Relay::up_to(&server, 50_000, Then::Cut);
    let operator = operator.at(relay.url.clone());
    let stream = api(&operator).audit_export(&rejected(&tenant), ExportFormat::Csv).await.unwrap();
    let path = operator.path("exports/a.csv");
    let written = export_to_file(stream, path, OnExisting::Refuse, |_| ()).await;
    assert!(matches!(written, Err(ExportError::Api(_))), "{written:?}");
    assert!(names(&operator.path("exports")).is_empty());
    let why = operator.refused(&["audit", "--export", "exports/a.csv"], 1).await;
    assert!(why.contains("the connection was cut"), "{why}");
}
