//! `audit --export` and `export_to_file`.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    sync::atomic::{AtomicU64, Ordering},
    task::Poll,
    time::{Duration, Instant},
};

use doorward_admin::api::{
    Api, AuditQuery, Endpoint, ExportError, ExportFormat, OnExisting, Progress, Token, Total, export_to_file,
};
use doorward_shared::admin::Role;
use doorward_testkit::{TestServer, TestTenant};

use crate::support::{AfterLimit, Operator, Process, Proxy, file_names};

/// Number of rows. It exceeds the number of rows that the server sends in one chunk.
const ROWS: usize = 620;

async fn setup() -> (TestServer, TestTenant, Operator) {
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
    Api::new(Endpoint { url: operator.url.parse().unwrap(), token, ca: None }).unwrap()
}

fn rejected(tenant: &TestTenant) -> AuditQuery {
    AuditQuery {
        tenant: Some(tenant.id),
        kinds: vec![doorward_shared::AuditType::ApiKeyRejected],
        ..AuditQuery::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn export_writes_all_matches_to_a_private_file() {
    let (_server, _tenant, operator) = setup().await;
    let arguments = ["audit", "--tenant", "Example", "--outcome", "failed", "--export"];
    let to = |name: &'static str| [&arguments[..], &[name]].concat();
    let output = operator.out(&to("exports/a.csv")).await;
    assert_eq!(output, format!("wrote {ROWS} entries to exports/a.csv\n"));
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
    assert_eq!(operator.out(&to("-")).await, lines, "standard output gets the same bytes");
    assert_eq!(file_names(&operator.path("exports")), ["a.csv", "a.ndjson"], "no temporary file is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn existing_file_is_replaced_only_with_force() {
    let (_server, _tenant, operator) = setup().await;
    operator.write("exports/a.csv", "precious");
    let arguments = ["audit", "--export", "exports/a.csv"];
    operator.fails(&arguments, 2, &["already exists", "--force"]).await;
    assert_eq!(fs::read_to_string(operator.path("exports/a.csv")).unwrap(), "precious");
    let _ = operator.out(&[&arguments[..], &["--force"]].concat()).await;
    assert!(fs::read_to_string(operator.path("exports/a.csv")).unwrap().starts_with("id,"));
    operator.fails(&["audit", "--export", "nowhere/a.csv"], 1, &["nowhere/a.csv"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn file_name_without_a_known_extension_needs_a_format() {
    let (_server, _tenant, operator) = setup().await;
    for name in ["exports/a.foo", "exports/a"] {
        operator.fails(&["audit", "--export", name], 2, &[name, "--format"]).await;
        assert!(!operator.path(name).exists());
    }
    let _ = operator.out(&["audit", "--export", "exports/a.foo", "--format", "csv"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_counts_rows_up_to_the_total() {
    let (_server, tenant, operator) = setup().await;
    let stream = api(&operator).audit_export(&rejected(&tenant), ExportFormat::Csv).await.unwrap();
    let mut seen: Vec<Progress> = Vec::new();
    let path = operator.path("exports/a.csv");
    let done = export_to_file(stream, path, OnExisting::Refuse, |progress| seen.push(progress)).await.unwrap();
    let total = Some(Total::Exact(ROWS as u64));
    assert_eq!((seen[0].rows, seen[0].total), (0, total), "the total is known before the first row");
    assert!(seen.windows(2).all(|pair| pair[0].rows <= pair[1].rows && pair[0].bytes <= pair[1].bytes));
    assert!(seen.iter().any(|progress| progress.rows > 0 && progress.rows < ROWS as u64), "{seen:?}");
    assert_eq!((done.rows, done.total), (ROWS as u64, total));
    assert_eq!(fs::metadata(operator.path("exports/a.csv")).unwrap().len(), done.bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_export_leaves_no_file() {
    let (server, tenant, operator) = setup().await;
    let proxy = Proxy::with_limit(&server, 50_000, AfterLimit::Hold);
    let operator = operator.at(proxy.url.clone());
    let stream = api(&operator).audit_export(&rejected(&tenant), ExportFormat::Ndjson).await.unwrap();
    let (progress_sender, mut progress_receiver) = tokio::sync::mpsc::unbounded_channel();
    let path = operator.path("exports/a.ndjson");
    let writing = tokio::spawn(export_to_file(stream, path, OnExisting::Refuse, move |progress| {
        progress_sender.send(progress.rows).unwrap();
    }));
    while progress_receiver.recv().await.unwrap() == 0 {}
    let files = file_names(&operator.path("exports"));
    assert!(
        matches!(files.as_slice(), [name] if name.starts_with(".a.ndjson.")),
        "only the hidden file exists: {files:?}"
    );
    writing.abort();
    assert!(writing.await.unwrap_err().is_cancelled());
    assert!(file_names(&operator.path("exports")).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_cancels_the_export() {
    let (server, _tenant, operator) = setup().await;
    let proxy = Proxy::with_limit(&server, 50_000, AfterLimit::Hold);
    let operator = operator.at(proxy.url.clone());
    let folder = operator.path("exports");
    let running = Process::start(operator.command(&["audit", "--export", "exports/a.csv"]));
    // The hidden file exists once the response has started.
    tokio::task::spawn_blocking(move || {
        while file_names(&folder).is_empty() {
            std::thread::yield_now()
        }
    })
    .await
    .unwrap();
    running.signal("INT");
    assert_eq!(running.end().await, (1, "doorward-admin: cancelled: no file was written\n".to_owned()));
    assert!(file_names(&operator.path("exports")).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_of_the_system_cancel_the_export() {
    let (server, _tenant, mut operator) = setup().await;
    for signal in ["TERM", "HUP"] {
        let proxy = Proxy::with_limit(&server, 50_000, AfterLimit::Hold);
        operator = operator.at(proxy.url.clone());
        let folder = operator.path("exports");
        let running = Process::start(operator.command(&["audit", "--export", "exports/a.csv"]));
        let started = move || {
            while file_names(&folder).is_empty() {
                std::thread::yield_now()
            }
        };
        tokio::task::spawn_blocking(started).await.unwrap();
        running.signal(signal);
        assert_eq!(running.end().await.0, 1, "{signal}");
        assert!(file_names(&operator.path("exports")).is_empty(), "{signal}");
    }
}

/// Drops an export after the last row has arrived and the export was polled a few more times. The export must either
/// have returned its result or leave no file.
#[tokio::test(flavor = "multi_thread")]
async fn export_that_is_cancelled_at_the_last_moment_leaves_no_file() {
    let (_server, tenant, operator) = setup().await;
    let folder = operator.path("exports");
    for (round, polls) in (0..5).cycle().take(20).enumerate() {
        let stream = api(&operator).audit_export(&rejected(&tenant), ExportFormat::Csv).await.unwrap();
        let path = folder.join(format!("{round}.csv"));
        let rows = AtomicU64::new(0);
        let progress = |progress: Progress| rows.store(progress.rows, Ordering::Relaxed);
        let mut export = Box::pin(export_to_file(stream, path.clone(), OnExisting::Refuse, progress));
        let mut left = polls;
        let result = std::future::poll_fn(|context| {
            if rows.load(Ordering::Relaxed) == ROWS as u64 {
                if left == 0 {
                    return Poll::Ready(None);
                }
                left -= 1;
            }
            export.as_mut().poll(context).map(Some)
        });
        if result.await.is_some() {
            assert_eq!(file_names(&folder), [format!("{round}.csv")]);
            fs::remove_file(&path).unwrap();
            continue;
        }
        drop(export);
        // A thread may still write to the hidden file.
        let deadline = Instant::now() + Duration::from_secs(20);
        while !file_names(&folder).is_empty() {
            assert!(!path.exists(), "published, although it was cancelled {polls} polls after the last row");
            assert!(Instant::now() < deadline, "a hidden file is left");
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_export_leaves_no_file_and_is_reported() {
    let (server, tenant, operator) = setup().await;
    let proxy = Proxy::with_limit(&server, 50_000, AfterLimit::Close);
    let operator = operator.at(proxy.url.clone());
    let stream = api(&operator).audit_export(&rejected(&tenant), ExportFormat::Csv).await.unwrap();
    let path = operator.path("exports/a.csv");
    let written = export_to_file(stream, path, OnExisting::Refuse, |_| ()).await;
    assert!(matches!(written, Err(ExportError::Api(_))), "{written:?}");
    assert!(file_names(&operator.path("exports")).is_empty());
    operator.fails(&["audit", "--export", "exports/a.csv"], 5, &["the connection was closed"]).await;
}
