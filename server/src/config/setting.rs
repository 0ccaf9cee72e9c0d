//! The table of all settings. `check-config` prints it, and a test compares it with docs/operations.md.

use doorward_shared::environment;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Name in the file (`section.key`) and in messages.
    pub key: &'static str,
    pub variable: &'static str,
    pub flag: Option<&'static str>,
    pub default: &'static str,
    pub help: &'static str,
}

const fn setting(key: &'static str, variable: &'static str, default: &'static str, help: &'static str) -> Setting {
    Setting { key, variable, flag: None, default, help }
}

const fn flagged(
    key: &'static str,
    variable: &'static str,
    flag: &'static str,
    default: &'static str,
    help: &'static str,
) -> Setting {
    Setting { key, variable, flag: Some(flag), default, help }
}

#[rustfmt::skip]
pub const SETTINGS: &[Setting] = &[
    flagged("server.public_addr", "DOORWARD_PUBLIC_ADDR", "--public-addr", "127.0.0.1:8000", "address of the public API, or unix: and the path of a socket"),
    flagged("server.admin_addr", "DOORWARD_ADMIN_ADDR", "--admin-addr", "127.0.0.1:8001", "address of the admin API, or unix: and the path of a socket"),
    setting("server.workers", "DOORWARD_WORKERS", "auto", "threads that serve requests of the public API; auto: one per core"),
    setting("server.max_connections", "DOORWARD_MAX_CONNECTIONS", "auto", "open connections of each API, at most half of them from one address (IPv6: one /64); auto: as the limit of open files allows, at most 8192"),
    setting("server.drain", "DOORWARD_DRAIN", "2s", "time after SIGTERM in which requests are served while readiness fails"),
    setting("server.shutdown_timeout", "DOORWARD_SHUTDOWN_TIMEOUT", "30s", "maximum time for requests in progress to finish after the listeners were closed"),
    setting("server.admin_plain_http", "DOORWARD_ADMIN_PLAIN_HTTP", "false", "true: the admin API may listen without TLS on an address that is not a loopback address"),
    setting("tls.certificate", "DOORWARD_TLS_CERTIFICATE", "", "PEM file with the certificate of both APIs and its intermediate certificates, not used for Unix sockets; empty: no TLS"),
    setting("tls.key", "DOORWARD_TLS_KEY", "", "PEM file with the private key of the certificate"),
    setting("tls.client_ca", "DOORWARD_TLS_CLIENT_CA", "", "PEM file with CA certificates; if set, clients of the admin API must present a certificate of one of these authorities"),
    flagged("data.dir", "DOORWARD_DATA_DIR", "--data-dir", "./data", "folder of the master key and the embedded database"),
    setting("master_key.file", "DOORWARD_MASTER_KEY_FILE", "", "file of 32 bytes with the master key, which must exist; empty: master.key in data.dir, which is created with a new installation"),
    setting("master_key.descriptor", "DOORWARD_MASTER_KEY_DESCRIPTOR", "", "number of an open file descriptor from which the master key is read, as 32 bytes or in Base64"),
    setting("master_key.command", "DOORWARD_MASTER_KEY_COMMAND", "", "program that prints the master key as 32 bytes or in Base64, with its arguments: a list, or words separated by spaces"),
    flagged("database.url", "DOORWARD_DATABASE_URL", "--database-url", "", "path or postgres:// URL; empty: doorward.db in data.dir"),
    setting("database.url_file", "DOORWARD_DATABASE_URL_FILE", "", "file with the value of database.url"),
    setting("database.listen_url", "DOORWARD_DATABASE_LISTEN_URL", "", "postgres:// URL of a direct connection for locks and notifications, if database.url leads to a connection pooler"),
    setting("database.listen_url_file", "DOORWARD_DATABASE_LISTEN_URL_FILE", "", "file with the value of database.listen_url"),
    setting("database.connections", "DOORWARD_DATABASE_CONNECTIONS", "10", "connections of the pool (PostgreSQL) or for reading (SQLite)"),
    setting("database.acquire_timeout", "DOORWARD_DATABASE_ACQUIRE_TIMEOUT", "2s", "maximum time to wait for a connection; then 503"),
    setting("database.statement_timeout", "DOORWARD_DATABASE_STATEMENT_TIMEOUT", "10s", "maximum time for one statement (PostgreSQL only)"),
    setting("database.write_queue", "DOORWARD_DATABASE_WRITE_QUEUE", "4096", "maximum number of queued writes; above it 503"),
    setting("limits.body_bytes", "DOORWARD_BODY_BYTES", "256KiB", "maximum size of a request body"),
    setting("limits.header_timeout", "DOORWARD_HEADER_TIMEOUT", "5s", "maximum time for a client to send a request head"),
    setting("limits.body_timeout", "DOORWARD_BODY_TIMEOUT", "10s", "maximum time for a client to send a request body"),
    setting("limits.json_depth", "DOORWARD_JSON_DEPTH", "64", "maximum nesting depth of JSON in requests"),
    setting("limits.keyless_per_address", "DOORWARD_KEYLESS_PER_ADDRESS", "600", "requests per minute without a valid API key or admin token from one address (IPv6: one /64); the addresses of an IPv4 /24 or IPv6 /48 together may send eight times as many; off: no limit"),
    setting("limits.keyless_per_tenant", "DOORWARD_KEYLESS_PER_TENANT", "60000", "requests per minute to one tenant without a valid API key; requests for its public keys (JWKS) and its related origins do not count; off: no limit"),
    setting("limits.admin_token_lifetime", "DOORWARD_ADMIN_TOKEN_LIFETIME", "off", "maximum time until a new admin token expires, for example 90d; off: tokens need not expire"),
    setting("proxy.trusted", "DOORWARD_TRUSTED_PROXIES", "", "addresses and networks of proxies whose X-Forwarded-For is trusted"),
    setting("log.format", "DOORWARD_LOG_FORMAT", "json", "json, or text for people"),
    setting("log.level", "DOORWARD_LOG_LEVEL", "info", "error, warn, info, debug, trace, or directives like info,doorward=debug"),
    setting("token.issuer", "DOORWARD_TOKEN_ISSUER", "doorward", "iss of tokens: name of the installation"),
    setting("token.rotate_every", "DOORWARD_TOKEN_ROTATE_EVERY", "off", "age at which a tenant's signing key is replaced, for example 90d; off: only administrators replace keys"),
    setting("audit.retention_days", "DOORWARD_AUDIT_RETENTION_DAYS", "forever", "days after which audit entries are deleted"),
    setting("audit.forward", "DOORWARD_AUDIT_FORWARD", "", "receivers of all audit entries: https:// URLs, file:/path, stdout; empty: none"),
    setting("audit.forward_secret_file", "DOORWARD_AUDIT_FORWARD_SECRET_FILE", "", "file with the secret that signs requests to webhooks; needed for https:// URLs"),
    setting("audit.forward_networks", "DOORWARD_AUDIT_FORWARD_NETWORKS", "", "networks with internal addresses to which webhooks may connect"),
    setting("audit.forward_ca", "DOORWARD_AUDIT_FORWARD_CA", "", "PEM file with the only CA certificates that webhooks trust; empty: those of the system"),
    setting("probe.every", "DOORWARD_PROBE_EVERY", "off", "interval in which the server probes itself, like 5m; off: never"),
    setting("probe.keys_file", "DOORWARD_PROBE_KEYS_FILE", "", "file with the tenants to probe: on each line the id, an API key and optionally an origin"),
    setting("probe.url", "DOORWARD_PROBE_URL", "", "URL of the public API for probes, or unix: and the path of its socket; empty: server.public_addr; needed with TLS"),
    setting("backup.every", "DOORWARD_BACKUP_EVERY", "off", "interval of scheduled backups of the embedded database, like 6h or 1d; off: none"),
    setting("backup.keep", "DOORWARD_BACKUP_KEEP", "7", "number of scheduled backups to keep"),
    setting("backup.dir", "DOORWARD_BACKUP_DIR", "", "folder of scheduled backups; empty: backups in data.dir"),
    setting("cache.tenants", "DOORWARD_CACHE_TENANTS", "10000", "maximum number of cached tenants"),
    setting("cache.verified_keys", "DOORWARD_CACHE_VERIFIED_KEYS", "50000", "maximum number of cached verified keys, about 100 bytes each"),
    setting("traces.endpoint", "DOORWARD_TRACES_ENDPOINT", "", "URL of an OpenTelemetry collector (OTLP over HTTP) like http://127.0.0.1:4318; empty: no traces"),
    setting("traces.ratio", "DOORWARD_TRACES_RATIO", "1", "share of the requests that are recorded, from 0 to 1, unless a trusted proxy decides"),
];

/// Pairs of settings. The first setting may contain a secret. The second one is the path of a file with the value of
/// the first.
pub const SECRET_FILES: &[(&str, &str)] =
    &[("database.url", "database.url_file"), ("database.listen_url", "database.listen_url_file")];

pub fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// Returns whether a variable `DOORWARD_…` is known not to be a setting: another program of this project or the test
/// suite reads it, or Kubernetes has set it. For each service of a namespace, Kubernetes sets variables such as
/// `DOORWARD_SERVICE_HOST`, `DOORWARD_PORT=tcp://…` and `DOORWARD_ADMIN_PORT_8001_TCP_ADDR`.
pub fn is_foreign(variable: &str, value: &str) -> bool {
    let of_this_project = environment::ADMIN_APP
        .iter()
        .chain(&environment::COMMANDS)
        .chain(&environment::DEVELOPMENT)
        .any(|name| *name == variable);
    let of_service = || {
        variable.contains("_SERVICE_HOST")
            || variable.contains("_SERVICE_PORT")
            || (variable.ends_with("_PORT") && value.contains("://"))
            || ["_TCP", "_UDP", "_SCTP"].iter().any(|protocol| {
                variable.split_once("_PORT_").is_some_and(|(_, rest)| {
                    let digits = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
                    digits.len() < rest.len() && digits.starts_with(protocol)
                })
            })
    };
    of_this_project || of_service()
}

/// Returns the candidate most similar to a misspelt name, if at most a third of the candidate's characters differ.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| distance * 3 <= candidate.len())
        .min()
        .map(|(_, candidate)| candidate)
}
