//! The client's address: the peer's, unless the peer is a proxy the operator trusts.

use std::net::{IpAddr, SocketAddr};

use crate::app::TrustedProxies;

/// The address a request came from.
///
/// `X-Forwarded-For` is read from its end, where the nearest proxy writes, and only as far as proxies are trusted: what
/// stands left of the first untrusted address was written by strangers.
#[must_use]
pub fn client_ip(peer: Option<SocketAddr>, forwarded_for: &[&str], trusted: &TrustedProxies) -> Option<IpAddr> {
    let mut client = peer?.ip().to_canonical();
    let hops: Vec<&str> = forwarded_for.iter().flat_map(|line| line.split(',')).map(str::trim).collect();
    for hop in hops.into_iter().rev() {
        if !trusted.contains(client) {
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
