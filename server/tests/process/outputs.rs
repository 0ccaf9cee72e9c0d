//! Outputs of the extensions `prf` and `largeBlob` are secrets of the user. No file and no log line contains them.

use doorward_authenticator::from_base64url;
use doorward_testkit::{Person, database, process};
use serde_json::{Value, json};

use crate::support;

/// Base64url text that occurs nowhere else.
const OUTPUT: &str = "c2VjcmV0LW91dHB1dC1vZi10aGUtYXV0aGVudGljYXRvcg";

fn with_outputs(mut body: Value) -> Value {
    body["clientExtensionResults"] = json!({
        "credProps": { "rk": true },
        "prf": { "enabled": true, "results": { "first": OUTPUT, "second": OUTPUT } },
        "largeBlob": { "blob": OUTPUT },
    });
    body
}

#[tokio::test]
async fn extension_outputs_are_neither_stored_nor_logged() {
    if !database::is_sqlite("extension_outputs_are_neither_stored_nor_logged") {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    process::init(support::command(data.path()));
    let created = process::json({
        let mut command = support::command(data.path());
        command.args(["tenant", "create", "--name", "Shop", "--rp-id", "example.com", "--api-key", "--json"]);
        command.args(["--origin", doorward_testkit::ORIGIN]);
        command
    });
    let mut command = support::command(data.path());
    command.env("DOORWARD_LOG_LEVEL", "trace");
    let server = support::serve_with(command);
    let tenant = server.tenant(created["id"].as_str().unwrap(), created["api_key"]["secret"].as_str().unwrap());
    let mut alice = Person::new("alice");
    let finalize = async |path: &str, body: Value, status| {
        let body = with_outputs(body);
        let _ = tenant.http.post(path, &body).await.expect(status);
        // The second request is refused, because the challenge was consumed.
        assert_ne!(tenant.http.post(path, &body).await.status, 200);
        // A malformed body is refused as well.
        let _ = tenant.http.post(path, &json!({ "id": 5, "clientExtensionResults": body })).await.expect(400);
    };
    let prf = json!({ "prf": { "eval": { "first": "AQ" } } });
    let mut request = alice.registration_request();
    request["extensions"] = prf.clone();
    let options = tenant.http.post("/registration/initialize", &request).await.expect(200).json();
    let body = alice.create(&options);
    finalize("/registration/finalize", body, 200).await;
    let options = tenant.http.post("/login/initialize", &json!({ "extensions": prf })).await.expect(200).json();
    let body = alice.get(&options);
    finalize("/login/finalize", body, 200).await;
    let credential = tenant.http.get("/credentials").await.expect(200).json()[0].take();
    assert_eq!(credential["discoverable"], true);
    let log = server.terminate_and_read_log();
    assert!(log.iter().any(|line| line.contains("login/finalize")), "the requests are logged: {log:?}");

    let mut searched: Vec<(String, Vec<u8>)> = vec![("log".to_owned(), log.join("\n").into_bytes())];
    for file in std::fs::read_dir(data.path()).unwrap().map(Result::unwrap) {
        if file.file_type().unwrap().is_file() {
            searched.push((file.file_name().to_string_lossy().into_owned(), std::fs::read(file.path()).unwrap()));
        }
    }
    assert!(searched.iter().any(|(name, bytes)| name == "doorward.db" && contains(bytes, b"alice@example.com")));
    let raw = from_base64url(OUTPUT).unwrap();
    for (name, bytes) in searched {
        assert!(!contains(&bytes, OUTPUT.as_bytes()) && !contains(&bytes, &raw), "{name} contains an output");
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
