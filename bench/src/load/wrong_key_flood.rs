//! Clients that continuously send wrong API keys.

use std::{collections::BTreeMap, rc::Rc, time::Instant};

use doorward_authenticator::base64url;
use doorward_server::clock::{SystemEntropy, random};
use serde::Serialize;

use super::{
    account::Heads,
    ceremony::Phase,
    http::{Connection, Head},
    stats::Latencies,
};

#[derive(Debug, Default)]
pub(super) struct FloodStats {
    pub(super) responses: BTreeMap<u16, u64>,
    pub(super) latencies: Latencies,
    /// Number of wrong keys that were accepted.
    pub(super) accepted: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct StatusCount {
    /// HTTP status: 0 if there was no response.
    pub(super) status: u16,
    pub(super) count: u64,
}

impl FloodStats {
    pub(super) fn merge(&mut self, other: Self) {
        for (status, count) in other.responses {
            *self.responses.entry(status).or_default() += count;
        }
        self.latencies.merge(other.latencies);
        self.accepted += other.accepted;
    }
}

/// Returns the key with another random secret. The key id exists, so the server must verify the secret.
fn wrong_key(api_key: &str) -> String {
    let bytes = random::<24>(&SystemEntropy::default()).unwrap_or([0; 24]);
    // The last 32 characters are the secret.
    let id_length = api_key.len().saturating_sub(32);
    format!("{}{}", api_key.get(..id_length).unwrap_or_default(), base64url(&bytes))
}

/// Sends wrong keys until the phase ends.
pub(super) async fn send(phase: Rc<Phase>, heads: Rc<Heads>, number: usize) -> FloodStats {
    let mut stats = FloodStats::default();
    let Some(host) = phase.hosts.get(number % phase.hosts.len().max(1)) else { return stats };
    let mut connection = Connection::to(host.address);
    while phase.is_running() {
        let head = Head::post(host, &heads.guarded_path, Some(&wrong_key(&heads.api_key)));
        let started = Instant::now();
        let status = connection.send(&head, r#"{"user_id":"nobody"}"#).await.map_or(0, |response| response.status);
        *stats.responses.entry(status).or_default() += 1;
        stats.latencies.record(started.elapsed());
        // Any other status shows that the server has accepted the key.
        stats.accepted += u64::from(!matches!(status, 0 | 401 | 403 | 429 | 503));
        if status == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
    stats
}

#[cfg(test)]
mod tests {
    use super::wrong_key;

    #[test]
    fn wrong_key_keeps_the_id_and_changes_the_secret() {
        let right = format!("dw_{}_{}", "a".repeat(32), "s".repeat(32));
        let (one, other) = (wrong_key(&right), wrong_key(&right));
        assert_eq!((one.len(), &one[..36]), (right.len(), &right[..36]));
        assert!(one != right && one != other);
    }
}
