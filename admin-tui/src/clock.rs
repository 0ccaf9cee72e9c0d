//! The only place that reads the system clock.

use doorward_shared::Timestamp;

#[expect(clippy::disallowed_methods, reason = "time enters here")]
pub fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
