//! Files and standard output get one JSON object per line.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use doorward_testkit::{Person, Process, until};
use serde_json::Value;

use crate::Installation;

/// Returns the distinct ids in a file. Panics if a complete line is not a JSON object.
fn ids(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let mut ids: Vec<String> = Vec::new();
    for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        let entry: Value = serde_json::from_str(line).unwrap();
        let id = entry["id"].as_str().unwrap().to_owned();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn file_and_standard_output_get_every_entry() {
    let installation = Installation::new().await;
    let (file, output) = (installation.data.path().join("audit.ndjson"), installation.data.path().join("stdout"));
    let targets = format!("stdout, file:{}", file.display());
    let serve = || {
        let mut command = installation.command(&targets, "");
        command.stdout(OpenOptions::new().append(true).create(true).open(&output).unwrap());
        Process::serve(command)
    };
    let server = serve();
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&installation.tenant(&server)).await.expect(200);
    let expected = installation.ids().await;
    for path in [&file, &output] {
        until("the entries are written", async || ids(path).len() >= expected.len()).await;
        assert_eq!(ids(path), expected);
    }
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    server.kill();

    // Simulates a crash in the middle of a line. Further down, the test rotates the file while the server runs.
    File::options().append(true).open(&file).unwrap().write_all(b"{\"id\":\"incompl").unwrap();
    let server = serve();
    let _ = alice.mfa_login(&installation.tenant(&server)).await.expect(200);
    let expected = installation.ids().await;
    for path in [&file, &output] {
        until("the new entries are written", async || ids(path).len() >= expected.len()).await;
        assert_eq!(ids(path), expected);
    }
    fs::rename(&file, installation.data.path().join("audit.1")).unwrap();
    let _ = alice.mfa_login(&installation.tenant(&server)).await.expect(200);
    let all = installation.ids().await;
    let rotated = &all[expected.len()..];
    until("a new file is created", async || ids(&file).len() >= rotated.len()).await;
    assert_eq!(ids(&file), rotated);
    server.terminate();
}
