//! Scheduled backups: they are written and verified, and the oldest ones are deleted. The log and the metrics show
//! errors.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use doorward_server::backup::{Plan, Scheduled};
use doorward_shared::Timestamp;
use doorward_testkit::{Http, Process, process, until};

use crate::{command, create_tenant};

fn names(folder: &Path) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeSet::new() };
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(".db")).collect()
}

async fn metric(data: &Path, server: &Process, name: &str) -> Option<f64> {
    let token = fs::read_to_string(data.join("admin.token")).unwrap();
    let admin = Http::new(server.admin_url.clone()).header("Authorization", &format!("Bearer {}", token.trim()));
    let text = admin.get("/metrics").await.expect(200).text;
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newest_backups_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let _ = create_tenant(data);
    let backups = data.join("backups");
    fs::create_dir(&backups).unwrap();
    // The first file is not a scheduled backup. The second file simulates an interrupted backup.
    fs::write(backups.join("doorward-mine.db"), "").unwrap();
    fs::write(backups.join("doorward-20260101T000000.000Z.db.partial"), "").unwrap();
    // Folders with the names of backups do not stop the deletion of old backups.
    let folders = ["doorward-20250101T000000.000Z.db", "doorward-20250101T000000.000Z.db.partial"];
    folders.iter().for_each(|name| fs::create_dir(backups.join(name)).unwrap());
    let mut serve = command(data);
    serve.envs([("DOORWARD_BACKUP_EVERY", "1s"), ("DOORWARD_BACKUP_KEEP", "2")]);
    let server = Process::serve(serve);
    let mut seen = BTreeSet::new();
    until("four backups were written", async || {
        seen.extend(names(&backups));
        seen.len() >= 6
    })
    .await;
    let is_backup = |name: &&String| *name != "doorward-mine.db" && *name != folders[0];
    let newest: Vec<_> = seen.iter().filter(is_backup).collect();
    until("the oldest backups are deleted", async || !names(&backups).contains(newest[1])).await;
    until("two backups are kept", async || names(&backups).len() == 4).await;
    assert!(folders.iter().all(|name| backups.join(name).is_dir()));
    let warned = |line: &String| line.contains("named like a backup") && line.contains(folders[0]);
    assert!(server.log().iter().any(warned));
    let time = metric(data, &server, "doorward_backup_last_success_timestamp_seconds").await.unwrap();
    assert!(time > 1_700_000_000.0, "{time}");
    assert_eq!(metric(data, &server, "doorward_backup_interval_seconds").await, Some(1.0));
    server.terminate();
    assert!(names(&backups).contains("doorward-mine.db"));
    assert!(!backups.join("doorward-20260101T000000.000Z.db.partial").exists());
    for name in names(&backups).iter().filter(is_backup) {
        let verified = process::json({
            let mut verify = command(data);
            verify.args(["backup", "verify", "--json"]).arg(backups.join(name));
            verify
        });
        assert_eq!(verified["counts"]["tenants"], 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_backup_is_visible() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let _ = create_tenant(data);
    fs::write(data.join("file"), "").unwrap();
    let mut serve = command(data);
    serve.env("DOORWARD_BACKUP_EVERY", "1s").env("DOORWARD_BACKUP_DIR", data.join("file/backups"));
    let server = Process::serve(serve);
    let failed = "doorward_job_runs_total{job=\"scheduled backup\",outcome=\"failed\"}";
    until("the failure is counted", async || metric(data, &server, failed).await > Some(0.0)).await;
    assert_eq!(metric(data, &server, "doorward_backup_last_success_timestamp_seconds").await, Some(0.0));
    // The server may log the failure before it logs that it has started.
    let is_logged = |line: &String| line.contains("scheduled backup failed") && line.contains("file/backups");
    until("the failure is logged", async || server.log().iter().any(is_logged)).await;
    server.terminate();
}

/// Returns the time that is this number of hours after a fixed time.
fn at(hours: i64) -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000 + hours * 3_600_000)
}

fn hourly(data: &Path) -> Scheduled {
    let every = Duration::from_secs(3_600);
    Scheduled::new(Plan { database: data.join("doorward.db"), folder: data.join("backups"), every, keep: 2 })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backup_dated_by_a_wrong_clock_neither_counts_nor_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let _ = create_tenant(folder.path());
    let backups = hourly(folder.path());
    let future = backups.run(at(10_000)).await.unwrap().expect("a backup");
    let mut written = Vec::new();
    for hours in 0..3 {
        written.push(backups.run(at(hours)).await.unwrap().expect("a backup"));
        assert_eq!(backups.newest(at(hours)).unwrap(), Some(at(hours)));
        assert_eq!(backups.run(at(hours)).await.unwrap(), None, "the next one is not due");
    }
    let kept: Vec<bool> = written.iter().map(|path| path.exists()).collect();
    assert_eq!((future.exists(), kept), (true, vec![false, true, true]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failure_under_a_wrong_clock_does_not_delay_the_next_backup() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let _ = create_tenant(data);
    let backups = hourly(data);
    fs::rename(data.join("doorward.db"), data.join("away.db")).unwrap();
    let _ = backups.run(at(10_000)).await.unwrap_err();
    let _ = backups.run(at(0)).await.unwrap_err();
    fs::rename(data.join("away.db"), data.join("doorward.db")).unwrap();
    assert_eq!(backups.run(at(0)).await.unwrap(), None, "15 minutes are not over");
    assert!(backups.run(at(1)).await.unwrap().is_some());
}
