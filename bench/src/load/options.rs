//! Command-line options of a run and their validation.

use std::{net::ToSocketAddrs as _, path::PathBuf, time::Duration};

use clap::{Args, Parser, ValueEnum, value_parser};
use serde::Serialize;
use url::Url;

use super::{LoadError, http::Host};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Second-factor logins
    Mfa,
    /// Passkey logins
    Login,
    /// Transaction confirmations
    Transaction,
    /// Concurrent finalize requests for one challenge: exactly one may get a token
    Replay,
}

impl Mode {
    /// Paths of the initialize and the finalize request, relative to the tenant.
    pub const fn paths(self) -> [&'static str; 2] {
        match self {
            Self::Mfa | Self::Replay => ["mfa/login/initialize", "mfa/login/finalize"],
            Self::Login => ["login/initialize", "login/finalize"],
            Self::Transaction => ["transaction/initialize", "transaction/finalize"],
        }
    }
}

#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Ceremony to repeat
    #[arg(value_enum)]
    pub mode: Mode,
    /// Base URL of the public API (http only); repeat for several nodes, which get the requests in turn
    #[arg(long = "url", default_value = "http://127.0.0.1:8000", value_name = "URL")]
    pub urls: Vec<Url>,
    /// Send all requests of a client to the same node, as a load balancer with sticky sessions does
    #[arg(long)]
    pub keep_node: bool,
    /// Id of the tenant in which the program registers its users; --seeded replaces this option
    #[arg(
        long,
        value_name = "ID",
        required_unless_present = "seeded",
        conflicts_with = "seeded",
        requires = "api_key"
    )]
    pub tenant: Option<String>,
    /// API key of the tenant in --tenant
    #[arg(long, env = "DOORWARD_API_KEY", hide_env_values = true, value_name = "KEY")]
    pub api_key: Option<String>,
    /// Origin that the software client states in its responses [default: https:// and the RP ID]
    #[arg(long, value_name = "ORIGIN", conflicts_with = "seeded")]
    pub origin: Option<String>,
    /// File that doorward-seed wrote (seeded.json); use the users of this seeded installation
    #[arg(long, value_name = "FILE")]
    pub seeded: Option<PathBuf>,
    /// Number of tenants of the seeded installation from which users are taken [default: all, but at most one per user]
    #[arg(long, value_name = "N", conflicts_with = "tenant", value_parser = value_parser!(u64).range(1..))]
    pub tenants: Option<u64>,
    /// Number of concurrent clients; each opens its own connection to each node
    #[arg(long, default_value_t = 16, value_name = "N", value_parser = value_parser!(u16).range(1..=4096))]
    pub clients: u16,
    /// Number of users who run the ceremonies [default: one per client]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=100_000))]
    pub users: Option<u32>,
    /// Length of the measurement in seconds
    #[arg(long, default_value = "10", value_name = "SECONDS", value_parser = seconds)]
    pub duration: Duration,
    /// Length of the warm-up before the measurement in seconds
    #[arg(long, default_value = "2", value_name = "SECONDS", value_parser = seconds)]
    pub warm_up: Duration,
    /// End the measurement after N ceremonies, even before the end of --duration
    #[arg(long, default_value_t = 10_000_000, value_name = "N", value_parser = value_parser!(u64).range(1..=100_000_000))]
    pub ceremonies: u64,
    /// Start N ceremonies per second in total [default: each client starts its next ceremony as soon as the last one
    /// ends]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub rate: Option<u32>,
    /// Mode login: send the user id and the API key in the initialize request [default: discoverable logins]
    #[arg(long)]
    pub by_user: bool,
    /// Mode replay: number of concurrent finalize requests for each challenge
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = value_parser!(u16).range(2..=1000))]
    pub replays: u16,
    /// Measure a second time while N more clients continuously send wrong API keys
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..=4096))]
    pub wrong_keys: Option<u16>,
    /// Process id of a server, to report its CPU time and memory; repeat for several nodes
    #[arg(long = "pid", value_name = "PID")]
    pub pids: Vec<u32>,
    /// Process id of the database server's main process, to report its memory and CPU time; the CPU time includes its
    /// child processes
    #[arg(long, value_name = "PID")]
    pub database_pid: Option<u32>,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// Allow servers on other machines; use this only for servers that you may put under load
    #[arg(long)]
    pub i_own_this_server: bool,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds =
        text.strip_suffix('s').unwrap_or(text).parse::<f64>().map_err(|_| "not a number of seconds".to_owned())?;
    if (0.0..=3_600.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("must be 0 to 3600 seconds".to_owned())
    }
}

#[derive(Debug, Parser)]
#[command(name = "doorward-load", args_override_self = true)]
struct Command {
    #[command(flatten)]
    options: Options,
}

impl Options {
    /// Parses arguments, without the name of the program.
    pub fn from_arguments<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Result<Self, clap::Error> {
        let command = Command::try_parse_from(std::iter::once("doorward-load").chain(arguments));
        command.map(|command| command.options)
    }

    pub fn user_count(&self) -> u32 {
        self.users.unwrap_or_else(|| self.clients.into())
    }

    /// Resolves the URLs once, so that requests go to the addresses that were checked.
    pub fn hosts(&self) -> Result<Vec<Host>, LoadError> {
        self.urls.iter().map(|url| host(url, self.i_own_this_server)).collect()
    }
}

/// Resolves a base URL. If `allow_remote` is `false`, the address must be a loopback address.
pub fn host(url: &Url, allow_remote: bool) -> Result<Host, LoadError> {
    let wrong = |reason: &str| LoadError::Url { url: url.to_string(), reason: reason.to_owned() };
    if url.scheme() != "http" {
        return Err(wrong("only http URLs are supported; measure the server itself, not a TLS proxy"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("a base URL must not have a user, query or fragment"));
    }
    let name = url.host_str().ok_or_else(|| wrong("the URL has no host"))?;
    let port = url.port_or_known_default().unwrap_or(80);
    let addresses = url.socket_addrs(|| None).or_else(|_| (name, port).to_socket_addrs().map(Iterator::collect));
    let addresses: Vec<_> = addresses.map_err(|error| wrong(&error.to_string()))?;
    if !allow_remote && let Some(address) = addresses.iter().find(|address| !address.ip().is_loopback()) {
        return Err(LoadError::Remote(address.ip()));
    }
    // Prefer IPv4: a server that listens on 127.0.0.1 does not listen on ::1.
    let address = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first()).copied();
    let address = address.ok_or_else(|| wrong("the host has no address"))?;
    let authority = url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
    Ok(Host { address, authority, prefix: url.path().trim_end_matches('/').to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &str) -> Result<Options, String> {
        Options::from_arguments(arguments.split(' ')).map_err(|error| error.to_string())
    }

    #[test]
    fn options_require_users_and_bounded_values() {
        let options = parse("mfa --tenant t --api-key k --clients 8").unwrap();
        assert_eq!((options.user_count(), options.duration, options.replays), (8, Duration::from_secs(10), 50));
        assert_eq!(
            parse("replay --seeded f --duration 0.5 --warm-up 0s").unwrap().duration,
            Duration::from_millis(500)
        );
        for (arguments, complaint) in [
            ("mfa", "--tenant"),
            ("mfa --tenant t", "--api-key"),
            ("mfa --tenant t --api-key k --seeded f", "cannot be used with"),
            ("mfa --tenant t --api-key k --tenants 3", "cannot be used with"),
            ("sign --seeded f", "invalid value 'sign'"),
            ("mfa --seeded f --clients 0", "0 is not in 1..=4096"),
            ("mfa --seeded f --clients 9999", "9999 is not in"),
            ("mfa --seeded f --duration 3601", "0 to 3600 seconds"),
            ("mfa --seeded f --duration -1", "unexpected argument"),
            ("mfa --seeded f --duration NaN", "0 to 3600 seconds"),
            ("replay --seeded f --replays 1", "1 is not in 2..=1000"),
            ("mfa --seeded f --url nonsense", "invalid value 'nonsense'"),
        ] {
            let error = parse(arguments).unwrap_err();
            assert!(error.contains(complaint), "{arguments}: {error}");
        }
    }

    #[test]
    fn remote_addresses_require_the_ownership_flag() {
        let hosts = |url: &str| parse(&format!("mfa --seeded f --url {url}")).unwrap().hosts();
        let host = hosts("http://127.0.0.1:8000/api/").unwrap().remove(0);
        assert_eq!(
            (host.address.to_string(), host.authority, host.prefix),
            ("127.0.0.1:8000".into(), "127.0.0.1:8000".into(), "/api".into())
        );
        assert_eq!(hosts("http://[::1]").unwrap().remove(0).address.to_string(), "[::1]:80");
        assert!(hosts("http://localhost:8000").unwrap().remove(0).address.ip().is_loopback());
        for remote in
            ["http://192.0.2.1:8000", "http://0.0.0.0:8000", "http://[2001:db8::1]", "http://[::ffff:192.0.2.1]"]
        {
            assert!(matches!(hosts(remote), Err(LoadError::Remote(_))), "{remote}");
        }
        assert!(hosts("http://192.0.2.1:8000 --i-own-this-server").is_ok());
        for wrong in ["https://127.0.0.1", "http://user@127.0.0.1", "http://127.0.0.1/?a=b", "http://127.0.0.1/#a"] {
            assert!(matches!(hosts(wrong), Err(LoadError::Url { .. })), "{wrong}");
        }
    }
}
