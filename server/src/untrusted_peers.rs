//! Peers that send `X-Forwarded-For` without being trusted proxies. Usually such a peer is a proxy that is missing from
//! `proxy.trusted`. All clients of this proxy then share one rate limit.

use std::{
    collections::HashSet,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

const REPORT_EVERY: Duration = Duration::from_secs(60);
/// Maximum number of peers that are counted between two reports.
const MAX_PEERS: usize = 1_000;

/// The untrusted peers since the last report.
#[derive(Debug, Default)]
pub struct UntrustedPeers(Mutex<Recorded>);

#[derive(Debug, Default)]
struct Recorded {
    reported: Option<Instant>,
    peers: HashSet<IpAddr>,
}

impl UntrustedPeers {
    /// Records a peer. Returns `None` if the last report is less than a minute old. Otherwise, the caller must report
    /// this peer, and the return value is the number of other peers that were recorded since the last report.
    pub fn record(&self, peer: IpAddr, now: Instant) -> Option<usize> {
        let mut recorded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = recorded.reported.is_none_or(|at| now.saturating_duration_since(at) >= REPORT_EVERY);
        if is_due {
            recorded.reported = Some(now);
            let mut peers = std::mem::take(&mut recorded.peers);
            peers.remove(&peer);
            return Some(peers.len());
        }
        if recorded.peers.len() < MAX_PEERS {
            recorded.peers.insert(peer);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_reported_once_a_minute() {
        let peers = UntrustedPeers::default();
        let address = |number: u8| IpAddr::from([192, 0, 2, number]);
        let start = Instant::now();
        assert_eq!(peers.record(address(1), start), Some(0));
        for number in [1, 2, 2, 3] {
            assert_eq!(peers.record(address(number), start + Duration::from_secs(59)), None);
        }
        assert_eq!(peers.record(address(3), start + REPORT_EVERY), Some(2));
        assert_eq!(peers.record(address(4), start + REPORT_EVERY * 2), Some(0));
    }
}
