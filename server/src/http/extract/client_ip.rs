//! Address of the client: the address of the peer, or the address that a trusted proxy reports.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// Returns the address from which a request came; `None` if it came through a Unix socket and no proxy states an
/// address. `forwarded_for` contains the values of all `X-Forwarded-For` headers. `peer` is `None` for a Unix socket.
/// The permissions of a Unix socket decide who may connect, so its clients are trusted like proxies.
///
/// Each proxy appends an address to `X-Forwarded-For`, so the header is read from its end, up to the first address that
/// is not a trusted proxy. The client can forge everything before that address, and can also send invalid bytes there.
pub fn client_ip(peer: Option<IpAddr>, forwarded_for: &[&[u8]], trusted: &[IpNet]) -> Option<IpAddr> {
    let mut client = peer.map(|peer| peer.to_canonical());
    for hop in forwarded_for.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b',')) {
        if !is_trusted(client, trusted) {
            break;
        }
        let Some(address) = parse(hop) else { break };
        client = Some(address);
    }
    client
}

/// Returns whether an address belongs to a trusted proxy; `true` for `None`, a client of a Unix socket.
pub fn is_trusted(address: Option<IpAddr>, trusted: &[IpNet]) -> bool {
    let Some(address) = address.map(|address| address.to_canonical()) else { return true };
    trusted.iter().any(|network| network.contains(&address))
}

/// Parses an address in the forms that proxies write: plain, with a port, or in brackets.
fn parse(hop: &[u8]) -> Option<IpAddr> {
    let hop = str::from_utf8(hop).ok()?.trim();
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse::networks;

    fn client(peer: &str, forwarded: &[&[u8]], trusted: &str) -> String {
        let client = client_ip(peer.parse().ok(), forwarded, &networks(trusted).unwrap());
        client.map_or_else(|| "unix".to_owned(), |address| address.to_string())
    }

    #[test]
    fn peer_of_a_unix_socket_is_a_trusted_proxy() {
        assert_eq!(client("unix", &[b"203.0.113.9, 198.51.100.7"], ""), "198.51.100.7");
        assert_eq!(client("unix", &[b"198.51.100.7, 10.0.0.2"], "10.0.0.0/8"), "198.51.100.7");
        assert_eq!(client("unix", &[], "10.0.0.0/8"), "unix");
        assert_eq!(client("unix", &[b"nonsense"], ""), "unix");
    }

    #[test]
    fn header_is_ignored_unless_the_peer_is_trusted() {
        assert_eq!(client("192.0.2.1", &[b"198.51.100.7"], "10.0.0.0/8"), "192.0.2.1");
        assert_eq!(client("10.0.0.1", &[b"198.51.100.7"], "10.0.0.0/8"), "198.51.100.7");
        assert_eq!(client("::ffff:10.0.0.1", &[b"[2001:db8::1]"], "10.0.0.0/8"), "2001:db8::1");
    }

    #[test]
    fn addresses_before_the_last_untrusted_one_are_ignored() {
        let lines: [&[u8]; 2] = [b"203.0.113.9, 198.51.100.7", b"10.0.0.2"];
        assert_eq!(client("10.0.0.1", &lines, "10.0.0.0/8"), "198.51.100.7");
        assert_eq!(client("10.0.0.1", &[b"198.51.100.7, nonsense"], "10.0.0.0/8"), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[], "10.0.0.0/8"), "10.0.0.1");
    }

    #[test]
    fn bytes_of_the_client_do_not_hide_the_address_that_the_proxy_appended() {
        for forged in [&b"\xff, "[..], b"\x80\xfe\xff,", b"caf\xc3\xa9, ", b",,,"] {
            let line = [forged, b"198.51.100.7"].concat();
            assert_eq!(client("10.0.0.1", &[&line], "10.0.0.0/8"), "198.51.100.7", "{line:?}");
            assert_eq!(client("10.0.0.1", &[forged, b"198.51.100.7"], "10.0.0.0/8"), "198.51.100.7", "{forged:?}");
        }
    }
}
