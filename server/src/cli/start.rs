//! Opens an installation according to the settings.

use std::{collections::BTreeMap, net::TcpListener, num::NonZeroUsize, sync::Arc, time::Duration};

use super::CliError;
use crate::{
    app::{App, AppSettings},
    config::{Flags, Settings},
    db::{DatabaseOptions, DatabaseUrl},
    installation,
    server::Listening,
    telemetry,
};

/// Time after which an idle connection is closed.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Minimum delay of a response that rejects an API key or admin token. The maximum is twice as long.
const WRONG_KEY_DELAY: Duration = Duration::from_millis(500);

/// Reads the settings from flags, the environment and the settings file.
pub(super) fn settings(flags: &Flags) -> Result<Settings, CliError> {
    let env: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    Settings::load(flags, &env).map_err(|error| CliError::usage(error.to_string()))
}

pub(super) fn log(settings: &Settings) -> Result<(), CliError> {
    let log = &settings.log;
    telemetry::start(log.format, &log.level).map_err(|error| CliError::usage(format!("log.level: {error}")))
}

pub(super) async fn open(settings: &Settings) -> Result<Arc<App>, CliError> {
    let url: DatabaseUrl =
        settings.database.url.expose().parse().map_err(|error| CliError::usage(format!("database.url: {error}")))?;
    let options = DatabaseOptions {
        // SQLite opens two connections per reader.
        readers: settings.database.connections.div_ceil(2),
        connections: settings.database.connections,
        write_queue: settings.database.write_queue,
        wait: settings.database.acquire_timeout,
        statement_timeout: settings.database.statement_timeout,
        ..DatabaseOptions::new(url)
    };
    installation::open(&settings.data.dir, options, app_settings(settings))
        .await
        .map_err(|error| CliError::new(error.to_string()))
}

fn app_settings(settings: &Settings) -> AppSettings {
    let limits = &settings.limits;
    AppSettings {
        issuer: settings.token.issuer.clone(),
        body_limit: limits.body_bytes,
        body_timeout: limits.body_timeout,
        trusted_proxies: settings.proxy.trusted.clone(),
        json_depth: limits.json_depth,
        visits_per_address: limits.keyless_per_address,
        visits_per_tenant: limits.keyless_per_tenant,
        audit_retention_days: settings.audit.retention_days,
        wrong_key_delay: WRONG_KEY_DELAY,
        tenant_cache: settings.cache.tenants,
        key_cache: settings.cache.verified_keys,
    }
}

pub(super) fn listening(settings: &Settings) -> Listening {
    Listening {
        workers: settings.server.workers.unwrap_or_else(cores),
        head_timeout: settings.limits.header_timeout,
        keep_alive: KEEP_ALIVE,
        grace: settings.server.shutdown_timeout,
    }
}

/// Listens on an address. The error names the setting that contains the address.
pub(super) fn bind(setting: &str, address: std::net::SocketAddr) -> Result<TcpListener, CliError> {
    TcpListener::bind(address).map_err(|error| CliError::new(format!("{setting}: cannot listen on {address}: {error}")))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
