//! The open connections of a listener. Counts them, in total and per address, and closes them.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    task::Waker,
};

use futures_util::task::AtomicWaker;
use ipnet::IpNet;
use tokio::{sync::Notify, time::Instant};

/// Value of [`Open::waiting_since`] while a request is in progress.
const BUSY: u64 = u64::MAX;

const SERVING: u8 = 0;
const DRAINING: u8 = 1;
const STOPPING: u8 = 2;

#[derive(Debug)]
pub(super) struct Connections {
    max: usize,
    max_per_address: usize,
    trusted_proxies: Vec<IpNet>,
    /// [`SERVING`], [`DRAINING`] or [`STOPPING`].
    state: AtomicU8,
    table: Mutex<Table>,
    closed: Notify,
    created: Instant,
}

#[derive(Debug, Default)]
struct Table {
    last_id: u64,
    open: HashMap<u64, Arc<Open>>,
    addresses: HashMap<IpAddr, Address>,
    waiting: Waiting,
}

#[derive(Debug, Default)]
struct Address {
    count: usize,
    waiting: Waiting,
}

/// Connections that wait for their clients, sorted by waiting time, the longest waiting one last. The list does not
/// contain connections that began to wait after it was made. Therefore the last element that has waited since then is
/// the longest waiting connection of all.
#[derive(Debug, Default)]
struct Waiting(Vec<(u64, u64)>);

/// An open connection.
#[derive(Debug)]
pub(super) struct Open {
    id: u64,
    /// Address under which the connection is counted; `None` for a trusted proxy.
    address: Option<IpAddr>,
    /// Time in microseconds at which the connection began to wait for its client, or [`BUSY`].
    waiting_since: AtomicU64,
    /// Whether another connection took its place.
    evicted: AtomicBool,
    waker: AtomicWaker,
    connections: Arc<Connections>,
}

/// Result of [`Connections::admit`].
#[derive(Debug)]
pub(super) enum Admission {
    /// The number of connections is below the limits.
    Free(Admitted),
    /// The longest waiting connection was closed for the new one.
    Replaced(Admitted),
    /// All connections have a request in progress.
    Refused,
}

/// Counts a connection until it is dropped.
#[derive(Debug)]
pub(super) struct Admitted(pub(super) Arc<Open>);

impl Connections {
    pub(super) fn new(max: usize, trusted_proxies: Vec<IpNet>) -> Self {
        Self {
            max,
            max_per_address: (max / 2).max(1),
            trusted_proxies,
            state: AtomicU8::new(SERVING),
            table: Mutex::default(),
            closed: Notify::new(),
            created: Instant::now(),
        }
    }

    /// Adds a connection. Closes the longest waiting one if there are too many.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Admission {
        let address = self.counted_address(peer);
        let mut guard = self.table();
        let table = &mut *guard;
        let of_address = |address: IpAddr| table.addresses.get(&address).map_or(0, |address| address.count);
        let replaces = if address.is_some_and(|address| of_address(address) >= self.max_per_address) {
            Some(address)
        } else {
            (table.open.len() >= self.max).then_some(None)
        };
        if let Some(address) = replaces
            && !table.evict(address)
        {
            return Admission::Refused;
        }
        table.last_id += 1;
        let open = Arc::new(Open {
            id: table.last_id,
            address,
            waiting_since: AtomicU64::new(self.micros(Instant::now())),
            evicted: AtomicBool::new(false),
            waker: AtomicWaker::new(),
            connections: Arc::clone(self),
        });
        table.open.insert(open.id, Arc::clone(&open));
        if let Some(address) = address {
            table.addresses.entry(address).or_default().count += 1;
        }
        let admitted = Admitted(open);
        if replaces.is_some() { Admission::Replaced(admitted) } else { Admission::Free(admitted) }
    }

    /// Closes the longest waiting connection.
    pub(super) fn close_longest_waiting(&self) {
        self.table().evict(None);
    }

    pub(super) fn open(&self) -> usize {
        self.table().open.len()
    }

    pub(super) fn drain(&self) {
        self.state.fetch_max(DRAINING, Relaxed);
    }

    pub(super) fn stop(&self) {
        self.state.store(STOPPING, Relaxed);
        for open in self.table().open.values() {
            open.waker.wake();
        }
    }

    /// Waits until no connection is open.
    pub(super) async fn all_closed(&self) {
        loop {
            let closed = self.closed.notified();
            if self.open() == 0 {
                return;
            }
            closed.await;
        }
    }

    /// Returns the address under which a peer is counted: an IPv4 address, or the /64 network of an IPv6 address.
    fn counted_address(&self, peer: IpAddr) -> Option<IpAddr> {
        let peer = peer.to_canonical();
        if self.trusted_proxies.iter().any(|network| network.contains(&peer)) {
            return None;
        }
        Some(match peer {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        })
    }

    fn micros(&self, time: Instant) -> u64 {
        u64::try_from(time.saturating_duration_since(self.created).as_micros()).unwrap_or(BUSY - 1)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Closes the longest waiting connection, of one address or of all. Returns `false` if none waits.
    fn evict(&mut self, address: Option<IpAddr>) -> bool {
        let waiting = match address {
            Some(address) => &mut self.addresses.entry(address).or_default().waiting,
            None => &mut self.waiting,
        };
        let id = waiting.next(&self.open).or_else(|| {
            waiting.collect(&self.open, address);
            waiting.next(&self.open)
        });
        let Some(open) = id.and_then(|id| self.remove(id)) else { return false };
        open.evicted.store(true, Relaxed);
        open.waker.wake();
        true
    }

    fn remove(&mut self, id: u64) -> Option<Arc<Open>> {
        let open = self.open.remove(&id)?;
        if let Some(address) = open.address
            && let Some(counted) = self.addresses.get_mut(&address)
        {
            counted.count -= 1;
            if counted.count == 0 {
                self.addresses.remove(&address);
            }
        }
        Some(open)
    }
}

impl Waiting {
    fn collect(&mut self, open: &HashMap<u64, Arc<Open>>, address: Option<IpAddr>) {
        let of_address = open.values().filter(|open| address.is_none() || open.address == address);
        self.0 = of_address.map(|open| (open.waiting_since.load(Relaxed), open.id)).collect();
        self.0.retain(|(since, _)| *since != BUSY);
        self.0.sort_unstable_by(|one, other| other.cmp(one));
    }

    /// Removes and returns the longest waiting connection that has been waiting ever since the list was made.
    fn next(&mut self, open: &HashMap<u64, Arc<Open>>) -> Option<u64> {
        while let Some((since, id)) = self.0.pop() {
            if open.get(&id).is_some_and(|open| open.waiting_since.load(Relaxed) == since) {
                return Some(id);
            }
        }
        None
    }
}

impl Open {
    /// Registers the task that is woken when the connection must end.
    pub(super) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    pub(super) fn set_waiting_since(&self, since: Option<Instant>) {
        self.waiting_since.store(since.map_or(BUSY, |since| self.connections.micros(since)), Relaxed);
    }

    pub(super) fn is_evicted(&self) -> bool {
        self.evicted.load(Relaxed)
    }

    /// Returns whether the connection must be closed after its next response.
    pub(super) fn is_last_response(&self) -> bool {
        self.is_evicted() || self.connections.state.load(Relaxed) != SERVING
    }

    /// Returns whether the listener was closed.
    pub(super) fn is_stopping(&self) -> bool {
        self.connections.state.load(Relaxed) == STOPPING
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let connections = &self.0.connections;
        let mut table = connections.table();
        table.remove(self.0.id);
        if table.open.is_empty() {
            connections.closed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(max: usize) -> Arc<Connections> {
        Arc::new(Connections::new(max, vec!["10.9.0.0/16".parse().unwrap()]))
    }

    fn admit(connections: &Arc<Connections>, peer: &str, waiting_since: u64) -> Option<Admitted> {
        match connections.admit(peer.parse().unwrap()) {
            Admission::Free(admitted) | Admission::Replaced(admitted) => {
                admitted.0.waiting_since.store(waiting_since, Relaxed);
                Some(admitted)
            }
            Admission::Refused => None,
        }
    }

    fn evicted(admitted: &[Option<Admitted>]) -> Vec<usize> {
        let evicted = |admitted: &&Option<Admitted>| admitted.as_ref().is_some_and(|one| one.0.is_evicted());
        admitted.iter().enumerate().filter(|(_, one)| evicted(one)).map(|(index, _)| index).collect()
    }

    #[test]
    fn longest_waiting_connection_is_closed_for_a_new_one() {
        let all = connections(4);
        let mut open: Vec<_> = [("10.0.0.1", 30), ("10.0.0.2", 10), ("10.0.0.3", 20), ("10.0.0.4", 40)]
            .map(|(peer, since)| admit(&all, peer, since))
            .into();
        open.push(admit(&all, "10.0.0.5", 50));
        assert_eq!(evicted(&open), [1]);
        // The next connection in the list now has a request in progress.
        open[2].as_ref().unwrap().0.waiting_since.store(60, Relaxed);
        open.push(admit(&all, "10.0.0.6", 70));
        assert_eq!(evicted(&open), [0, 1]);
        assert_eq!(all.open(), 4);
        drop(open);
        assert_eq!(all.open(), 0);
        assert!(all.table().addresses.is_empty());
    }

    #[test]
    fn one_address_has_at_most_half_of_the_connections() {
        let all = connections(6);
        let mut open: Vec<_> = (0..5).map(|since| admit(&all, "10.0.0.1", since)).collect();
        assert_eq!((evicted(&open), all.open()), (vec![0, 1], 3));
        open.extend((0..3).map(|_| admit(&all, "10.0.0.2", 9)));
        assert_eq!((evicted(&open), all.open()), (vec![0, 1], 6));
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one() {
        let all = connections(4);
        let open: Vec<_> = (1..=3).map(|host| admit(&all, &format!("2001:db8:0:1::{host}"), host)).collect();
        assert_eq!(evicted(&open), [0]);
        assert!(admit(&all, "2001:db8:0:2::1", 9).is_some());
        assert_eq!(evicted(&open), [0]);
    }

    #[test]
    fn trusted_proxies_count_only_against_the_total() {
        let all = connections(4);
        let mut open: Vec<_> = (0..4).map(|since| admit(&all, "10.9.0.1", since)).collect();
        assert_eq!(evicted(&open), [0; 0]);
        open.push(admit(&all, "::ffff:10.9.0.1", 9));
        assert_eq!(evicted(&open), [0]);
    }

    #[test]
    fn connections_with_a_request_in_progress_are_not_closed() {
        let all = connections(4);
        let open: Vec<_> = (0..2).map(|_| admit(&all, "10.0.0.1", BUSY)).collect();
        assert!(admit(&all, "10.0.0.1", 0).is_none());
        assert!(admit(&all, "10.0.0.2", BUSY).is_some(), "another address");
        assert_eq!(evicted(&open), [0; 0]);
    }
}
