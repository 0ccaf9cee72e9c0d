//! Addresses to which webhooks may connect. Only the settings can permit internal addresses; DNS records cannot.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Networks to which webhooks may connect although their addresses are internal.
#[derive(Debug, Clone, Default)]
pub struct AllowedNetworks(Vec<IpNet>);

impl AllowedNetworks {
    pub const fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Returns whether a webhook may connect to an address: it is public, or in an allowed network. If an IPv6 address
    /// contains an IPv4 address, the IPv4 address must be public, or one of the two must be in an allowed network.
    pub fn accept(&self, address: IpAddr) -> bool {
        let target = match address {
            IpAddr::V6(v6) => embedded(v6).map_or(address, IpAddr::V4),
            IpAddr::V4(_) => address,
        };
        self.0.iter().any(|network| network.contains(&target) || network.contains(&address)) || is_public(target)
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// Returns whether an IPv4 address is public. See the IANA registry of special-purpose addresses (RFC 6890).
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    !matches!(
        (first, second, third),
        (0 | 10 | 127 | 224.., ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

/// Returns whether an IPv6 address is public. Only 2000::/3 contains public addresses. These parts of 2000::/3 are not
/// public: Teredo (2001::/32), whose addresses hide IPv4 addresses; the rest of 2001::/23; and the documentation
/// networks.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let is_special = (first == 0x2001 && (second < 0x200 || second == 0xdb8)) || first == 0x3fff;
    first & 0xe000 == 0x2000 && !is_special
}

/// Returns the IPv4 address in an IPv4-mapped, IPv4-compatible, NAT64 or 6to4 address.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let from = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] if high != 0 => Some(from(high, low)),
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(from(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(from(high, low)),
        [0x2002, high, low, ..] => Some(from(high, low)),
        _ => None,
    }
}

/// Resolves host names and returns only acceptable addresses, so that the connection is made to an address that was
/// checked.
#[derive(Debug, Clone)]
pub(super) struct CheckedResolver(pub(super) AllowedNetworks);

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = self.0.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let accepted: Vec<SocketAddr> = found.into_iter().filter(|address| allowed.accept(address.ip())).collect();
            if accepted.is_empty() {
                return Err(
                    format!("{host} has only internal addresses, which audit.forward_networks does not allow").into()
                );
            }
            Ok(Box::new(accepted.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(allowed: &AllowedNetworks, text: &str) -> bool {
        allowed.accept(text.parse().unwrap())
    }

    #[test]
    fn only_public_addresses_are_accepted() {
        let none = AllowedNetworks::default();
        // In 64:ff9b:1::/48, the position of the IPv4 address is not fixed, so these addresses are never public.
        assert!(!accepted(&none, "64:ff9b:1:7f00:0:100:101:101"));
        for address in ["1.1.1.1", "100.63.0.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"]
        {
            assert!(accepted(&none, address), "{address}");
        }
        for address in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.0.1",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00::1",
            "fec0::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a00:1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2001:0:1::1",
            "2001:db8::1",
            "100::1",
        ] {
            assert!(!accepted(&none, address), "{address}");
        }
    }

    #[test]
    fn allowed_networks_apply_to_embedded_addresses() {
        let allowed = AllowedNetworks::new(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/16".parse().unwrap()]);
        for address in ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::a01:203", "fd00::1"] {
            assert!(accepted(&allowed, address), "{address}");
        }
        for address in ["192.168.1.1", "::ffff:192.168.1.1", "fd01::1", "127.0.0.1"] {
            assert!(!accepted(&allowed, address), "{address}");
        }
    }

    #[tokio::test]
    async fn names_of_internal_addresses_are_refused() {
        let resolve = async |allowed: AllowedNetworks| {
            CheckedResolver(allowed).resolve("localhost".parse().unwrap()).await.map(|addresses| addresses.count())
        };
        let error = resolve(AllowedNetworks::default()).await.unwrap_err();
        assert!(error.to_string().contains("localhost has only internal addresses"), "{error}");
        let loopback = vec!["127.0.0.0/8".parse().unwrap(), "::1".parse::<IpAddr>().unwrap().into()];
        assert!(resolve(AllowedNetworks::new(loopback)).await.unwrap() > 0);
    }
}
