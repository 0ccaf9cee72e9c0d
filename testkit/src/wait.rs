//! Waits for a condition.

use std::time::{Duration, Instant};

/// Maximum time to wait. It is long, because tests run in parallel on machines with few cores.
const DEADLINE: Duration = Duration::from_secs(30);
const INTERVAL: Duration = Duration::from_millis(5);

/// Waits until a condition is true.
///
/// # Panics
/// Fails the test with `what` if the condition is still false after 30 seconds.
pub async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let _ = until_within(what, DEADLINE, async || condition().await.then_some(())).await;
}

/// Retries until the condition returns a value. Returns the value and the elapsed time.
///
/// # Panics
/// Fails the test with `what` if the condition has returned no value after `timeout`.
pub async fn until_within<T>(
    what: &str,
    timeout: Duration,
    mut condition: impl AsyncFnMut() -> Option<T>,
) -> (T, Duration) {
    let start = Instant::now();
    loop {
        if let Some(value) = condition().await {
            return (value, start.elapsed());
        }
        assert!(start.elapsed() < timeout, "not within {timeout:?}: {what}");
        tokio::time::sleep(INTERVAL).await;
    }
}
