//! Opens an installation according to the settings.

use std::{
    collections::BTreeMap, fs, net::TcpListener, num::NonZeroUsize, os::unix::fs::PermissionsExt as _, path::Path,
    time::Duration,
};

use doorward_shared::ErrorCode;

use super::{CliError, connection_limit};
use crate::{
    app::AppSettings,
    backup::Plan,
    config::{BackupConfig, DatabaseUrlText, Flags, ForwardConfig, Settings},
    crypto::{MasterKeySource, PlainSecret},
    db::{Database, DatabaseOptions, DatabaseUrl, DatabaseUrlError, DbError},
    domain::listen_address::ListenAddress,
    forwarding::{AllowedNetworks, Targets, WebhookOptions},
    installation::{self, Installation, Location, OpenError, Purpose},
    net::{BoundSocket, UnixSocket, descriptors},
    server::Listening,
    service::ServiceError,
    telemetry::{self, Log, StartError},
};

/// Time after which an idle connection is closed.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Time after which a response that the client does not read is aborted.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Minimum delay of a response that rejects an API key or admin token. The maximum is twice as long.
const WRONG_KEY_DELAY: Duration = Duration::from_millis(500);
/// Minimum length in bytes of the secret that signs requests to webhooks.
const MIN_FORWARD_SECRET: usize = 32;

/// Settings whose value is the path of a file with a secret.
const FILES_WITH_SECRETS: [&str; 5] =
    ["tls.key", "database.url_file", "database.listen_url_file", "audit.forward_secret_file", "probe.keys_file"];

/// Reads the settings from flags, the environment and the settings file.
pub(super) fn settings(flags: &Flags) -> Result<Settings, CliError> {
    let env: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    Settings::load(flags, &env).map_err(|error| CliError::usage(error.to_string()))
}

/// Returns the warnings about valid settings. The log and the output of `check-config` contain them.
pub(super) fn warnings(settings: &Settings) -> Vec<String> {
    [settings.warnings.clone(), public_secrets(settings)].concat()
}

/// Returns a warning for each file with a secret that every user of the machine can read. Such a file is not an error,
/// because Kubernetes mounts secrets that way.
fn public_secrets(settings: &Settings) -> Vec<String> {
    let is_public = |path: &str| fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0);
    let files = settings.effective.iter().filter(|one| FILES_WITH_SECRETS.contains(&one.key));
    let public = files.filter(|one| !one.value.is_empty() && is_public(&one.value));
    public.map(|one| format!("{}: every user of this machine can read the file {}", one.key, one.value)).collect()
}

/// Starts logging. Logging ends when the returned value is dropped, so keep it until the process ends.
pub(super) fn log(settings: &Settings) -> Result<Log, CliError> {
    let log = &settings.log;
    telemetry::start(log.format, &log.level).map_err(|error| match error {
        StartError::Level(_) => CliError::usage(error.to_string()),
        StartError::Thread(_) => CliError::new(error.to_string()),
    })
}

/// Opens the installation, or creates it if the purpose allows it.
pub(super) async fn open(settings: &Settings, purpose: Purpose) -> Result<Installation, CliError> {
    installation::open(&location(settings), database_options(settings)?, app_settings(settings), purpose)
        .await
        .map_err(not_opened)
}

/// Returns where the files of the installation are. Call this function only once per command, because some origins of
/// the master key can be read only once.
pub(super) fn location(settings: &Settings) -> Location {
    let data = &settings.data;
    Location { data_dir: data.dir.clone(), master_key: MasterKeySource::new(data.master_key.clone()) }
}

/// Converts an error of opening an installation. If a retry may succeed, the exit code is that of `Unavailable`.
pub(super) fn not_opened(error: OpenError) -> CliError {
    let message = error.to_string();
    match error {
        OpenError::Database(DbError::Unavailable(_)) | OpenError::Create(ServiceError::Unavailable(_)) => {
            CliError::with_code(ErrorCode::Unavailable, message)
        }
        _ => CliError::new(message),
    }
}

/// Returns the options of the database. Also checks the URLs as far as this is possible without a connection.
pub(super) fn database_options(settings: &Settings) -> Result<DatabaseOptions, CliError> {
    let options = DatabaseOptions {
        // SQLite opens two connections per reader.
        readers: settings.database.connections.div_ceil(2),
        listen_url: settings.database.listen_url.clone(),
        connections: settings.database.connections,
        write_queue: settings.database.write_queue,
        wait: settings.database.acquire_timeout,
        statement_timeout: settings.database.statement_timeout,
        ..DatabaseOptions::new(settings.database.url.clone())
    };
    let wrong = |key: &str, error: DatabaseUrlError| {
        let source = settings.effective.iter().find(|one| one.key == key).map(|one| one.source.to_string());
        CliError::usage(format!("{key} ({}): {error}", source.unwrap_or_default()))
    };
    Database::check_options(&options).map_err(|error| wrong("database.url", error))?;
    Database::check_listen_url(&options).map_err(|error| wrong("database.listen_url", error))?;
    Ok(options)
}

/// Returns the options of the database that a flag such as `--from` names. The error names the flag but not its value,
/// because the value may contain a password.
pub(super) fn options_of_flag(flag: &str, url: &DatabaseUrlText) -> Result<DatabaseOptions, CliError> {
    let failed = |error: DatabaseUrlError| {
        CliError::usage(format!(
            "{flag}: must be the path of a SQLite file, or a URL like postgres://user:password@host/name: {error}"
        ))
    };
    let options = DatabaseOptions::new(url.expose().parse().map_err(failed)?);
    Database::check_options(&options).map_err(failed)?;
    Ok(options)
}

pub(super) fn app_settings(settings: &Settings) -> AppSettings {
    let limits = &settings.limits;
    AppSettings {
        issuer: settings.token.issuer.clone(),
        body_limit: limits.body_bytes,
        body_timeout: limits.body_timeout,
        trusted_proxies: settings.proxy.trusted.clone(),
        json_depth: limits.json_depth,
        visits_per_address: limits.keyless_per_address,
        visits_per_tenant: limits.keyless_per_tenant,
        rotate_every_days: settings.token.rotate_every_days,
        admin_token_days: limits.admin_token_days,
        audit_retention_days: settings.audit.retention_days,
        audit_forward: settings.audit.forward.targets.clone(),
        backup: backup_plan(settings),
        wrong_key_delay: WRONG_KEY_DELAY,
        tenant_cache: settings.cache.tenants,
        key_cache: settings.cache.verified_keys,
        traces: settings.traces.clone(),
    }
}

/// Prepares the targets of audit forwarding, and reads the files that webhooks need.
pub(super) fn forward_targets(settings: &Settings) -> Result<Targets, CliError> {
    let ForwardConfig { targets, secret_file, networks, ca } = &settings.audit.forward;
    let read = |key: &str, path: &Path| {
        std::fs::read(path).map_err(|error| CliError::usage(format!("{key}: {}: {error}", path.display())))
    };
    let webhooks = match secret_file {
        Some(path) => {
            let key = "audit.forward_secret_file";
            let text = String::from_utf8(read(key, path)?).unwrap_or_default();
            if text.trim().len() < MIN_FORWARD_SECRET {
                let path = path.display();
                let problem = format!("{key}: {path}: must contain a text of at least {MIN_FORWARD_SECRET} characters");
                return Err(CliError::usage(problem));
            }
            let secret = PlainSecret::new(text.trim().to_owned());
            let ca = ca.as_deref().map(|path| read("audit.forward_ca", path)).transpose()?;
            Some(WebhookOptions { secret, networks: AllowedNetworks::new(networks.clone()), ca })
        }
        None => None,
    };
    Targets::new(targets, webhooks.as_ref()).map_err(|reason| CliError::usage(format!("audit.forward_ca: {reason}")))
}

fn backup_plan(settings: &Settings) -> Option<Plan> {
    let BackupConfig { every, keep, dir } = &settings.backup;
    let DatabaseUrl::Sqlite(database) = &settings.database.url else { return None };
    Some(Plan { database: database.clone(), folder: dir.clone(), every: (*every)?, keep: *keep })
}

/// Returns the limits of the listeners. Raises the limit of open files as far as the system allows.
pub(super) fn listening(settings: &Settings) -> Result<Listening, CliError> {
    let workers = settings.server.workers.unwrap_or_else(cores);
    let reserved = connection_limit::reserved(workers, settings.database.connections);
    let max_connections =
        connection_limit::of_each_api(descriptors::raise_limit(), reserved, settings.server.max_connections)?;
    Ok(Listening {
        workers,
        head_timeout: settings.limits.header_timeout,
        keep_alive: KEEP_ALIVE,
        write_timeout: WRITE_TIMEOUT,
        max_connections,
    })
}

/// Listens on an address. `mode` contains the permissions of a Unix socket. The error names the setting.
pub(super) fn bind(setting: &str, address: &ListenAddress, mode: u32) -> Result<BoundSocket, CliError> {
    let failed =
        |error: &dyn std::fmt::Display| CliError::new(format!("{setting}: cannot listen on {address}: {error}"));
    match address {
        ListenAddress::Tcp(tcp) => TcpListener::bind(tcp).map(BoundSocket::Tcp).map_err(|error| failed(&error)),
        ListenAddress::Unix(path) => {
            UnixSocket::bind(path, mode).map(BoundSocket::Unix).map_err(|error| failed(&error))
        }
    }
}

/// Returns an error if a file that is not a socket exists at the path of a Unix socket.
pub(super) fn check_sockets(settings: &Settings) -> Result<(), CliError> {
    let server = &settings.server;
    for (setting, address) in [("server.public_addr", &server.public_addr), ("server.admin_addr", &server.admin_addr)] {
        if let ListenAddress::Unix(path) = address {
            UnixSocket::check(path).map_err(|error| CliError::usage(format!("{setting}: {error}")))?;
        }
    }
    Ok(())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_names_of_settings_are_reported() {
        let mut settings = Settings::resolve(&Flags::default(), &BTreeMap::new(), None).unwrap();
        assert_eq!(warnings(&settings), [""; 0]);
        settings.warnings.push("DOORWARD_OLD is the old name of a setting".to_owned());
        assert_eq!(warnings(&settings), settings.warnings);
    }
}
