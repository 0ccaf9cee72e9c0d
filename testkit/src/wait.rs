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
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}");
        tokio::time::sleep(INTERVAL).await;
    }
}
