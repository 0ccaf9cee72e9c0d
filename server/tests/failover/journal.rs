//! Clients that log in without pause, and the journal of their requests.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use doorward_testkit::{Person, TestTenant, database};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const CLIENTS_PER_NODE: usize = 4;
/// Pause of a client after a request that failed.
const PAUSE: Duration = Duration::from_millis(20);
/// Maximum number of acknowledged logins whose finalize requests are sent again. The newest logins are chosen.
const REPEATED: usize = 200;

/// A finalize request.
#[derive(Debug, Clone)]
struct Attempt {
    /// Index of the node to which the request was sent.
    node: usize,
    ended: Instant,
    request_id: String,
    /// `None` if no complete response arrived.
    status: Option<u16>,
    body: Value,
}

impl Attempt {
    fn succeeded(&self) -> bool {
        self.status == Some(200)
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Journal {
    attempts: Vec<Attempt>,
    /// For each failed request, the node and the time.
    failures: Vec<(usize, Instant)>,
}

/// Clients that log in on two nodes until they are stopped.
pub(crate) struct Clients {
    tasks: JoinSet<()>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    journal: Mutex<Journal>,
}

impl Shared {
    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap()
    }

    async fn fail(&self, node: usize) {
        self.journal().failures.push((node, Instant::now()));
        tokio::time::sleep(PAUSE).await;
    }

    /// Logs in until the clients are stopped.
    async fn log_in(&self, node: usize, mut person: Person, tenant: TestTenant) {
        let request = json!({ "user_id": person.user_id });
        for number in 0.. {
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            let initialized = tenant.http.try_post("/mfa/login/initialize", &request).await;
            let Some(options) = initialized.filter(|response| response.status == 200) else {
                self.fail(node).await;
                continue;
            };
            let body = person.get(&options.json());
            let request_id = format!("{}.{number}", person.user_id);
            let client = tenant.http.clone().header("x-request-id", &request_id);
            let status = client.try_post("/mfa/login/finalize", &body).await.map(|response| response.status);
            let attempt = Attempt { node, ended: Instant::now(), request_id, status, body };
            let succeeded = attempt.succeeded();
            self.journal().attempts.push(attempt);
            if !succeeded {
                self.fail(node).await;
            }
        }
    }
}

impl Clients {
    /// Registers users, whose ids begin with `name`, and lets them log in.
    pub(crate) async fn start(name: &str, nodes: &[TestTenant; 2]) -> Self {
        let mut clients = Self { tasks: JoinSet::new(), shared: Arc::default() };
        for client in 0..nodes.len() * CLIENTS_PER_NODE {
            let node = client % nodes.len();
            let (mut person, tenant) = (Person::new(&format!("{name}-{client}")), nodes[node].clone());
            let _ = person.register_mfa(&tenant).await.expect(200);
            let shared = Arc::clone(&clients.shared);
            clients.tasks.spawn(async move { shared.log_in(node, person, tenant).await });
        }
        clients
    }

    /// Waits until every node has completed `number` more logins.
    pub(crate) async fn wait_for_logins(&self, number: usize, limit: Duration) {
        let logins = || [0, 1].map(|node| self.shared.journal().logins(node).count());
        let (before, start) = (logins(), Instant::now());
        while logins().iter().zip(before).any(|(now, before)| *now < before + number) {
            assert!(start.elapsed() < limit, "not enough logins within {limit:?}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    pub(crate) async fn stop(mut self) -> Journal {
        self.shared.stop.store(true, Ordering::SeqCst);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        self.shared.journal().clone()
    }
}

impl Journal {
    /// Returns the acknowledged logins on a node.
    fn logins(&self, node: usize) -> impl Iterator<Item = &Attempt> {
        self.attempts.iter().filter(move |attempt| attempt.node == node && attempt.succeeded())
    }

    /// Returns the times of the requests that failed on a node at or after `from`.
    fn failures(&self, node: usize, from: Instant) -> impl Iterator<Item = Instant> {
        self.failures.iter().filter(move |(number, at)| *number == node && *at >= from).map(|(_, at)| *at)
    }

    /// Returns the time from `from` until the first login after the last failed request; zero if no request failed.
    pub(crate) fn outage(&self, node: usize, from: Instant) -> Duration {
        let Some(last) = self.failures(node, from).max() else { return Duration::ZERO };
        self.logins(node).map(|login| login.ended).filter(|at| *at > last).min().unwrap() - from
    }

    /// Returns the time between the first and the last request that failed on a node at or after `from`.
    pub(crate) fn failing_time(&self, node: usize, from: Instant) -> Duration {
        let (first, last) = (self.failures(node, from).min(), self.failures(node, from).max());
        last.zip(first).map_or(Duration::ZERO, |(last, first)| last - first)
    }

    /// Compares the journal with the database: every acknowledged login is stored once, and no challenge yields a
    /// second token.
    pub(crate) async fn check(&self, database_url: &str, nodes: &[TestTenant; 2]) -> Summary {
        let query = "SELECT request_id AS value FROM audit_logs WHERE type = 'mfa_authentication_final_succeeded'";
        let entries = database::texts(database_url, query).await;
        let stored: BTreeSet<_> = entries.iter().collect();
        assert_eq!(stored.len(), entries.len(), "a login was stored twice");
        let (acknowledged, others): (Vec<_>, Vec<_>) = self.attempts.iter().partition(|attempt| attempt.succeeded());
        for login in &acknowledged {
            assert!(stored.contains(&login.request_id), "{} returned a token and was lost", login.request_id);
        }
        for login in acknowledged.iter().rev().take(REPEATED) {
            assert_eq!(tokens(nodes, &login.body).await, 0, "{}: a second token", login.request_id);
        }
        let mut unknown = 0;
        for attempt in &others {
            // A login may be stored although its request failed. In this case, its challenge must have been consumed.
            let limit = if stored.contains(&attempt.request_id) { 0 } else { 1 };
            unknown += 1 - limit;
            let tokens = tokens(nodes, &attempt.body).await;
            assert!(tokens <= limit, "{}: {tokens} tokens after {:?}", attempt.request_id, attempt.status);
        }
        Summary { acknowledged: acknowledged.len(), failed: others.len(), unknown }
    }
}

/// Numbers of finalize requests in a journal: acknowledged ones, failed ones, and failed ones whose login is stored
/// (`unknown`).
pub(crate) struct Summary {
    acknowledged: usize,
    failed: usize,
    unknown: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, failed, unknown } = self;
        write!(
            f,
            "{acknowledged} logins acknowledged, none lost; {failed} finalize requests failed, {unknown} of them stored"
        )
    }
}

/// Sends a finalize request twice to each node, and returns the number of tokens that the nodes returned.
async fn tokens(nodes: &[TestTenant; 2], body: &Value) -> usize {
    let mut tokens = 0;
    for node in nodes.iter().chain(nodes) {
        let response = node.http.post("/mfa/login/finalize", body).await;
        assert!([200, 401].contains(&response.status), "{}", response.text);
        tokens += usize::from(response.status == 200);
    }
    tokens
}
