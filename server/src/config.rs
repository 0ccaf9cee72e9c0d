//! Settings, read once at start. Precedence: command-line flag, environment variable, settings file, default.
//!
//! [`setting::SETTINGS`] lists every setting with its names and default. [`values`] collects the values and their
//! sources. This module converts them into one struct per concern. All errors are reported together. Each error
//! contains the name of the setting and the source of the value.

use std::{collections::BTreeMap, io, path::PathBuf, time::Duration};

use ipnet::IpNet;

mod database_url_text;
mod error;
mod input;
mod log_format;
pub mod parse;
pub mod renamed;
pub mod setting;
mod source;
#[cfg(test)]
mod tests;
pub mod values;

pub use database_url_text::DatabaseUrlText;
pub use error::{ConfigError, Problem};
pub use input::{CONFIG_VARIABLE, ConfigFile, Flags};
pub use log_format::LogFormat;
pub use source::Source;
pub use values::Effective;

use renamed::{RENAMED, Renamed};
use values::Values;

use crate::{
    db::DatabaseUrl,
    domain::{forward_target::ForwardTarget, listen_address::ListenAddress, master_key_origin::MasterKeyOrigin},
    traces::TracesSettings,
};

#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub server: ServerConfig,
    /// TLS settings of both APIs; `None` if the APIs use plain HTTP.
    pub tls: Option<TlsConfig>,
    pub data: DataConfig,
    pub database: DatabaseConfig,
    pub limits: LimitsConfig,
    pub proxy: ProxyConfig,
    pub log: LogConfig,
    pub token: TokenConfig,
    pub audit: AuditConfig,
    pub probe: ProbeConfig,
    pub backup: BackupConfig,
    pub cache: CacheConfig,
    /// Settings of traces; `None` if requests are not traced.
    pub traces: Option<TracesSettings>,
    /// Every setting with its value as text and its source.
    pub effective: Vec<Effective>,
    /// One warning for each old name of a setting that is used.
    pub warnings: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// Address of the public API. With port 0 the system chooses a port. Unix sockets do not use TLS.
    pub public_addr: ListenAddress,
    pub admin_addr: ListenAddress,
    /// Number of threads that serve requests of the public API; `None` for one per core.
    pub workers: Option<usize>,
    /// Maximum number of open connections of each API; `None` to derive it from the limit of open files.
    pub max_connections: Option<usize>,
    /// Time after SIGTERM during which the server still serves requests, although its readiness check already fails.
    pub drain: Duration,
    /// Maximum time for requests in progress to finish after the listeners were closed.
    pub shutdown_timeout: Duration,
}

/// Paths of PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsConfig {
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// CA certificates with which the admin API verifies the certificates of its clients; `None` if these clients need
    /// no certificate.
    pub client_ca: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataConfig {
    /// Folder that contains the first admin token and, by default, the master key and the database.
    pub dir: PathBuf,
    pub master_key: MasterKeyOrigin,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseConfig {
    pub url: DatabaseUrl,
    /// Direct URL of the same PostgreSQL database, needed if `url` leads to a connection pooler; `None` to use `url`.
    pub listen_url: Option<DatabaseUrl>,
    /// Number of connections in the pool (PostgreSQL) or for reading (SQLite).
    pub connections: usize,
    /// Maximum time to wait for a connection before the request gets a 503 response.
    pub acquire_timeout: Duration,
    pub statement_timeout: Duration,
    /// Maximum number of queued writes. When the queue is full, requests get a 503 response.
    pub write_queue: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitsConfig {
    pub body_bytes: usize,
    pub header_timeout: Duration,
    pub body_timeout: Duration,
    pub json_depth: usize,
    /// Maximum number of requests without a valid key that one address may send per minute; `None` for no limit.
    pub keyless_per_address: Option<u32>,
    /// Maximum number of requests without a valid key that one tenant accepts per minute; `None` for no limit.
    pub keyless_per_tenant: Option<u32>,
    /// Maximum number of days until a new admin token expires; `None` if tokens need not expire.
    pub admin_token_days: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyConfig {
    /// Proxies whose `X-Forwarded-For` is trusted.
    pub trusted: Vec<IpNet>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    pub format: LogFormat,
    /// A log level, or directives of `tracing_subscriber`'s `EnvFilter`.
    pub level: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenConfig {
    /// Name of the installation: the `iss` claim of its tokens.
    pub issuer: String,
    /// Number of days after which a signing key is replaced; `None` if signing keys are not replaced automatically.
    pub rotate_every_days: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditConfig {
    /// Number of days after which audit entries are deleted; `None` to keep all entries.
    pub retention_days: Option<u32>,
    pub forward: ForwardConfig,
}

/// Settings of audit forwarding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardConfig {
    pub targets: Vec<ForwardTarget>,
    /// File with the secret that signs requests to webhooks; required if a target is a webhook.
    pub secret_file: Option<PathBuf>,
    /// Networks to which webhooks may connect although their addresses are internal.
    pub networks: Vec<IpNet>,
    /// PEM file with the only CA certificates that are trusted for webhooks; `None` if those of the system are trusted.
    pub ca: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeConfig {
    /// Interval of scheduled probes; `None` if no probes are scheduled.
    pub every: Option<Duration>,
    /// File with the tenants to probe and their API keys; required if probes are scheduled.
    pub keys_file: Option<PathBuf>,
    /// URL of the public API, or `unix:` and the path of its socket; `None` for the server's own public address.
    pub url: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupConfig {
    /// Interval of scheduled backups; `None` if no backups are scheduled.
    pub every: Option<Duration>,
    /// Number of scheduled backups to keep.
    pub keep: usize,
    /// Folder of scheduled backups.
    pub dir: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheConfig {
    /// Maximum number of cached tenants.
    pub tenants: usize,
    /// Maximum number of cached verified keys.
    pub verified_keys: usize,
}

impl Settings {
    /// Reads the settings file, if there is one, and resolves the settings.
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

    /// Resolves the settings from the given sources. Reads no files except those that contain the value of a single
    /// setting, such as the file that `database.url_file` names. Precedence: flag, environment variable, file, default.
    ///
    /// An empty environment variable counts as not set, because Docker Compose files produce such variables. Unknown
    /// variables that begin with `DOORWARD_` are errors, except variables of the other programs of this project and
    /// variables that Kubernetes sets for services.
    pub fn resolve(
        flags: &Flags,
        env: &BTreeMap<String, String>,
        file: Option<ConfigFile<'_>>,
    ) -> Result<Self, ConfigError> {
        Self::resolve_with(flags, env, file, RENAMED)
    }

    /// Like [`Self::resolve`], but with the given table of old names.
    fn resolve_with(
        flags: &Flags,
        env: &BTreeMap<String, String>,
        file: Option<ConfigFile<'_>>,
        renamed: &[Renamed],
    ) -> Result<Self, ConfigError> {
        let mut values = Values::collect(flags, env, file, renamed);
        let data = DataConfig::read(&mut values);
        let tls = TlsConfig::read(&mut values);
        let server = ServerConfig::read(&mut values, matches!(tls, Some(None)));
        if let (Some(Some(tls)), Some(server)) = (&tls, &server) {
            tls.refuse_unix_sockets(server, &mut values);
        }
        let database = DatabaseConfig::read(&mut values, data.as_ref());
        let limits = LimitsConfig::read(&mut values);
        let expected = "a list of addresses and networks like 10.0.0.1 or 10.0.0.0/8";
        let proxy = values.read_or_explain("proxy.trusted", expected, parse::networks);
        let format = values.read("log.format", "json or text", parse::log_format);
        let level = values.read("log.level", "a level like info, or directives like info,doorward=debug", parse::level);
        let issuer =
            values.read("token.issuer", "a name of 1 to 256 characters without control characters", parse::name);
        let rotate_every_days = values.read("token.rotate_every", "an age from 1d to 3650d, or off", parse::age);
        let retention_days = values.read("audit.retention_days", "a number of days, or forever", parse::days);
        let forward = ForwardConfig::read(&mut values);
        let is_unix = server.as_ref().is_some_and(|server| server.public_addr.is_unix());
        let probe = ProbeConfig::read(&mut values, matches!(tls, Some(Some(_))) && !is_unix);
        let backup = BackupConfig::read(&mut values, data.as_ref(), database.as_ref());
        let tenants = values.read_number("cache.tenants", 1, 10_000_000);
        let verified_keys = values.read_number("cache.verified_keys", 1, 10_000_000);
        let expected = "empty, or the URL of a collector like http://127.0.0.1:4318";
        let endpoint = values.read_or_explain("traces.endpoint", expected, parse::optional_endpoint);
        let ratio = values.read("traces.ratio", "a number from 0 to 1", parse::ratio);
        let traces = endpoint.zip(ratio).map(|(url, ratio)| url.map(|endpoint| TracesSettings { endpoint, ratio }));
        let (effective, warnings, problems) = values.finish();
        let settings = || {
            Some(Self {
                server: server?,
                tls: tls?,
                data: data?,
                database: database?,
                limits: limits?,
                proxy: ProxyConfig { trusted: proxy? },
                log: LogConfig { format: format?, level: level? },
                token: TokenConfig { issuer: issuer?, rotate_every_days: rotate_every_days? },
                audit: AuditConfig { retention_days: retention_days?, forward: forward? },
                probe: probe?,
                backup: backup?,
                cache: CacheConfig { tenants: tenants?, verified_keys: verified_keys? },
                traces: traces?,
                effective,
                warnings,
            })
        };
        match settings() {
            Some(settings) if problems.is_empty() => Ok(settings),
            _ => Err(ConfigError { problems }),
        }
    }
}

impl ServerConfig {
    fn read(values: &mut Values, is_plain_http: bool) -> Option<Self> {
        let expected = "an address like 127.0.0.1:8000 or unix:/run/doorward/public.sock";
        let public_addr = values.read_or_explain("server.public_addr", expected, str::parse::<ListenAddress>);
        let expected = "an address like 127.0.0.1:8001 or unix:/run/doorward/admin.sock";
        let admin_addr = values.read_or_explain("server.admin_addr", expected, str::parse::<ListenAddress>);
        let workers =
            values.read("server.workers", "a number from 1 to 1024, or auto", |text| parse::auto(text, 1..=1024));
        let max_connections = values.read("server.max_connections", "a number from 16 to 1000000, or auto", |text| {
            parse::auto(text, 16..=1_000_000)
        });
        let drain = values.read("server.drain", "a time like 2s, from 0s to 1h", parse::pause);
        let shutdown_timeout = values.read_duration("server.shutdown_timeout");
        if let (Some(public), Some(admin)) = (&public_addr, &admin_addr)
            && public == admin
            && !public.is_shareable()
        {
            values.refuse("server.admin_addr", "an address of its own: server.public_addr has the same one");
        }
        let allows_plain_http = values.read("server.admin_plain_http", "true or false", |text| text.parse().ok());
        if is_plain_http
            && allows_plain_http == Some(false)
            && admin_addr.as_ref().is_some_and(|address| !address.is_local())
        {
            values.refuse(
                "server.admin_addr",
                "a loopback address or a Unix socket: others could read admin tokens. Set tls.certificate and tls.key, or \
                 server.admin_plain_http = true if a proxy or the network encrypts the connections",
            );
        }
        Some(Self {
            public_addr: public_addr?,
            admin_addr: admin_addr?,
            workers: workers?,
            max_connections: max_connections?,
            drain: drain?,
            shutdown_timeout: shutdown_timeout?,
        })
    }
}

impl TlsConfig {
    /// Returns `None` if a setting is invalid, and `Some(None)` if no file is set.
    fn read(values: &mut Values) -> Option<Option<Self>> {
        let mut file = |key| values.read_or_explain(key, "the path of a PEM file", parse::optional_path);
        let (certificate, key, client_ca) = (file("tls.certificate")?, file("tls.key")?, file("tls.client_ca")?);
        match (certificate, key) {
            (Some(certificate), Some(key)) => return Some(Some(Self { certificate, key, client_ca })),
            (None, None) if client_ca.is_none() => return Some(None),
            (None, _) => {
                values.refuse("tls.certificate", "the path of a PEM file, because other settings of TLS are set")
            }
            (_, None) => values.refuse("tls.key", "the path of a PEM file, because tls.certificate is set"),
        }
        None
    }

    /// Refuses TLS settings that have no effect because an API listens on a Unix socket, which does not use TLS.
    fn refuse_unix_sockets(&self, server: &ServerConfig, values: &mut Values) {
        if server.public_addr.is_unix() && server.admin_addr.is_unix() {
            values.refuse("tls.certificate", "needed, because both APIs listen on Unix sockets, which use no TLS");
        } else if self.client_ca.is_some() && server.admin_addr.is_unix() {
            values.refuse(
                "tls.client_ca",
                "possible with a Unix socket in server.admin_addr, whose clients present no certificate",
            );
        }
    }
}

impl DataConfig {
    fn read(values: &mut Values) -> Option<Self> {
        let dir = values.read_or_explain("data.dir", "the path of a folder", parse::path);
        let file = values.read_or_explain("master_key.file", "the path of a file", parse::optional_path);
        let number = "the number of a file descriptor that is open for reading";
        let descriptor = values.read("master_key.descriptor", number, parse::descriptor);
        let words = "a program with its arguments, as a list of strings or as words separated by spaces";
        let command = values.read("master_key.command", words, parse::command);
        let (dir, file, descriptor, command) = (dir?, file?, descriptor?, command?);
        let master_key = match (file, descriptor, command) {
            (None, None, None) => MasterKeyOrigin::DataFolder(dir.join("master.key")),
            (Some(path), None, None) => MasterKeyOrigin::File(path),
            (None, Some(number), None) => MasterKeyOrigin::Descriptor(number),
            (None, None, Some(words)) => MasterKeyOrigin::Command(words),
            (_, _, command) => {
                let key = if command.is_some() { "master_key.command" } else { "master_key.descriptor" };
                values.refuse(key, "the only setting of the master key: set one of file, descriptor and command");
                return None;
            }
        };
        Some(Self { dir, master_key })
    }
}

impl DatabaseConfig {
    fn read(values: &mut Values, data: Option<&DataConfig>) -> Option<Self> {
        // The default of `database.url` depends on the setting `data.dir`. If `data.dir` is invalid, only its problem
        // is reported.
        let folder = data.map(|data| data.dir.clone()).unwrap_or_default();
        values.set_default("database.url", &folder.join("doorward.db").to_string_lossy());
        let expected = "the path of a SQLite file, or a URL like postgres://user:password@host/name";
        let url = values.read_or_explain("database.url", expected, str::parse::<DatabaseUrl>);
        let expected = "empty, or a URL like postgres://user:password@host/name";
        let listen_url = values.read_or_explain("database.listen_url", expected, parse::optional_postgres_url);
        let connections = values.read_number("database.connections", 1, 1000);
        let acquire_timeout = values.read_duration("database.acquire_timeout");
        let statement_timeout = values.read_duration("database.statement_timeout");
        let write_queue = values.read_number("database.write_queue", 1, 1_000_000);
        Some(Self {
            url: url?,
            listen_url: listen_url?,
            connections: connections?,
            acquire_timeout: acquire_timeout?,
            statement_timeout: statement_timeout?,
            write_queue: write_queue?,
        })
    }
}

impl ForwardConfig {
    fn read(values: &mut Values) -> Option<Self> {
        let expected = "a list of at most 8 different receivers: https:// URLs, file:/path, stdout";
        let targets = values.read_or_explain("audit.forward", expected, parse::forward_targets);
        let secret_file =
            values.read_or_explain("audit.forward_secret_file", "the path of a file", parse::optional_path);
        let expected = "a list of addresses and networks like 10.0.0.1 or 10.0.0.0/8";
        let networks = values.read_or_explain("audit.forward_networks", expected, parse::networks);
        let ca = values.read_or_explain("audit.forward_ca", "the path of a PEM file", parse::optional_path);
        let has_webhook = |targets: &[ForwardTarget]| targets.iter().any(|it| matches!(it, ForwardTarget::Webhook(_)));
        if secret_file == Some(None) && targets.as_deref().is_some_and(has_webhook) {
            values.refuse("audit.forward_secret_file", "the path of a file, because audit.forward contains a URL");
        }
        Some(Self { targets: targets?, secret_file: secret_file?, networks: networks?, ca: ca? })
    }
}

impl ProbeConfig {
    fn read(values: &mut Values, has_tls: bool) -> Option<Self> {
        let every = values.read("probe.every", "a time like 5m or 1h, from 1s to 365d, or off", parse::interval)?;
        let keys_file = values.read_or_explain("probe.keys_file", "the path of a file", parse::optional_path)?;
        let expected = "empty, or a URL like https://passkeys.example.com or unix:/run/doorward/public.sock";
        let url = values.read_or_explain("probe.url", expected, parse::optional_server_url)?;
        if every.is_some() && keys_file.is_none() {
            values.refuse("probe.keys_file", "the path of a file, because probe.every is set");
        }
        if every.is_some() && has_tls && url.is_none() {
            values.refuse("probe.url", "a URL with the name in the certificate, because tls.certificate is set");
        }
        Some(Self { every, keys_file, url })
    }
}

impl BackupConfig {
    fn read(values: &mut Values, data: Option<&DataConfig>, database: Option<&DatabaseConfig>) -> Option<Self> {
        let every = values.read("backup.every", "a time like 6h or 1d, from 1s to 365d, or off", parse::interval);
        let keep = values.read_number("backup.keep", 1, 10_000);
        let dir = values.read_or_explain("backup.dir", "the path of a folder", parse::optional_path);
        if every.is_some_and(|every| every.is_some())
            && database.is_some_and(|database| matches!(database.url, DatabaseUrl::Postgres(_)))
        {
            values.refuse(
                "backup.every",
                "off, because the database is PostgreSQL: use pg_dump, or archive its write-ahead log",
            );
        }
        let default = || data.map(|data| data.dir.join("backups")).unwrap_or_default();
        Some(Self { every: every?, keep: keep?, dir: dir?.unwrap_or_else(default) })
    }
}

impl LimitsConfig {
    fn read(values: &mut Values) -> Option<Self> {
        let body_bytes = values.read("limits.body_bytes", "a size like 256KiB, from 1KiB to 64MiB", parse::size);
        let header_timeout = values.read_duration("limits.header_timeout");
        let body_timeout = values.read_duration("limits.body_timeout");
        let json_depth = values.read_number("limits.json_depth", 4, 128);
        let rate = "a number of requests per minute from 1 to 4294967295, or off";
        let keyless_per_address = values.read("limits.keyless_per_address", rate, parse::rate);
        let keyless_per_tenant = values.read("limits.keyless_per_tenant", rate, parse::rate);
        let days = "a time from 1d to 3650d, or off";
        let admin_token_days = values.read("limits.admin_token_lifetime", days, parse::age);
        Some(Self {
            body_bytes: body_bytes?,
            header_timeout: header_timeout?,
            body_timeout: body_timeout?,
            json_depth: json_depth?,
            keyless_per_address: keyless_per_address?,
            keyless_per_tenant: keyless_per_tenant?,
            admin_token_days: admin_token_days?,
        })
    }
}
