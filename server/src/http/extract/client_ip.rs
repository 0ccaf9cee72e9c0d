//! The client's address: the peer's, unless the peer is a proxy the operator trusts.

use std::net::{IpAddr, SocketAddr};

use crate::config::Network;

/// The address a request came from.
///
/// `X-Forwarded-For` is read from its end, where the nearest proxy writes, and only as far as proxies are trusted: what
/// stands left of the first untrusted address was written by strangers.
#[must_use]
pub fn client_ip(peer: Option<SocketAddr>, forwarded_for: &[&str], trusted: &[Network]) -> Option<IpAddr> {
    let mut client = peer?.ip().to_canonical();
    let hops: Vec<&str> = forwarded_for.iter().flat_map(|line| line.split(',')).map(str::trim).collect();
    for hop in hops.into_iter().rev() {
        if !trusted.iter().any(|network| network.contains(client)) {
            break;
        }
        let Some(address) = parse(hop) else { break };
        client = address;
    }
    Some(client)
}

/// An address as proxies write it: bare, with a port, or in brackets.
fn parse(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::network::parse_list;

    fn client(peer: &str, forwarded: &[&str], trusted: &str) -> String {
        let trusted = parse_list(trusted).unwrap();
        let peer = Some(SocketAddr::new(peer.parse().unwrap(), 4711));
        client_ip(peer, forwarded, &trusted).unwrap().to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(client("192.0.2.1", &["198.51.100.7"], "10.0.0.0/8"), "192.0.2.1");
        assert_eq!(client("10.0.0.1", &["198.51.100.7"], "10.0.0.0/8"), "198.51.100.7");
        assert_eq!(client("::ffff:10.0.0.1", &["[2001:db8::1]"], "10.0.0.0/8"), "2001:db8::1");
    }

    #[test]
    fn what_a_stranger_wrote_before_the_last_trusted_hop_does_not_count() {
        let lines = ["203.0.113.9, 198.51.100.7", "10.0.0.2"];
        assert_eq!(client("10.0.0.1", &lines, "10.0.0.0/8"), "198.51.100.7");
        assert_eq!(client("10.0.0.1", &["198.51.100.7, nonsense"], "10.0.0.0/8"), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[], "10.0.0.0/8"), "10.0.0.1");
    }
}
