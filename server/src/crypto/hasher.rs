//! Argon2id (RFC 9106) on threads of its own, behind a bounded queue: hashing neither blocks the threads that serve
//! requests, nor can a flood of wrong keys take more of the machine than these threads.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use tokio::sync::oneshot;

use super::secret::PlainSecret;
use crate::{
    clock::{Entropy, NoEntropy, random},
    domain::SecretHash,
};

/// Bytes of salt, as RFC 9106 §3.1 recommends.
const SALT_BYTES: usize = 16;
/// What a stored hash may ask for at most, so that a damaged or planted row cannot take the machine's memory.
const MOST: HashCost = HashCost { memory_kib: 1 << 18, passes: 16, lanes: 4 };

/// How nice hashing threads are: beside a thread in a hurry they get a tenth of a processor.
#[cfg(target_os = "linux")]
const BACK: i32 = 10;

/// What one hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Degree of parallelism.
    pub lanes: u32,
}

impl Default for HashCost {
    /// 19 MiB, two passes, one lane: OWASP's minimum for passwords, and generous for secrets of 192 random bits.
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 }
    }
}

impl HashCost {
    /// The least Argon2 takes: for tests only, where a hash guards nothing.
    pub const CHEAPEST: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };

    fn params(self) -> Result<Params, HashError> {
        Params::new(self.memory_kib, self.passes, self.lanes, None).map_err(|_| HashError::Cost)
    }
}

/// Why a secret was neither hashed nor verified. None of these says that a secret is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// The queue is full: ask again later.
    #[error("too many keys are being verified")]
    Overloaded,
    /// The stored hash cannot be read, or asks for more than any hash made here.
    #[error("the stored hash is damaged")]
    Corrupt,
    /// Argon2 refuses the configured cost.
    #[error("Argon2 does not take this cost")]
    Cost,
    /// No salt could be made.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
    /// A hashing thread could not be started, or ended before it answered.
    #[error("no thread hashes")]
    Stopped,
}

enum Job {
    Hash { secret: PlainSecret, salt: [u8; SALT_BYTES], answer: oneshot::Sender<Result<SecretHash, HashError>> },
    Verify { secret: PlainSecret, hash: SecretHash, answer: oneshot::Sender<Result<bool, HashError>> },
}

impl Job {
    fn run(self, bench: &mut Bench) {
        match self {
            // Nobody waits for the answer any more: the client went away.
            Self::Hash { answer, .. } if answer.is_closed() => {}
            Self::Verify { answer, .. } if answer.is_closed() => {}
            Self::Hash { secret, salt, answer } => {
                let _ = answer.send(bench.hash(&secret, &salt));
            }
            Self::Verify { secret, hash, answer } => {
                let _ = answer.send(bench.verify(&secret, &hash));
            }
        }
    }
}

/// How much hashing there was since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HashCounts {
    /// Hashes that were queued to be computed.
    pub computed: u64,
    /// Hashes that were refused because the queue was full.
    pub refused: u64,
}

#[derive(Default)]
struct Counters {
    computed: AtomicU64,
    refused: AtomicU64,
}

/// Hashes and verifies. Clones share the threads and the queue; the threads end when the last clone is dropped.
#[derive(Clone)]
pub struct Hasher {
    jobs: SyncSender<Job>,
    entropy: Arc<dyn Entropy>,
    counters: Arc<Counters>,
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").finish_non_exhaustive()
    }
}

impl Hasher {
    /// Starts `threads` threads (at least one) that share a queue of `queue` waiting jobs (at least one).
    ///
    /// # Errors
    /// [`HashError::Cost`] when Argon2 does not take the cost, [`HashError::Stopped`] when a thread cannot be started.
    pub fn start(threads: usize, queue: usize, cost: HashCost, entropy: Arc<dyn Entropy>) -> Result<Self, HashError> {
        let params = cost.params()?;
        let (jobs, waiting) = sync_channel(queue.max(1));
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..threads.max(1) {
            let (waiting, mut bench) = (Arc::clone(&waiting), Bench::new(params.clone()));
            thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || {
                    step_back();
                    work(&waiting, &mut bench);
                })
                .map_err(|_| HashError::Stopped)?;
        }
        Ok(Self { jobs, entropy, counters: Arc::default() })
    }

    /// How much hashing there was.
    #[must_use]
    pub fn counts(&self) -> HashCounts {
        HashCounts {
            computed: self.counters.computed.load(Ordering::Relaxed),
            refused: self.counters.refused.load(Ordering::Relaxed),
        }
    }

    /// Hashes a secret with a new salt.
    ///
    /// # Errors
    /// [`HashError::Overloaded`] at once when the queue is full; [`HashError::NoEntropy`], [`HashError::Stopped`].
    pub async fn hash(&self, secret: PlainSecret) -> Result<SecretHash, HashError> {
        let salt = random::<SALT_BYTES>(&*self.entropy)?;
        let (answer, answered) = oneshot::channel();
        self.enqueue(Job::Hash { secret, salt, answer })?;
        answered.await.map_err(|_| HashError::Stopped)?
    }

    /// Whether the secret is the one the hash was made of.
    ///
    /// # Errors
    /// [`HashError::Overloaded`] at once when the queue is full; [`HashError::Corrupt`] when the hash cannot be read;
    /// [`HashError::Stopped`].
    pub async fn verify(&self, secret: PlainSecret, hash: SecretHash) -> Result<bool, HashError> {
        let (answer, answered) = oneshot::channel();
        self.enqueue(Job::Verify { secret, hash, answer })?;
        answered.await.map_err(|_| HashError::Stopped)?
    }

    fn enqueue(&self, job: Job) -> Result<(), HashError> {
        match self.jobs.try_send(job) {
            Ok(()) => {
                self.counters.computed.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Err(TrySendError::Full(_)) => {
                self.counters.refused.fetch_add(1, Ordering::Relaxed);
                Err(HashError::Overloaded)
            }
            Err(TrySendError::Disconnected(_)) => Err(HashError::Stopped),
        }
    }
}

/// Lets the threads that serve requests go first: whoever waits for a hash has waited long anyway, and those who only try
/// keys are in no hurry. With the processors to itself, hashing is as fast as ever.
fn step_back() {
    // On Linux this concerns the calling thread alone; elsewhere it would be the whole process. Where it is not allowed,
    // everything works without it.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, BACK);
}

fn work(waiting: &Mutex<Receiver<Job>>, bench: &mut Bench) {
    loop {
        // The lock is held while waiting, and let go before the work: whoever holds it takes the next job.
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(job) => job.run(bench),
            Err(_) => return,
        }
    }
}

/// What a thread hashes with. It keeps its memory: were 19 MiB taken and given back for each hash, allocators would keep several
/// times as much, torn by what other threads took in between.
struct Bench {
    params: Params,
    memory: Vec<Block>,
}

impl Bench {
    const fn new(params: Params) -> Self {
        Self { params, memory: Vec::new() }
    }

    /// Argon2id with these parameters.
    fn derive(&mut self, params: &Params, secret: &PlainSecret, salt: &[u8], out: &mut [u8]) -> argon2::Result<()> {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let secret = secret.expose().as_bytes();
        if params.block_count() > self.params.block_count() {
            // Made when hashes cost more.
            return argon2.hash_password_into(secret, salt, out);
        }
        self.memory.resize(self.params.block_count(), Block::new());
        argon2.hash_password_into_with_memory(secret, salt, out, &mut self.memory)
    }

    fn hash(&mut self, secret: &PlainSecret, salt: &[u8]) -> Result<SecretHash, HashError> {
        let params = self.params.clone();
        let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
        self.derive(&params, secret, salt, &mut out).map_err(|_| HashError::Cost)?;
        let phc = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).map_err(|_| HashError::Cost)?,
            salt: Some(Salt::new(salt).map_err(|_| HashError::Cost)?),
            hash: Some(Output::new(&out).map_err(|_| HashError::Cost)?),
        };
        Ok(SecretHash::new(phc.to_string()))
    }

    fn verify(&mut self, secret: &PlainSecret, hash: &SecretHash) -> Result<bool, HashError> {
        let phc = PasswordHash::new(hash.expose()).map_err(|_| HashError::Corrupt)?;
        let asked = Params::try_from(&phc).map_err(|_| HashError::Corrupt)?;
        let affordable =
            asked.m_cost() <= MOST.memory_kib && asked.t_cost() <= MOST.passes && asked.p_cost() <= MOST.lanes;
        // A hash without salt or output would verify as "wrong secret"; it is a damaged row, and says so.
        let made_here = phc.algorithm == Algorithm::Argon2id.ident() && phc.version == Some(Version::V0x13.into());
        let (Some(salt), Some(stored), true) = (phc.salt, phc.hash, affordable && made_here) else {
            return Err(HashError::Corrupt);
        };
        let mut out = vec![0; stored.len()];
        self.derive(&asked, secret, &salt, &mut out).map_err(|_| HashError::Corrupt)?;
        Ok(verify_slices_are_equal(&out, stored.as_bytes()).is_ok())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::clock::SystemEntropy;

    /// A hasher of cheap hashes that counts its jobs.
    pub(crate) fn counted() -> (Hasher, Arc<AtomicUsize>) {
        let (jobs, waiting) = sync_channel::<Job>(64);
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        thread::spawn(move || {
            let mut bench = Bench::new(HashCost::CHEAPEST.params().unwrap());
            for job in waiting {
                counter.fetch_add(1, Ordering::SeqCst);
                job.run(&mut bench);
            }
        });
        (Hasher { jobs, entropy: Arc::new(SystemEntropy::default()), counters: Arc::default() }, count)
    }

    fn cheap() -> Hasher {
        Hasher::start(1, 8, HashCost::CHEAPEST, Arc::new(SystemEntropy::default())).unwrap()
    }

    fn secret(text: &str) -> PlainSecret {
        PlainSecret::new(text.to_owned())
    }

    #[tokio::test]
    async fn the_right_secret_verifies_and_no_other() {
        let hasher = cheap();
        let hash = hasher.hash(secret("right")).await.unwrap();
        assert_eq!(hasher.verify(secret("right"), hash.clone()).await, Ok(true));
        assert_eq!(hasher.verify(secret("wrong"), hash.clone()).await, Ok(false));
        assert_ne!(hasher.hash(secret("right")).await.unwrap(), hash, "every hash has its own salt");
    }

    #[tokio::test]
    async fn hashes_are_argon2id_of_the_configured_cost() {
        let hasher = Hasher::start(1, 1, HashCost::default(), Arc::new(SystemEntropy::default())).unwrap();
        let hash = hasher.hash(secret("right")).await.unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.expose());
        // A hash is verified at its own cost, so that hashes made before a change of cost stay good.
        assert_eq!(cheap().verify(secret("right"), hash).await, Ok(true));
        // Nor do cheaper ones mind what else the memory was used for.
        let cheaper = cheap().hash(secret("cheap")).await.unwrap();
        assert_eq!(hasher.verify(secret("cheap"), cheaper.clone()).await, Ok(true));
        assert_eq!(hasher.verify(secret("right"), cheaper).await, Ok(false));
    }

    /// From the tests of Argon2's reference implementation.
    #[tokio::test]
    async fn a_hash_of_the_reference_implementation_verifies() {
        let hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        let hash = || SecretHash::new(hash.to_owned());
        assert_eq!(cheap().verify(secret("password"), hash()).await, Ok(true));
        assert_eq!(cheap().verify(secret("Password"), hash()).await, Ok(false));
    }

    #[tokio::test]
    async fn a_damaged_hash_is_no_wrong_secret() {
        let hasher = cheap();
        let good = hasher.hash(secret("right")).await.unwrap();
        for damaged in [
            "",
            "$",
            "plain text",
            "$argon2id$v=19$m=8,t=1,p=1",
            "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0",
            "$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHRzYWx0$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=1,r=8,p=1$c2FsdHNhbHRzYWx0$AAAAAAAAAAAAAAAAAAAAAA",
            &good.expose().replace("m=8", "m=eight"),
            &good.expose().replace("argon2id", "argon2d"),
        ] {
            let answer = hasher.verify(secret("right"), SecretHash::new(damaged.to_owned())).await;
            assert_eq!(answer, Err(HashError::Corrupt), "{damaged}");
        }
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_recovers() {
        let (jobs, waiting) = sync_channel(1);
        let hasher = Hasher { jobs, entropy: Arc::new(SystemEntropy::default()), counters: Arc::default() };
        let first = tokio::spawn({
            let hasher = hasher.clone();
            async move { hasher.hash(secret("first")).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(hasher.hash(secret("second")).await, Err(HashError::Overloaded));
        waiting.recv().unwrap().run(&mut Bench::new(HashCost::CHEAPEST.params().unwrap()));
        assert!(first.await.unwrap().is_ok());

        drop(waiting);
        assert_eq!(hasher.hash(secret("third")).await, Err(HashError::Stopped));
        assert_eq!(hasher.counts(), HashCounts { computed: 1, refused: 1 });
    }

    #[test]
    fn a_cost_argon2_refuses_is_refused_at_start() {
        let cost = HashCost { memory_kib: 1, passes: 0, lanes: 0 };
        let started = Hasher::start(1, 1, cost, Arc::new(SystemEntropy::default()));
        assert!(matches!(started, Err(HashError::Cost)));
    }
}
