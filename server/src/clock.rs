//! Where time and randomness enter. Everything else takes them as values, so that tests can hold both still.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use doorward_shared::Timestamp;
use uuid::{Builder, Uuid};

/// Tells the time.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The operating system gave no randomness; nothing secret can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system's random generator failed")]
pub struct NoEntropy;

/// Gives unpredictable bytes.
pub trait Entropy: fmt::Debug + Send + Sync {
    /// Fills the buffer.
    ///
    /// # Errors
    /// [`NoEntropy`] when the generator failed; the buffer's content must not be used.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoEntropy>;
}

/// The operating system's generator, through aws-lc.
#[derive(Debug, Clone, Default)]
pub struct SystemEntropy(SystemRandom);

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoEntropy> {
        self.0.fill(buffer).map_err(|_| NoEntropy)
    }
}

/// Unpredictable bytes, as many as the type says.
///
/// # Errors
/// [`NoEntropy`] when the generator failed.
pub fn random<const N: usize>(entropy: &dyn Entropy) -> Result<[u8; N], NoEntropy> {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}

/// A version 7 UUID: ordered by time, so that new rows go to the end of an index.
///
/// # Errors
/// [`NoEntropy`] when the generator failed.
pub fn new_uuid(now: Timestamp, entropy: &dyn Entropy) -> Result<Uuid, NoEntropy> {
    let millis = u64::try_from(now.millis()).unwrap_or(0);
    Ok(Builder::from_unix_timestamp_millis(millis, &random::<10>(entropy)?).into_uuid())
}

/// A version 4 UUID: nothing but randomness, for ids that are shown as hints.
///
/// # Errors
/// [`NoEntropy`] when the generator failed.
pub fn random_uuid(entropy: &dyn Entropy) -> Result<Uuid, NoEntropy> {
    Ok(Builder::from_random_bytes(random::<16>(entropy)?).into_uuid())
}

/// Orders the ids of one process: each is greater than the one before, within a millisecond and when the clock goes back
/// (RFC 9562 §6.2, method 1: a counter after the time).
#[derive(Debug, Default)]
pub struct IdSequence(AtomicU64);

impl IdSequence {
    /// Gives an id its place: after all others, and not before its time. The random part stays. Answers the id, and the
    /// time of its place.
    #[must_use]
    pub fn stamp(&self, id: Uuid, at: Timestamp) -> (Uuid, Timestamp) {
        const COUNTER_BITS: u32 = 12;
        let earliest = u64::try_from(at.millis()).unwrap_or(0) << COUNTER_BITS;
        let next = |last: u64| (last + 1).max(earliest);
        let last = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last)));
        let place = next(last.unwrap_or_else(|last| last));
        let (millis, counter) = (place >> COUNTER_BITS, place & ((1 << COUNTER_BITS) - 1));
        let random = id.as_u128() & ((1 << 62) - 1);
        let id =
            Uuid::from_u128(u128::from(millis) << 80 | 0x7 << 76 | u128::from(counter) << 64 | 0b10 << 62 | random);
        (id, Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_within_a_millisecond_and_when_the_clock_goes_back() {
        let sequence = IdSequence::default();
        let later = Timestamp::from_millis(1_790_000_000_000);
        let earlier = Timestamp::from_millis(1_789_000_000_000);
        let times = std::iter::repeat_n(later, 5_000).chain([earlier, later]);
        let places: Vec<(Uuid, Timestamp)> =
            times.map(|at| sequence.stamp(new_uuid(at, &SystemEntropy::default()).unwrap(), at)).collect();
        assert!(places.is_sorted_by_key(|(_, at)| *at));
        let ids: Vec<Uuid> = places.into_iter().map(|(id, _)| id).collect();
        assert!(ids.is_sorted_by(|one, other| one < other));
        assert!(ids.iter().all(|id| id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122));
    }
}
