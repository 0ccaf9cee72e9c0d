//! THE table of settings: every name, default and meaning. Documentation and `check-config` are made from it.

/// One thing that can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its name in the file (`section.key`) and in messages.
    pub key: &'static str,
    /// Its variable.
    pub variable: &'static str,
    /// Its flag, where a command has one.
    pub flag: Option<&'static str>,
    /// Its value when it is set nowhere.
    pub default: &'static str,
    /// What it decides, in one line.
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

/// Every setting.
#[rustfmt::skip]
pub const SETTINGS: &[Setting] = &[
    flagged("server.public_addr", "DOORWARD_PUBLIC_ADDR", "--public-addr", "127.0.0.1:8000", "address of the public API"),
    flagged("server.admin_addr", "DOORWARD_ADMIN_ADDR", "--admin-addr", "127.0.0.1:8001", "address of the admin API"),
    setting("server.workers", "DOORWARD_WORKERS", "auto", "threads that serve requests; auto: one per core"),
    setting("server.shutdown_timeout", "DOORWARD_SHUTDOWN_TIMEOUT", "30s", "time for requests in flight when told to stop"),
    flagged("data.dir", "DOORWARD_DATA_DIR", "--data-dir", "./data", "folder of the master key and the embedded database"),
    flagged("database.url", "DOORWARD_DATABASE_URL", "--database-url", "", "path or postgres:// URL; empty: doorward.db in data.dir"),
    setting("database.connections", "DOORWARD_DATABASE_CONNECTIONS", "10", "connections of the pool (PostgreSQL) or for reading (SQLite)"),
    setting("database.acquire_timeout", "DOORWARD_DATABASE_ACQUIRE_TIMEOUT", "2s", "wait for a connection before answering 503"),
    setting("database.statement_timeout", "DOORWARD_DATABASE_STATEMENT_TIMEOUT", "10s", "time one statement may take"),
    setting("database.write_queue", "DOORWARD_DATABASE_WRITE_QUEUE", "4096", "writes that may wait before answering 503"),
    setting("limits.body_bytes", "DOORWARD_BODY_BYTES", "256KiB", "size of a request's body"),
    setting("limits.header_timeout", "DOORWARD_HEADER_TIMEOUT", "5s", "time a client has to send a request's head"),
    setting("limits.body_timeout", "DOORWARD_BODY_TIMEOUT", "10s", "time a client has to send a request's body"),
    setting("limits.json_depth", "DOORWARD_JSON_DEPTH", "64", "nesting of JSON in requests"),
    setting("limits.keyless_per_address", "DOORWARD_KEYLESS_PER_ADDRESS", "600", "requests a minute from one address (IPv6: one /64) without a good API key or admin token; off: no limit"),
    setting("limits.keyless_per_tenant", "DOORWARD_KEYLESS_PER_TENANT", "60000", "requests a minute to one tenant without a good API key; off: no limit"),
    setting("limits.hash_threads", "DOORWARD_HASH_THREADS", "auto", "threads that hash keys; auto: half the cores, 1 to 4"),
    setting("limits.hash_queue", "DOORWARD_HASH_QUEUE", "64", "keys that may wait to be hashed before answering 503"),
    setting("proxy.trusted", "DOORWARD_TRUSTED_PROXIES", "", "addresses and networks whose X-Forwarded-For is believed"),
    setting("log.format", "DOORWARD_LOG_FORMAT", "json", "json, or text for people"),
    setting("log.level", "DOORWARD_LOG_LEVEL", "info", "error, warn, info, debug, trace, or directives like info,doorward=debug"),
    setting("token.issuer", "DOORWARD_TOKEN_ISSUER", "doorward", "iss of tokens: the installation's name"),
    setting("audit.retention_days", "DOORWARD_AUDIT_RETENTION_DAYS", "forever", "days after which audit entries are deleted"),
    setting("cache.tenants", "DOORWARD_CACHE_TENANTS", "10000", "tenants kept in memory"),
    setting("cache.verified_keys", "DOORWARD_CACHE_VERIFIED_KEYS", "50000", "keys that need not be hashed again"),
];

/// The setting of that name.
#[must_use]
pub fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// Whether a variable that begins like a setting's belongs to someone else: other programs of the house, the test
/// suite, or Kubernetes, which describes each service of a namespace in variables named after it (`DOORWARD_SERVICE_HOST`,
/// `DOORWARD_PORT=tcp://…`, `DOORWARD_ADMIN_PORT_8001_TCP_ADDR`).
#[must_use]
pub fn is_foreign(variable: &str, value: &str) -> bool {
    const OTHERS: [&str; 9] = [
        super::CONFIG_VARIABLE,
        "DOORWARD_ADMIN_CA_FILE",
        "DOORWARD_ADMIN_CONFIG",
        "DOORWARD_ADMIN_PROFILE",
        "DOORWARD_ADMIN_TOKEN",
        "DOORWARD_ADMIN_TOKEN_FILE",
        "DOORWARD_ADMIN_URL",
        "DOORWARD_API_KEY",
        "DOORWARD_URL",
    ];
    const FAMILIES: [&str; 5] =
        ["DOORWARD_TEST_", "DOORWARD_LOAD_", "DOORWARD_MIGRATE_", "DOORWARD_PROBE_", "DOORWARD_DEMO_"];
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
    OTHERS.contains(&variable) || FAMILIES.iter().any(|family| variable.starts_with(family)) || of_service()
}

/// The candidate that was probably meant: at most a third of its letters differ.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, candidate)| distance * 3 <= candidate.len())
        .min()
        .map(|(_, candidate)| candidate)
}

/// Letters to add, drop or replace (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (number, letter) in from.chars().enumerate() {
        let mut next = vec![number + 1];
        for ((diagonal, above), other) in row.iter().zip(row.iter().skip(1)).zip(to.chars()) {
            let left = next.last().copied().unwrap_or_default();
            let replaced = diagonal + usize::from(letter != other);
            next.push(replaced.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
