//! Audit forwarding with the real binary: to webhooks over TLS, to files and to standard output.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a panic fails the test"
)]

mod lines;
mod nodes;
mod receiver;
mod webhooks;

use std::{fs, path::Path, process::Command};

use doorward_testkit::{
    Http, ORIGIN, Process, TestTenant,
    database::{self, TestDatabase},
    process,
};
use serde_json::Value;

/// An installation with a tenant. Its server runs in a separate process.
pub(crate) struct Installation {
    pub(crate) data: tempfile::TempDir,
    url: String,
    id: String,
    key: String,
    _database: Option<TestDatabase>,
}

impl Installation {
    pub(crate) async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let (url, database) = database::for_test(data.path()).await;
        let binary = |data: &Path| process::command(env!("CARGO_BIN_EXE_doorward"), data, &url);
        process::init(binary(data.path()));
        let mut create = binary(data.path());
        create.args(["tenant", "create", "--name", "Example", "--rp-id", "example.com", "--api-key", "--json"]);
        create.args(["--origin", ORIGIN]);
        let created = process::json(create);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (id, key) = (text(&created["id"]), text(&created["api_key"]["secret"]));
        Self { data, url, id, key, _database: database }
    }

    /// Returns a command that runs a server that forwards to the given targets.
    pub(crate) fn command(&self, targets: &str, networks: &str) -> Command {
        let secret = self.data.path().join("forward.secret");
        fs::write(&secret, format!("{}\n", receiver::SECRET)).unwrap();
        let mut command = process::command(env!("CARGO_BIN_EXE_doorward"), self.data.path(), &self.url);
        command.env("DOORWARD_AUDIT_FORWARD", targets).env("DOORWARD_AUDIT_FORWARD_NETWORKS", networks);
        command.env("DOORWARD_AUDIT_FORWARD_SECRET_FILE", secret);
        command.env("DOORWARD_AUDIT_FORWARD_CA", receiver::fixture("ca.pem"));
        command
    }

    pub(crate) fn tenant(&self, server: &Process) -> TestTenant {
        server.tenant(&self.id, &self.key)
    }

    /// Returns the ids of all audit entries, in the order of commit.
    pub(crate) async fn ids(&self) -> Vec<String> {
        database::texts(&self.url, "SELECT id AS value FROM audit_logs ORDER BY id").await
    }

    /// Returns the value of the metric with the given name and labels.
    pub(crate) async fn metric(&self, server: &Process, name: &str) -> Option<f64> {
        let token = fs::read_to_string(self.data.path().join("admin.token")).unwrap();
        let admin = Http::new(server.admin_url.clone()).header("Authorization", &format!("Bearer {}", token.trim()));
        let text = admin.get("/metrics").await.expect(200).text;
        text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }
}
