//! Settings: flag over variable over file over default; read once, at the start.
//!
//! [`setting::SETTINGS`] lists every setting with its names and default; [`values`] collects where each comes from;
//! here they become one struct per concern. Whatever is wrong is refused, all of it at once, each by the setting's name
//! and the place it was set in.

use std::{
    collections::BTreeMap,
    fmt, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

mod database_url;
mod error;
pub mod network;
pub mod parse;
pub mod setting;
#[cfg(test)]
mod tests;
pub mod values;

pub use database_url::DatabaseUrl;
pub use error::{ConfigError, Problem};
pub use network::Network;
pub use values::{Effective, Source};

use values::Values;

/// The variable that names the file, in place of `--config`.
pub const CONFIG_VARIABLE: &str = "DOORWARD_CONFIG";

/// What was given on the command line. Empty where a command has no such flag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--data-dir`.
    pub data_dir: Option<String>,
    /// `--public-addr`.
    pub public_addr: Option<String>,
    /// `--admin-addr`.
    pub admin_addr: Option<String>,
    /// `--database-url`. Not printed as it is: it may hold a password.
    pub database_url: Option<DatabaseUrl>,
}

/// A settings file that was read.
#[derive(Clone, Copy)]
pub struct ConfigFile<'a> {
    /// Where it stands, for messages.
    pub path: &'a Path,
    /// What it says: TOML.
    pub text: &'a str,
}

/// Everything that can be set about an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where it listens.
    pub server: ServerConfig,
    /// Where its files are.
    pub data: DataConfig,
    /// Where its database is.
    pub database: DatabaseConfig,
    /// What a client may ask of it.
    pub limits: LimitsConfig,
    /// Whom it believes about clients' addresses.
    pub proxy: ProxyConfig,
    /// What it writes about itself.
    pub log: LogConfig,
    /// What its tokens say.
    pub token: TokenConfig,
    /// How long it remembers.
    pub audit: AuditConfig,
    /// How much it keeps at hand.
    pub cache: CacheConfig,
    /// Every setting, its value as text, and where it comes from.
    pub effective: Vec<Effective>,
}

/// Where the server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// The public API's address. Port 0 lets the system choose.
    pub public_addr: SocketAddr,
    /// The admin API's address.
    pub admin_addr: SocketAddr,
    /// Threads that serve requests; one per core when `None`.
    pub workers: Option<usize>,
    /// How long requests in flight may take after the server was told to stop.
    pub shutdown_timeout: Duration,
}

/// Where files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataConfig {
    /// The folder of the master key and, by default, of the database.
    pub dir: PathBuf,
}

impl DataConfig {
    /// The master key's file.
    #[must_use]
    pub fn master_key(&self) -> PathBuf {
        self.dir.join("master.key")
    }
}

/// The database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseConfig {
    /// A path, `sqlite:…` or `postgres://…`.
    pub url: DatabaseUrl,
    /// Connections: of the pool (PostgreSQL), or for reading (SQLite).
    pub connections: usize,
    /// How long a request waits for a connection before it is answered 503.
    pub acquire_timeout: Duration,
    /// How long one statement may take.
    pub statement_timeout: Duration,
    /// Units of work that may wait to be written before requests are answered 503.
    pub write_queue: usize,
}

/// What a client may ask of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// How long a client may take to send a request's head.
    pub header_timeout: Duration,
    /// How long a client may take to send a request's body.
    pub body_timeout: Duration,
    /// How deep JSON may be nested.
    pub json_depth: usize,
    /// Requests a minute from one address to endpoints that need no key; no limit when `None`.
    pub keyless_per_address: Option<u32>,
    /// Requests a minute to one tenant's endpoints that need no key; no limit when `None`.
    pub keyless_per_tenant: Option<u32>,
    /// Threads that hash keys; [`LimitsConfig::hash_threads_on`] says how many when `None`.
    pub hash_threads: Option<usize>,
    /// Keys that may wait to be hashed before requests are answered 503.
    pub hash_queue: usize,
}

impl LimitsConfig {
    /// Threads that hash keys on a machine of so many cores: half of them, but at least one and at most four.
    #[must_use]
    pub fn hash_threads_on(&self, cores: usize) -> usize {
        self.hash_threads.unwrap_or_else(|| (cores / 2).clamp(1, 4))
    }
}

/// Whom to believe about clients' addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyConfig {
    /// Proxies whose `X-Forwarded-For` is believed; none by default.
    pub trusted: Vec<Network>,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// How lines look.
    pub format: LogFormat,
    /// What is worth a line: a level, or directives of `tracing_subscriber`'s `EnvFilter`.
    pub level: String,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For programs: one JSON object a line.
    Json,
    /// For people.
    Text,
}

/// What tokens say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenConfig {
    /// `iss`: the installation's name.
    pub issuer: String,
}

/// How long the audit log is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditConfig {
    /// Days; for ever when `None`.
    pub retention_days: Option<u32>,
}

/// How much is kept in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheConfig {
    /// Tenants' snapshots.
    pub tenants: usize,
    /// Keys that need not be hashed again.
    pub verified_keys: usize,
}

impl Settings {
    /// Reads the settings file, if one is named, and resolves the settings.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is wrong.
    pub fn load(flags: &Flags, env: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let named = env.get(CONFIG_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
        let (path, by) = match (flags.config.clone(), named) {
            (Some(path), _) => (path, "--config"),
            (None, Some(path)) => (path, CONFIG_VARIABLE),
            (None, None) => return Self::resolve(flags, env, None),
        };
        let text = std::fs::read_to_string(&path)
            .map_err(|error: io::Error| ConfigError::one(Problem::Unreadable { path: path.clone(), by, error }))?;
        Self::resolve(flags, env, Some(ConfigFile { path: &path, text: &text }))
    }

    /// Resolves the settings: flag over variable over file over default. Touches nothing outside its arguments.
    ///
    /// An empty variable counts as not set, as compose files write them. Variables that begin with `DOORWARD_` and are
    /// no setting are refused, save those that belong to other programs or that Kubernetes makes for services.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is wrong.
    pub fn resolve(
        flags: &Flags,
        env: &BTreeMap<String, String>,
        file: Option<ConfigFile<'_>>,
    ) -> Result<Self, ConfigError> {
        let mut values = Values::collect(flags, env, file);
        let data = DataConfig::read(&mut values);
        let server = ServerConfig::read(&mut values);
        let database = DatabaseConfig::read(&mut values, data.as_ref());
        let limits = LimitsConfig::read(&mut values);
        let proxy =
            values.read("proxy.trusted", "a list of addresses like 10.0.0.1 or 10.0.0.0/8", network::parse_list);
        let format = values.read("log.format", "json or text", parse::log_format);
        let level = values.read("log.level", "a level like info, or directives like info,doorward=debug", parse::level);
        let issuer = values.read("token.issuer", "a name of 1 to 256 characters", parse::name);
        let retention_days = values.read("audit.retention_days", "a number of days, or forever", parse::days);
        let tenants = values.read_number("cache.tenants", 1, 10_000_000);
        let verified_keys = values.read_number("cache.verified_keys", 1, 10_000_000);
        let (effective, problems) = values.finish();
        let settings = || {
            Some(Self {
                server: server?,
                data: data?,
                database: database?,
                limits: limits?,
                proxy: ProxyConfig { trusted: proxy? },
                log: LogConfig { format: format?, level: level? },
                token: TokenConfig { issuer: issuer? },
                audit: AuditConfig { retention_days: retention_days? },
                cache: CacheConfig { tenants: tenants?, verified_keys: verified_keys? },
                effective,
            })
        };
        match settings() {
            Some(settings) if problems.is_empty() => Ok(settings),
            _ => Err(ConfigError { problems }),
        }
    }
}

impl ServerConfig {
    fn read(values: &mut Values) -> Option<Self> {
        let public_addr = values.read("server.public_addr", "an address like 127.0.0.1:8000", parse::address);
        let admin_addr = values.read("server.admin_addr", "an address like 127.0.0.1:8001", parse::address);
        let workers = values.read("server.workers", "a number from 1 to 1024, or auto", |text| parse::auto(text, 1024));
        let shutdown_timeout = values.read_duration("server.shutdown_timeout");
        if let (Some(public), Some(admin)) = (public_addr, admin_addr)
            && public == admin
            && public.port() != 0
        {
            values.refuse("server.admin_addr", "an address of its own: server.public_addr has it too");
        }
        Some(Self {
            public_addr: public_addr?,
            admin_addr: admin_addr?,
            workers: workers?,
            shutdown_timeout: shutdown_timeout?,
        })
    }
}

impl DataConfig {
    fn read(values: &mut Values) -> Option<Self> {
        values.read("data.dir", "a folder", parse::path).map(|dir| Self { dir })
    }
}

impl DatabaseConfig {
    fn read(values: &mut Values, data: Option<&DataConfig>) -> Option<Self> {
        // The one default that depends on another setting.
        if let Some(path) = data.map(|data| data.dir.join("doorward.db")) {
            values.fill_in("database.url", &path.to_string_lossy());
        }
        let url = values.read("database.url", "a path, or a URL like postgres://user:password@host/name", |text| {
            (!text.is_empty()).then(|| DatabaseUrl::new(text.to_owned()))
        });
        let connections = values.read_number("database.connections", 1, 1000);
        let acquire_timeout = values.read_duration("database.acquire_timeout");
        let statement_timeout = values.read_duration("database.statement_timeout");
        let write_queue = values.read_number("database.write_queue", 1, 1_000_000);
        Some(Self {
            url: url?,
            connections: connections?,
            acquire_timeout: acquire_timeout?,
            statement_timeout: statement_timeout?,
            write_queue: write_queue?,
        })
    }
}

impl LimitsConfig {
    fn read(values: &mut Values) -> Option<Self> {
        let body_bytes = values.read("limits.body_bytes", "a size like 256KiB, from 1KiB to 64MiB", parse::size);
        let header_timeout = values.read_duration("limits.header_timeout");
        let body_timeout = values.read_duration("limits.body_timeout");
        let json_depth = values.read_number("limits.json_depth", 4, 128);
        let rate = "requests a minute from 1 to 4294967295, or off";
        let keyless_per_address = values.read("limits.keyless_per_address", rate, parse::rate);
        let keyless_per_tenant = values.read("limits.keyless_per_tenant", rate, parse::rate);
        let hash_threads =
            values.read("limits.hash_threads", "a number from 1 to 64, or auto", |text| parse::auto(text, 64));
        let hash_queue = values.read_number("limits.hash_queue", 1, 100_000);
        Some(Self {
            body_bytes: body_bytes?,
            header_timeout: header_timeout?,
            body_timeout: body_timeout?,
            json_depth: json_depth?,
            keyless_per_address: keyless_per_address?,
            keyless_per_tenant: keyless_per_tenant?,
            hash_threads: hash_threads?,
            hash_queue: hash_queue?,
        })
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "json",
            Self::Text => "text",
        })
    }
}
