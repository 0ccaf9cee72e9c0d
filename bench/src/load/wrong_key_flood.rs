//! Clients that send wrong API keys, one after the other without a pause.

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

/// What the senders of wrong keys were answered.
#[derive(Debug, Default)]
pub(super) struct Pressure {
    pub(super) answers: BTreeMap<u16, u64>,
    pub(super) latencies: Latencies,
    /// A wrong key that opened something.
    pub(super) accepted: u64,
}

/// An answer's status, and how often it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Answered {
    /// The HTTP status; 0 when there was no answer.
    pub(super) status: u16,
    /// How often.
    pub(super) count: u64,
}

impl Pressure {
    pub(super) fn merge(&mut self, other: Self) {
        for (status, count) in other.answers {
            *self.answers.entry(status).or_default() += count;
        }
        self.latencies.merge(other.latencies);
        self.accepted += other.accepted;
    }
}

/// A key that costs the server the most: of a key it knows, with another secret each time.
fn wrong(api_key: &str) -> String {
    let bytes = random::<24>(&SystemEntropy::default()).unwrap_or([0; 24]);
    // Of whatever form the key is, the last 32 characters are what makes it secret.
    let known = api_key.len().saturating_sub(32);
    format!("{}{}", api_key.get(..known).unwrap_or_default(), base64url(&bytes))
}

/// Sends wrong keys until the phase is over, or no other client is left.
pub(super) async fn press(phase: Rc<Phase>, heads: Rc<Heads>, number: usize) -> Pressure {
    let mut pressure = Pressure::default();
    let Some(host) = phase.hosts.get(number % phase.hosts.len().max(1)) else { return pressure };
    let mut connection = Connection::to(host.address);
    while phase.goes_on() {
        let head = Head::post(host, &heads.guarded_path, Some(&wrong(&heads.api_key)));
        let began = Instant::now();
        let status = connection.send(&head, br#"{"user_id":"nobody"}"#).await.map_or(0, |answer| answer.status);
        *pressure.answers.entry(status).or_default() += 1;
        pressure.latencies.record(began.elapsed());
        // Only a key that was believed gets as far as the user.
        pressure.accepted += u64::from(!matches!(status, 0 | 401 | 403 | 429 | 503));
        if status == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
    pressure
}

#[cfg(test)]
mod tests {
    use super::wrong;

    #[test]
    fn a_wrong_key_has_the_right_keys_id_and_another_secret_each_time() {
        let right = format!("dw_{}_{}", "a".repeat(32), "s".repeat(32));
        let (one, other) = (wrong(&right), wrong(&right));
        assert_eq!((one.len(), &one[..36]), (right.len(), &right[..36]));
        assert!(one != right && one != other);
    }
}
