//! The open connections of a listener. Counts them, in total and per address, and evicts waiting ones to make room for
//! new ones.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    task::Waker,
    time::Duration,
};

use futures_util::task::AtomicWaker;
use ipnet::IpNet;
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

/// Value of [`Open::waiting_since`] while a request is in progress.
const BUSY: u64 = u64::MAX;
/// Value of [`Open::waiting_since`] of an evicted connection. It never changes again.
const EVICTED: u64 = u64::MAX - 1;

/// Maximum time to wait until an evicted connection is closed. Usually the thread of the connection closes it within
/// microseconds.
const MAX_CLOSING_TIME: Duration = Duration::from_secs(1);

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
    /// Notified whenever a connection was closed.
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

/// Connections that wait for their clients, as pairs of [`Open::waiting_since`] and id. They are sorted by waiting
/// time; the last one has waited longest. Connections that began to wait after the list was made are missing from it,
/// but they have waited for a shorter time. The last element that still waits is therefore the longest waiting
/// connection of all.
#[derive(Debug, Default)]
struct Waiting(Vec<(u64, u64)>);

/// An open connection.
#[derive(Debug)]
pub(super) struct Open {
    id: u64,
    /// Address under which the connection is counted; `None` for a trusted proxy or a client of a Unix socket.
    address: Option<IpAddr>,
    /// Time at which the connection began to wait for its client, in microseconds since [`Connections::created`]; or
    /// [`BUSY`] or [`EVICTED`].
    waiting_since: AtomicU64,
    waker: AtomicWaker,
    connections: Arc<Connections>,
}

/// Result of [`Connections::admit`].
#[derive(Debug)]
pub(super) enum Admission {
    /// The new connection was admitted, because the number of connections was below the limits.
    Free(Admitted),
    /// The new connection was admitted after the longest waiting one was closed to make room.
    Replaced(Admitted),
    /// The new connection was refused, because no open connection waited for its client, or because the evicted
    /// connection was not closed in time.
    Refused,
}

enum Attempt {
    Admitted(Admitted),
    Full,
    /// The connection was refused, because a limit is reached and no connection can be evicted.
    Refused,
}

/// Counts a connection until this value is dropped, which must happen after the socket was closed.
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

    /// Adds a connection. If a limit is reached, evicts the longest waiting connection and waits until it is closed.
    /// `peer` is `None` for a Unix socket.
    pub(super) async fn admit(self: &Arc<Self>, peer: Option<IpAddr>) -> Admission {
        let address = peer.and_then(|peer| self.counted_address(peer));
        let deadline = Instant::now() + MAX_CLOSING_TIME;
        let mut evicts = true;
        loop {
            let closed = self.closed.notified();
            match self.try_admit(address, evicts) {
                Attempt::Admitted(admitted) if evicts => return Admission::Free(admitted),
                Attempt::Admitted(admitted) => return Admission::Replaced(admitted),
                Attempt::Full => {}
                Attempt::Refused => return Admission::Refused,
            }
            evicts = false;
            if timeout_at(deadline, closed).await.is_err() {
                return Admission::Refused;
            }
        }
    }

    /// Adds a connection if no limit is reached. Otherwise, evicts the longest waiting connection if `evicts` is set.
    fn try_admit(self: &Arc<Self>, address: Option<IpAddr>, evicts: bool) -> Attempt {
        let mut guard = self.table();
        let table = &mut *guard;
        let of_address = |address: IpAddr| table.addresses.get(&address).map_or(0, |address| address.count);
        let full = if address.is_some_and(|address| of_address(address) >= self.max_per_address) {
            Some(address)
        } else {
            (table.open.len() >= self.max).then_some(None)
        };
        if let Some(address) = full {
            return if evicts && !table.evict(address) { Attempt::Refused } else { Attempt::Full };
        }
        table.last_id += 1;
        let open = Arc::new(Open {
            id: table.last_id,
            address,
            waiting_since: AtomicU64::new(self.micros(Instant::now())),
            waker: AtomicWaker::new(),
            connections: Arc::clone(self),
        });
        table.open.insert(open.id, Arc::clone(&open));
        if let Some(address) = address {
            table.addresses.entry(address).or_default().count += 1;
        }
        Attempt::Admitted(Admitted(open))
    }

    /// Evicts the longest waiting connection.
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

    /// Returns the address under which a peer is counted: an IPv4 address, or the /64 network of an IPv6 address;
    /// `None` for a trusted proxy.
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
        u64::try_from(time.saturating_duration_since(self.created).as_micros()).unwrap_or(EVICTED - 1)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Evicts the longest waiting connection of `address`, or the longest waiting one of all if `address` is `None`. An
    /// evicted connection is counted until its socket is closed. Returns `false` if no connection waits.
    fn evict(&mut self, address: Option<IpAddr>) -> bool {
        let waiting = match address {
            Some(address) => &mut self.addresses.entry(address).or_default().waiting,
            None => &mut self.waiting,
        };
        let evicted = waiting.evict_next(&self.open).or_else(|| {
            waiting.collect(&self.open, address);
            waiting.evict_next(&self.open)
        });
        evicted.map(|open| open.waker.wake()).is_some()
    }

    fn remove(&mut self, id: u64) {
        if let Some(open) = self.open.remove(&id)
            && let Some(address) = open.address
            && let Some(counted) = self.addresses.get_mut(&address)
        {
            counted.count -= 1;
            if counted.count == 0 {
                self.addresses.remove(&address);
            }
        }
    }
}

impl Waiting {
    fn collect(&mut self, open: &HashMap<u64, Arc<Open>>, address: Option<IpAddr>) {
        let of_address = open.values().filter(|open| address.is_none() || open.address == address);
        self.0 = of_address.map(|open| (open.waiting_since.load(Relaxed), open.id)).collect();
        self.0.retain(|(since, _)| *since < EVICTED);
        self.0.sort_unstable_by(|one, other| other.cmp(one));
    }

    /// Evicts the longest waiting connection of the list and returns it. Skips connections that have served a request
    /// since the list was made.
    fn evict_next<'a>(&mut self, open: &'a HashMap<u64, Arc<Open>>) -> Option<&'a Open> {
        while let Some((since, id)) = self.0.pop() {
            if let Some(open) = open.get(&id)
                && open.waiting_since.compare_exchange(since, EVICTED, Relaxed, Relaxed).is_ok()
            {
                return Some(open);
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

    /// Records the start of a request. Returns `false` if the connection was evicted. The request must then not be
    /// served.
    pub(super) fn begin_request(&self) -> bool {
        self.set_state(BUSY)
    }

    /// Sets the time since which the connection has waited for its client; `None` while it does not wait.
    pub(super) fn set_waiting_since(&self, since: Option<Instant>) {
        self.set_state(since.map_or(BUSY, |since| self.connections.micros(since)));
    }

    /// Sets [`Self::waiting_since`] and returns `true`. If the connection was evicted, changes nothing and returns
    /// `false`.
    fn set_state(&self, state: u64) -> bool {
        self.waiting_since.fetch_update(Relaxed, Relaxed, |old| (old != EVICTED).then_some(state)).is_ok()
    }

    pub(super) fn is_evicted(&self) -> bool {
        self.waiting_since.load(Relaxed) == EVICTED
    }

    /// Returns whether the connection must be closed after its next response.
    pub(super) fn is_last_response(&self) -> bool {
        self.connections.state.load(Relaxed) != SERVING
    }

    /// Returns whether the listener was closed.
    pub(super) fn is_stopping(&self) -> bool {
        self.connections.state.load(Relaxed) == STOPPING
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let connections = &self.0.connections;
        connections.table().remove(self.0.id);
        connections.closed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    struct Clients {
        all: Arc<Connections>,
        /// One item per connection; `None` after the connection was closed or refused.
        open: Vec<Option<Admitted>>,
    }

    impl Clients {
        fn new(max: usize) -> Self {
            let all = Arc::new(Connections::new(max, vec!["10.9.0.0/16".parse().unwrap()]));
            Self { all, open: Vec::new() }
        }

        /// Opens a connection and closes the evicted one. Returns whether the connection was admitted.
        /// `peer` is an address, or `unix`.
        async fn admit(&mut self, peer: &str, waiting_since: u64) -> bool {
            let all = Arc::clone(&self.all);
            let mut admission = Box::pin(all.admit((peer != "unix").then(|| peer.parse().unwrap())));
            let admission = match (&mut admission).now_or_never() {
                Some(admission) => admission,
                None => {
                    self.open.iter_mut().filter(|one| is_evicted(one)).for_each(|one| drop(one.take()));
                    admission.await
                }
            };
            let admitted = match admission {
                Admission::Free(admitted) | Admission::Replaced(admitted) => Some(admitted),
                Admission::Refused => None,
            };
            self.open.push(admitted);
            self.set_waiting_since(self.open.len() - 1, waiting_since);
            self.open.last().unwrap().is_some()
        }

        fn set_waiting_since(&self, index: usize, since: u64) {
            let _ = self.open[index].as_ref().map(|one| one.0.waiting_since.store(since, Relaxed));
        }

        fn closed(&self) -> Vec<usize> {
            self.open.iter().enumerate().filter(|(_, one)| one.is_none()).map(|(index, _)| index).collect()
        }
    }

    fn is_evicted(one: &Option<Admitted>) -> bool {
        one.as_ref().is_some_and(|one| one.0.is_evicted())
    }

    #[tokio::test]
    async fn longest_waiting_connection_is_closed_for_a_new_one() {
        let mut clients = Clients::new(4);
        for (peer, since) in [("10.0.0.1", 30), ("10.0.0.2", 10), ("10.0.0.3", 20), ("10.0.0.4", 40), ("10.0.0.5", 50)]
        {
            assert!(clients.admit(peer, since).await);
        }
        assert_eq!(clients.closed(), [1]);
        // Connection 2 is next in the list, but has served a request and waits again, so connection 0 has waited
        // longer.
        clients.set_waiting_since(2, 60);
        assert!(clients.admit("10.0.0.6", 70).await);
        assert_eq!((clients.closed(), clients.all.open()), (vec![0, 1], 4));
        clients.open.clear();
        assert_eq!(clients.all.open(), 0);
        assert!(clients.all.table().addresses.is_empty());
    }

    #[tokio::test]
    async fn evicted_connection_is_counted_until_it_is_closed() {
        let mut clients = Clients::new(2);
        assert!(clients.admit("10.0.0.1", 1).await && clients.admit("10.0.0.2", 2).await);
        let mut admissions: Vec<_> =
            ["10.0.0.3", "10.0.0.4"].map(|peer| Box::pin(clients.all.admit(Some(peer.parse().unwrap())))).into();
        for admission in &mut admissions {
            assert!(admission.now_or_never().is_none(), "admitted before the evicted connection was closed");
        }
        assert!(clients.open.iter().all(is_evicted), "one connection was evicted for each new one");
        assert_eq!(clients.all.open(), 2);
        // An evicted connection does not serve a request that arrives after the eviction.
        assert!(!clients.open[0].as_ref().unwrap().0.begin_request());
        clients.open.clear();
        for admission in admissions {
            clients.open.push(match admission.await {
                Admission::Replaced(admitted) => Some(admitted),
                other => panic!("{other:?}"),
            });
        }
        assert_eq!(clients.all.open(), 2);
    }

    #[tokio::test]
    async fn connection_is_refused_if_the_evicted_one_stays_open() {
        let mut clients = Clients::new(1);
        assert!(clients.admit("10.0.0.1", 1).await);
        let refused = clients.all.admit("10.0.0.2".parse().ok()).await;
        assert!(matches!(refused, Admission::Refused), "{refused:?}");
    }

    #[tokio::test]
    async fn one_address_has_at_most_half_of_the_connections() {
        let mut clients = Clients::new(6);
        for since in 0..5 {
            assert!(clients.admit("10.0.0.1", since).await);
        }
        assert_eq!((clients.closed(), clients.all.open()), (vec![0, 1], 3));
        for _ in 0..3 {
            assert!(clients.admit("10.0.0.2", 9).await);
        }
        assert_eq!((clients.closed(), clients.all.open()), (vec![0, 1], 6));
    }

    #[tokio::test]
    async fn addresses_of_one_ipv6_network_count_as_one() {
        let mut clients = Clients::new(4);
        for host in 1..=3 {
            assert!(clients.admit(&format!("2001:db8:0:1::{host}"), host).await);
        }
        assert_eq!(clients.closed(), [0]);
        assert!(clients.admit("2001:db8:0:2::1", 9).await);
        assert_eq!(clients.closed(), [0]);
    }

    #[tokio::test]
    async fn trusted_proxies_and_unix_sockets_count_only_against_the_total() {
        for (peer, other) in [("10.9.0.1", "::ffff:10.9.0.1"), ("unix", "unix")] {
            let mut clients = Clients::new(4);
            for since in 0..4 {
                assert!(clients.admit(peer, since).await);
            }
            assert_eq!(clients.closed(), [0; 0], "{peer}");
            assert!(clients.admit(other, 9).await);
            assert_eq!(clients.closed(), [0], "{peer}");
        }
    }

    #[tokio::test]
    async fn connections_with_a_request_in_progress_are_not_closed() {
        let mut clients = Clients::new(4);
        assert!(clients.admit("10.0.0.1", BUSY).await && clients.admit("10.0.0.1", BUSY).await);
        assert!(!clients.admit("10.0.0.1", 0).await);
        assert!(clients.admit("10.0.0.2", BUSY).await, "another address");
        assert_eq!(clients.all.open(), 3);
    }
}
