//! Address of the client: that of the peer, or the one that a trusted proxy reports.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// Returns the address from which a request came.
///
/// Each proxy appends an address to `X-Forwarded-For`, so it is read from its end, up to the first address that is not
/// a trusted proxy. The client can forge everything before that address.
pub fn client_ip(peer: Option<SocketAddr>, forwarded_for: &[&str], trusted: &[IpNet]) -> Option<IpAddr> {
    let mut client = peer?.ip().to_canonical();
    let hops: Vec<&str> = forwarded_for.iter().flat_map(|line| line.split(',')).map(str::trim).collect();
    for hop in hops.into_iter().rev() {
        if !trusted.iter().any(|network| network.contains(&client)) {
            break;
        }
        let Some(address) = parse(hop) else { break };
        client = address;
    }
    Some(client)
}

/// Parses an address in the forms that proxies write: plain, with a port, or in brackets.
fn parse(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse::networks;

    fn client(peer: &str, forwarded: &[&str], trusted: &str) -> String {
        let trusted = networks(trusted).unwrap();
        let peer = Some(SocketAddr::new(peer.parse().unwrap(), 4711));
        client_ip(peer, forwarded, &trusted).unwrap().to_string()
    }

    #[test]
    fn header_is_ignored_unless_the_peer_is_trusted() {
        assert_eq!(client("192.0.2.1", &["198.51.100.7"], "10.0.0.0/8"), "192.0.2.1");
        assert_eq!(client("10.0.0.1", &["198.51.100.7"], "10.0.0.0/8"), "198.51.100.7");
        assert_eq!(client("::ffff:10.0.0.1", &["[2001:db8::1]"], "10.0.0.0/8"), "2001:db8::1");
    }

    #[test]
    fn addresses_before_the_last_untrusted_one_are_ignored() {
        let lines = ["203.0.113.9, 198.51.100.7", "10.0.0.2"];
        assert_eq!(client("10.0.0.1", &lines, "10.0.0.0/8"), "198.51.100.7");
        assert_eq!(client("10.0.0.1", &["198.51.100.7, nonsense"], "10.0.0.0/8"), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[], "10.0.0.0/8"), "10.0.0.1");
    }
}
