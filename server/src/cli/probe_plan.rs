//! The plan of scheduled probes, from the settings and the file with API keys.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use doorward_shared::TenantId;
use url::Url;

use super::CliError;
use crate::{
    config::{ProbeConfig, Settings},
    domain::listen_address::ListenAddress,
    jobs::ProbePlan,
    probe::Target,
};

/// Reads the file with the tenants to probe. Returns `None` if probes are off. `public` is the address of the public API.
pub(super) fn read(settings: &Settings, public: &ListenAddress) -> Result<Option<ProbePlan>, CliError> {
    let ProbeConfig { every: Some(every), keys_file: Some(file), url } = &settings.probe else { return Ok(None) };
    let failed = |reason: String| CliError::usage(format!("probe.keys_file: {}: {reason}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
    let url = url.clone().unwrap_or_else(|| url_of(public));
    let targets = parse(&text, &url, &settings.token.issuer).map_err(failed)?;
    Ok(Some(ProbePlan { every: *every, targets }))
}

/// Parses the lines of the file. The server keeps one result per tenant, so a tenant may have only one line.
fn parse(text: &str, url: &str, issuer: &str) -> Result<Vec<Target>, String> {
    let mut targets: Vec<Target> = Vec::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let target = target(line, url, issuer);
        let target = target.ok_or_else(|| format!("line {number} is not an id, an API key and an origin"))?;
        if targets.iter().any(|other| other.tenant == target.tenant) {
            return Err(format!("line {number} repeats the tenant {}: remove one of its lines", target.tenant));
        }
        targets.push(target);
    }
    if targets.is_empty() { Err("it contains no tenant".to_owned()) } else { Ok(targets) }
}

fn target(line: &str, url: &str, issuer: &str) -> Option<Target> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (tenant, api_key, origin) = match words.as_slice() {
        [tenant, key] => (tenant, key, None),
        [tenant, key, origin] => (tenant, key, Some(origin.parse::<Url>().ok()?.origin().ascii_serialization())),
        _ => return None,
    };
    Some(Target {
        url: url.to_owned(),
        tenant: tenant.parse::<TenantId>().ok()?.to_string(),
        api_key: (*api_key).to_owned(),
        origin,
        issuer: issuer.to_owned(),
        keep: false,
    })
}

/// Returns the URL at which the server reaches its own public API.
fn url_of(address: &ListenAddress) -> String {
    match address {
        ListenAddress::Tcp(address) => format!("http://{}", reachable(*address)),
        ListenAddress::Unix(_) => address.to_string(),
    }
}

/// Replaces a wildcard address (`0.0.0.0` or `::`) with the loopback address.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_contain_tenant_key_and_origin() {
        let id = "0198c0de-0000-7000-8000-000000000001";
        let read = |line: &str| target(line, "http://127.0.0.1:1", "doorward");
        let parsed = read(&format!(" {id}  dw_key https://app.example.com/ ")).unwrap();
        assert_eq!((parsed.tenant.as_str(), parsed.api_key.as_str()), (id, "dw_key"));
        assert_eq!(parsed.origin.as_deref(), Some("https://app.example.com"));
        assert_eq!(read(&format!("{id} dw_key")).unwrap().origin, None);
        for line in [id, "Shop dw_key", &format!("{id} dw_key app.example.com"), &format!("{id} a b c d")] {
            assert!(read(line).is_none(), "{line}");
        }
    }

    #[test]
    fn repeated_tenant_is_refused() {
        let (one, other) = ("0198c0de-0000-7000-8000-000000000001 dw_a", "0198c0de-0000-7000-8000-000000000002 dw_b");
        let read = |lines: &[&str]| parse(&lines.join("\n"), "http://127.0.0.1:1", "doorward").map(|all| all.len());
        assert_eq!(read(&[one, "", other]), Ok(2));
        let again = one.to_ascii_uppercase().replace(" DW_A", " dw_c https://app.example.com");
        let error = read(&[one, "", &again]).unwrap_err();
        assert!(error.starts_with("line 3 repeats the tenant 0198c0de-0000-7000-8000-000000000001"), "{error}");
        assert_eq!(read(&[]), Err("it contains no tenant".to_owned()));
    }

    #[test]
    fn addresses_of_all_interfaces_become_loopback_addresses() {
        for (address, expected) in
            [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"), ("10.0.0.1:80", "10.0.0.1:80")]
        {
            assert_eq!(url_of(&address.parse().unwrap()), format!("http://{expected}"));
        }
        assert_eq!(url_of(&"unix:/run/p.sock".parse().unwrap()), "unix:/run/p.sock");
    }
}
