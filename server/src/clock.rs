//! The sources of time and randomness. Other code receives these sources as arguments, so that tests can control time
//! and randomness.

use std::{
    fmt,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use doorward_shared::Timestamp;
use uuid::{Builder, Uuid};

pub trait Clock: fmt::Debug + Send + Sync {
    fn now(&self) -> Timestamp;
}

#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Error: the operating system returned no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system's random generator failed")]
pub struct NoEntropy;

pub trait Entropy: fmt::Debug + Send + Sync {
    /// Fills the buffer with random bytes.
    ///
    /// # Errors
    /// [`NoEntropy`] if the generator failed. After this error the content of the buffer must not be used.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoEntropy>;
}

/// The random generator of the operating system, called through aws-lc.
#[derive(Debug, Clone, Default)]
pub struct SystemEntropy(SystemRandom);

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoEntropy> {
        self.0.fill(buffer).map_err(|_| NoEntropy)
    }
}

pub fn random<const N: usize>(entropy: &dyn Entropy) -> Result<[u8; N], NoEntropy> {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}

/// Returns a UUID of version 7. Such UUIDs are ordered by time, so new rows are added at the end of an index.
pub fn new_uuid(now: Timestamp, entropy: &dyn Entropy) -> Result<Uuid, NoEntropy> {
    let millis = u64::try_from(now.millis()).unwrap_or(0);
    Ok(Builder::from_unix_timestamp_millis(millis, &random::<10>(entropy)?).into_uuid())
}

/// Returns a function that creates request ids.
pub fn request_ids(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Arc<dyn Fn() -> String + Send + Sync> {
    Arc::new(move || new_uuid(clock.now(), entropy.as_ref()).unwrap_or_default().to_string())
}

/// Returns a UUID of version 4, which does not contain the time of its creation.
pub fn random_uuid(entropy: &dyn Entropy) -> Result<Uuid, NoEntropy> {
    Ok(Builder::from_random_bytes(random::<16>(entropy)?).into_uuid())
}
