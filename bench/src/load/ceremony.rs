//! One client: ceremony after ceremony, each measured.

use std::{
    borrow::Cow,
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde::Deserialize;
use tokio::sync::Notify;

use super::{
    account::Account,
    http::{Connection, Head, Host},
    options::{Mode, Options},
    stats::Stats,
};

/// A client whose server does not answer waits so long before it tries again,
const PAUSE: Duration = Duration::from_millis(50);
/// and gives up after so many failures on end.
const PATIENCE: u32 = 100;
/// A ceremony that begins this much after it was due is late.
const LATE: Duration = Duration::from_millis(10);

/// What the clients of a phase share.
pub(super) struct Phase {
    pub(super) options: Options,
    pub(super) hosts: Rc<[Host]>,
    pub(super) accounts: Rc<[Rc<Account>]>,
    /// Tells apart the transactions of this phase.
    pub(super) run: String,
    /// From here on it counts.
    pub(super) measured_from: Instant,
    /// No ceremony begins after this.
    pub(super) until: Instant,
    /// How many more ceremonies may begin and count.
    pub(super) left: Cell<u64>,
    /// Clients that have not ended yet.
    pub(super) running: Cell<usize>,
    /// Told when the last one has.
    pub(super) ended: Notify,
}

impl Phase {
    fn begins(&self) -> bool {
        let (now, left) = (Instant::now(), self.left.get());
        if now >= self.measured_from {
            self.left.set(left.saturating_sub(1));
        }
        left > 0 && now < self.until
    }

    /// Whether there is anybody left to be pressed.
    pub(super) fn goes_on(&self) -> bool {
        self.running.get() > 0 && Instant::now() < self.until
    }

    fn client_ended(&self) {
        self.running.set(self.running.get().saturating_sub(1));
        if self.running.get() == 0 {
            self.ended.notify_one();
        }
    }

    /// Whether something that ended now counts.
    fn counts(&self, now: Instant) -> bool {
        now >= self.measured_from && now <= self.until
    }
}

#[derive(Deserialize)]
struct Started<'a> {
    #[serde(rename = "publicKey", borrow)]
    public_key: PublicKey<'a>,
}

#[derive(Deserialize)]
struct PublicKey<'a> {
    #[serde(borrow)]
    challenge: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Token<'a> {
    #[serde(borrow)]
    token: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Refused<'a> {
    #[serde(borrow)]
    code: Cow<'a, str>,
}

/// The machine-readable reason of a refusal; other servers may have none.
pub(super) fn code(body: &[u8]) -> String {
    serde_json::from_slice::<Refused<'_>>(body).map(|refused| refused.code.into_owned()).unwrap_or_default()
}

fn has_token(body: &[u8]) -> bool {
    serde_json::from_slice::<Token<'_>>(body).is_ok_and(|answer| !answer.token.is_empty())
}

/// A client of a phase.
pub(super) struct Client {
    phase: Rc<Phase>,
    number: usize,
    connections: Vec<Connection>,
    /// In replay mode, a connection for each finalize.
    racing: Vec<Connection>,
    stats: Stats,
}

/// A ceremony did not end; what went wrong is written down.
struct Failed;

impl Client {
    pub(super) fn new(phase: Rc<Phase>, number: usize) -> Self {
        let hosts = Rc::clone(&phase.hosts);
        let racing = if phase.options.mode == Mode::Replay { usize::from(phase.options.replays) } else { 0 };
        Self {
            phase,
            number,
            connections: hosts.iter().map(|host| Connection::to(host.address)).collect(),
            racing: hosts.iter().cycle().take(racing).map(|host| Connection::to(host.address)).collect(),
            stats: Stats::default(),
        }
    }

    /// Runs until the phase is over.
    pub(super) async fn run(mut self) -> Stats {
        let clients = usize::from(self.phase.options.clients);
        let accounts = Rc::clone(&self.phase.accounts);
        let mut failures = 0;
        for round in 0_usize.. {
            if !self.pace(round).await || failures >= PATIENCE {
                break;
            }
            // Each client has users of its own, as far as there are enough.
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
        self.phase.client_ended();
        self.stats
    }

    /// Waits until the next ceremony is due; `false` when none is any more.
    async fn pace(&mut self, round: usize) -> bool {
        if let Some(rate) = self.phase.options.rate {
            let clients = usize::from(self.phase.options.clients);
            let place = u32::try_from(round * clients + self.number).unwrap_or(u32::MAX);
            let began = self.phase.measured_from.checked_sub(self.phase.options.warm_up);
            let due = began.unwrap_or(self.phase.measured_from) + Duration::from_secs(1) * place / rate;
            if due >= self.phase.until {
                return false;
            }
            tokio::time::sleep_until(due.into()).await;
            let now = Instant::now();
            if now > due + LATE && self.phase.counts(now) {
                self.stats.late += 1;
            }
        }
        self.phase.begins()
    }

    async fn ceremony(&mut self, account: &Account, round: usize) -> Result<(), Failed> {
        let began = Instant::now();
        let body = self.start(account, round).await?;
        let [_, endpoint] = self.phase.options.mode.paths();
        self.request(endpoint, &account.heads.finalize, round + 1, &body, |stats, answer| {
            has_token(answer).then_some(()).ok_or_else(|| stats.fail(endpoint, 200, "no token".to_owned()))
        })
        .await?;
        self.ended(began);
        Ok(())
    }

    fn ended(&mut self, began: Instant) {
        let now = Instant::now();
        if self.phase.counts(now) {
            self.stats.ceremonies += 1;
            self.stats.whole.record(now - began);
        }
    }

    /// The first half: a challenge, and what is to be sent back.
    async fn start(&mut self, account: &Account, round: usize) -> Result<Vec<u8>, Failed> {
        let [endpoint, _] = self.phase.options.mode.paths();
        let mut request = Cow::Borrowed(account.initialize.as_slice());
        if self.phase.options.mode == Mode::Transaction {
            let id = format!("\"{}-{}-{round}\"}}", self.phase.run, self.number);
            request.to_mut().extend_from_slice(id.as_bytes());
        }
        self.request(endpoint, &account.heads.initialize, round, &request, |stats, answer| {
            let started: Started<'_> =
                serde_json::from_slice(answer).map_err(|_| stats.fail(endpoint, 200, "no challenge".to_owned()))?;
            let signed = account.signer.answer(&started.public_key.challenge);
            signed.map_err(|error| stats.fail(endpoint, 0, error.to_string()))
        })
        .await
    }

    /// Sends a request to the node whose turn it is; what is not answered 200 is a failure.
    async fn request<T>(
        &mut self,
        endpoint: &'static str,
        heads: &[Head],
        turn: usize,
        body: &[u8],
        read: impl FnOnce(&mut Stats, &[u8]) -> Result<T, ()>,
    ) -> Result<T, Failed> {
        let node = turn % self.connections.len().max(1);
        let (Some(connection), Some(head)) = (self.connections.get_mut(node), heads.get(node)) else {
            return Err(Failed);
        };
        let began = Instant::now();
        let answer = match connection.send(head, body).await {
            Ok(answer) => answer,
            Err(error) => {
                self.stats.fail(endpoint, 0, error.kind().to_string());
                return Err(Failed);
            }
        };
        let now = Instant::now();
        if self.phase.counts(now) {
            self.stats.endpoints.entry(endpoint).or_default().record(now - began);
        }
        if answer.status != 200 {
            self.stats.fail(endpoint, answer.status, code(answer.body));
            return Err(Failed);
        }
        read(&mut self.stats, answer.body).map_err(|()| Failed)
    }

    /// One challenge, finalized on all racing connections at once.
    async fn replay(&mut self, account: &Account, round: usize) -> Result<(), Failed> {
        let began = Instant::now();
        let body = self.start(account, round).await?;
        let [_, endpoint] = self.phase.options.mode.paths();
        let nodes = self.phase.hosts.len();
        let finalize = &account.heads.finalize;
        let sent = self.racing.iter_mut().enumerate().filter_map(|(place, connection)| {
            let head = finalize.get(place % nodes)?;
            let body = &body;
            Some(async move {
                let began = Instant::now();
                let answer = connection.send(head, body).await.map_err(|error| error.kind().to_string())?;
                let token = answer.status == 200 && has_token(answer.body);
                Ok::<_, String>((answer.status, token, code(answer.body), began.elapsed()))
            })
        });
        let answers = join_all(sent).await;
        let now = Instant::now();
        let (mut tokens, mut failed) = (0, false);
        for answer in answers {
            match answer {
                Ok((status, token, code, took)) => {
                    if self.phase.counts(now) {
                        self.stats.endpoints.entry(endpoint).or_default().record(took);
                    }
                    tokens += u64::from(token);
                    // Refused as it should be: the challenge is used. Too many requests is another refusal.
                    let refused = (400..500).contains(&status) && status != 429;
                    self.stats.refused_replays += u64::from(refused);
                    if !token && !refused {
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
        self.ended(began);
        Ok(())
    }
}
