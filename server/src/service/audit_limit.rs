//! Limit on the number of audit entries for refused requests that contained a valid admin token.

use std::sync::{Mutex, PoisonError};

use doorward_shared::Timestamp;

/// Maximum number of entries for refused requests that one process writes per minute.
const ENTRIES_PER_MINUTE: u32 = 60;

/// Limits the entries for refused requests, because a script with an admin token could otherwise fill the log.
#[derive(Debug, Default)]
pub struct AuditLimit(Mutex<Minute>);

/// The current minute, and counts of refused requests.
#[derive(Debug, Default)]
struct Minute {
    /// The minute as the number of minutes since the Unix epoch.
    number: i64,
    /// Number of entries that were written in this minute.
    written: u32,
    /// Number of refusals without an entry since the last entry was written.
    left_out: u64,
}

impl AuditLimit {
    /// Returns `None` if this refusal gets no entry, otherwise the number of refusals without an entry since the last
    /// entry was written.
    pub fn admit(&self, now: Timestamp) -> Option<u64> {
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = now.seconds().div_euclid(60);
        if minute.number != number {
            (minute.number, minute.written) = (number, 0);
        }
        if minute.written >= ENTRIES_PER_MINUTE {
            minute.left_out += 1;
            return None;
        }
        minute.written += 1;
        Some(std::mem::take(&mut minute.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_per_minute_are_limited_and_the_rest_is_counted() {
        let (limit, at) = (AuditLimit::default(), Timestamp::from_millis(60_000));
        for _ in 0..ENTRIES_PER_MINUTE {
            assert_eq!(limit.admit(at), Some(0));
        }
        assert_eq!([limit.admit(at), limit.admit(at.plus_millis(59_999))], [None, None]);
        assert_eq!(limit.admit(at.plus_millis(60_000)), Some(2));
        assert_eq!(limit.admit(at.plus_millis(60_000)), Some(0));
    }
}
