//! Tests in which the database server is killed or replaced while clients log in on two nodes. Then the journal of the
//! clients is compared with the database. The tests in `crash.rs` kill nodes instead of the database server.
//!
//! `DOORWARD_TEST_CRASHES` is the number of times that each test repeats these steps.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic fails the test")]

mod journal;
mod leader;
mod patroni;
mod postmaster;

use doorward_testkit::{Process, TestTenant, process};

/// Two nodes of one installation, in separate processes, and a tenant with API clients for each node.
struct Nodes {
    processes: [Process; 2],
    tenants: [TestTenant; 2],
    _data: tempfile::TempDir,
}

impl Nodes {
    /// Starts one node for each URL of the database.
    fn start(urls: [&str; 2]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let command = |url| process::command(env!("CARGO_BIN_EXE_doorward"), data.path(), url);
        process::init(command(urls[0]));
        let mut create = command(urls[0]);
        create.args(["tenant", "create", "--name", "Example", "--rp-id", "example.com", "--api-key", "--json"]);
        create.args(["--origin", doorward_testkit::ORIGIN]);
        let created = process::json(create);
        let (id, key) = (created["id"].as_str().unwrap(), created["api_key"]["secret"].as_str().unwrap());
        let processes = urls.map(|url| Process::serve(command(url)));
        let tenants = [0, 1].map(|number: usize| processes[number].tenant(id, key));
        Self { processes, tenants, _data: data }
    }

    /// Stops the nodes and checks that they were still running.
    fn terminate(self) {
        self.processes.into_iter().for_each(Process::terminate);
    }
}

fn rounds(default: usize) -> usize {
    std::env::var("DOORWARD_TEST_CRASHES").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
