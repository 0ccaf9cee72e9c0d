//! A client that runs one ceremony after the other and measures each request.

use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::future::join_all;
use serde_json::Value;
use tokio::sync::Notify;

use super::{
    account::Account,
    http::{Connection, Head, Host},
    options::{Mode, Options},
    stats::Stats,
};

const PAUSE: Duration = Duration::from_millis(50);
/// Number of consecutive failures after which a client stops.
const MAX_FAILURES: u32 = 100;
/// Delay after which a scheduled ceremony counts as late.
const LATE: Duration = Duration::from_millis(10);

/// State shared by the clients of a phase.
pub(super) struct Phase {
    pub(super) options: Options,
    pub(super) hosts: Rc<[Host]>,
    pub(super) accounts: Rc<[Rc<Account>]>,
    /// Prefix of the transaction ids of this phase.
    pub(super) id: String,
    /// Start of the measurement, after the warm-up.
    pub(super) measured_from: Instant,
    /// End of the measurement; no ceremony starts later.
    pub(super) end: Instant,
    /// Number of measured ceremonies that may still start.
    pub(super) remaining: Cell<u64>,
    pub(super) running: Cell<usize>,
    /// Notified when the last client stops.
    pub(super) finished: Notify,
}

impl Phase {
    /// Returns whether another ceremony may start. After the warm-up, also counts this ceremony.
    fn try_start(&self) -> bool {
        let (now, remaining) = (Instant::now(), self.remaining.get());
        if now >= self.measured_from {
            self.remaining.set(remaining.saturating_sub(1));
        }
        remaining > 0 && now < self.end
    }

    /// Returns whether the phase has not ended and at least one client is running.
    pub(super) fn is_running(&self) -> bool {
        self.running.get() > 0 && Instant::now() < self.end
    }

    fn client_stopped(&self) {
        self.running.set(self.running.get().saturating_sub(1));
        if self.running.get() == 0 {
            self.finished.notify_one();
        }
    }

    /// Returns whether a result at this time is part of the measurement.
    fn is_measured(&self, now: Instant) -> bool {
        now >= self.measured_from && now <= self.end
    }
}

/// Returns a string member of a JSON body, or an empty string.
fn member(body: &[u8], name: &str) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn has_token(body: &[u8]) -> bool {
    !member(body, "token").is_empty()
}

pub(super) struct Client {
    phase: Rc<Phase>,
    number: usize,
    connections: Vec<Connection>,
    /// In replay mode, one connection for each concurrent finalize request.
    replay_connections: Vec<Connection>,
    stats: Stats,
}

/// A failed ceremony; the cause is in the statistics.
struct Failed;

impl Client {
    pub(super) fn new(phase: Rc<Phase>, number: usize) -> Self {
        let hosts = Rc::clone(&phase.hosts);
        let replay_connections =
            if phase.options.mode == Mode::Replay { usize::from(phase.options.replays) } else { 0 };
        Self {
            phase,
            number,
            connections: hosts.iter().map(|host| Connection::to(host.address)).collect(),
            replay_connections: hosts
                .iter()
                .cycle()
                .take(replay_connections)
                .map(|host| Connection::to(host.address))
                .collect(),
            stats: Stats::default(),
        }
    }

    pub(super) async fn run(mut self) -> Stats {
        let clients = usize::from(self.phase.options.clients);
        let accounts = Rc::clone(&self.phase.accounts);
        let mut failures = 0;
        for round in 0_usize.. {
            if !self.pace(round).await || failures >= MAX_FAILURES {
                break;
            }
            // Clients use different users if there are enough users.
            let Some(account) = accounts.get((self.number + round * clients) % accounts.len().max(1)) else { break };
            let done = match self.phase.options.mode {
                Mode::Replay => self.replay(account, round).await,
                _ => self.ceremony(account, round).await,
            };
            match done {
                Ok(()) => failures = 0,
                Err(Failed) => {
                    failures += 1;
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        self.phase.client_stopped();
        self.stats
    }

    /// Waits until the next ceremony is due. Returns `false` when the phase is over.
    async fn pace(&mut self, round: usize) -> bool {
        if let Some(rate) = self.phase.options.rate {
            let clients = usize::from(self.phase.options.clients);
            let place = u32::try_from(round * clients + self.number).unwrap_or(u32::MAX);
            let started = self.phase.measured_from.checked_sub(self.phase.options.warm_up);
            let due = started.unwrap_or(self.phase.measured_from) + Duration::from_secs(1) * place / rate;
            if due >= self.phase.end {
                return false;
            }
            tokio::time::sleep_until(due.into()).await;
            let now = Instant::now();
            if now > due + LATE && self.phase.is_measured(now) {
                self.stats.late += 1;
            }
        }
        self.phase.try_start()
    }

    async fn ceremony(&mut self, account: &Account, round: usize) -> Result<(), Failed> {
        let started = Instant::now();
        let body = self.initialize(account, round).await?;
        let [_, endpoint] = self.phase.options.mode.paths();
        self.request(endpoint, &account.heads.finalize, round + 1, body, |stats, response| {
            has_token(response).then_some(()).ok_or_else(|| stats.fail(endpoint, 200, "no token".to_owned()))
        })
        .await?;
        self.record_ceremony(started);
        Ok(())
    }

    fn record_ceremony(&mut self, started: Instant) {
        let now = Instant::now();
        if self.phase.is_measured(now) {
            self.stats.ceremonies += 1;
            self.stats.whole.record(now - started);
        }
    }

    /// Requests a challenge and returns the body of the finalize request.
    async fn initialize(&mut self, account: &Account, round: usize) -> Result<Bytes, Failed> {
        let [endpoint, _] = self.phase.options.mode.paths();
        let mut request = account.initialize.clone();
        if self.phase.options.mode == Mode::Transaction {
            let id = format!("\"{}-{}-{round}\"}}", self.phase.id, self.number);
            request.extend_from_slice(id.as_bytes());
        }
        self.request(endpoint, &account.heads.initialize, round, request.into(), |stats, response| {
            let options = serde_json::from_slice(response).map_err(|error| error.to_string());
            let body = options.and_then(|options| account.assertion(&options).map_err(|error| error.to_string()));
            body.map(Bytes::from).map_err(|error| stats.fail(endpoint, 200, error))
        })
        .await
    }

    /// Sends a request. With the option `keep_node`, it goes to the node of this client, otherwise to the node that
    /// `turn` selects. Any status except 200 is a failure.
    async fn request<T>(
        &mut self,
        endpoint: &'static str,
        heads: &[Head],
        turn: usize,
        body: Bytes,
        read: impl FnOnce(&mut Stats, &[u8]) -> Result<T, ()>,
    ) -> Result<T, Failed> {
        let turn = if self.phase.options.keep_node { self.number } else { turn };
        let node = turn % self.connections.len().max(1);
        let (Some(connection), Some(head)) = (self.connections.get_mut(node), heads.get(node)) else {
            return Err(Failed);
        };
        let started = Instant::now();
        let response = match connection.send(head, body).await {
            Ok(response) => response,
            Err(error) => {
                self.stats.fail(endpoint, 0, error.to_string());
                return Err(Failed);
            }
        };
        let now = Instant::now();
        if self.phase.is_measured(now) {
            self.stats.endpoints.entry(endpoint).or_default().record(now - started);
        }
        if response.status != 200 {
            self.stats.fail(endpoint, response.status, member(&response.body, "code"));
            return Err(Failed);
        }
        read(&mut self.stats, &response.body).map_err(|()| Failed)
    }

    /// Sends concurrent finalize requests for one challenge.
    async fn replay(&mut self, account: &Account, round: usize) -> Result<(), Failed> {
        let started = Instant::now();
        let body = self.initialize(account, round).await?;
        let [_, endpoint] = self.phase.options.mode.paths();
        let nodes = self.phase.hosts.len();
        let finalize = &account.heads.finalize;
        let sent = self.replay_connections.iter_mut().enumerate().filter_map(|(place, connection)| {
            let head = finalize.get(place % nodes)?;
            let body = &body;
            Some(async move {
                let started = Instant::now();
                let response = connection.send(head, body.clone()).await.map_err(|error| error.to_string())?;
                let token = response.status == 200 && has_token(&response.body);
                Ok::<_, String>((response.status, token, member(&response.body, "code"), started.elapsed()))
            })
        });
        let responses = join_all(sent).await;
        let now = Instant::now();
        let (mut tokens, mut failed) = (0, false);
        for response in responses {
            match response {
                Ok((status, token, code, took)) => {
                    if self.phase.is_measured(now) {
                        self.stats.endpoints.entry(endpoint).or_default().record(took);
                    }
                    tokens += u64::from(token);
                    // A 4xx response is expected because the challenge was used, but 429 is a rate limit.
                    let rejected = (400..500).contains(&status) && status != 429;
                    self.stats.rejected_replays += u64::from(rejected);
                    if !token && !rejected {
                        self.stats.fail(endpoint, status, code);
                        failed = true;
                    }
                }
                Err(reason) => {
                    self.stats.fail(endpoint, 0, reason);
                    failed = true;
                }
            }
        }
        self.stats.second_tokens += tokens.saturating_sub(1_u64);
        if tokens == 0 {
            self.stats.without_token += 1;
            failed = true;
        }
        if failed {
            return Err(Failed);
        }
        self.record_ceremony(started);
        Ok(())
    }
}
