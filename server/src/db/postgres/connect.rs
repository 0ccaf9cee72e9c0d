//! How to reach the server: its URL, TLS, and what every connection is told first.

use std::time::Duration;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tokio_postgres::{Client, Config, Socket, config::SslMode, tls::MakeTlsConnect};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::{error::DbError, options::DatabaseOptions};

/// After how long a silent server counts as gone.
const SILENCE: Duration = Duration::from_secs(10);

/// A server, and how to connect to it.
pub(crate) struct Target {
    config: Config,
    tls: MakeRustlsConnect,
    connect_timeout: Duration,
    first_statements: String,
}

type TlsStream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

impl Target {
    /// Reads the URL. Where TLS is used the server's certificate is always verified, against the system's roots or
    /// those in `sslrootcert`; `sslmode=verify-ca` and `verify-full` are thus `require`.
    pub(crate) fn new(url: &str, options: &DatabaseOptions) -> Result<Self, DbError> {
        let (plain, root_file) = split(url);
        let wrong = |reason: &dyn std::fmt::Display| DbError::Database(format!("the database URL: {reason}"));
        // The parser's message may repeat part of the URL, which may be a password's.
        let mut config: Config = plain.parse().map_err(|_| wrong(&"it is not a PostgreSQL connection URL"))?;
        config.connect_timeout(options.connect_timeout);
        // A server that died without a word is noticed within twice this time, even in the midst of a statement.
        config
            .tcp_user_timeout(SILENCE)
            .keepalives_idle(SILENCE)
            .keepalives_interval(SILENCE / 4)
            .keepalives_retries(4);
        if config.get_application_name().is_none() {
            config.application_name("doorward");
        }
        let mut roots = RootCertStore::empty();
        if let Some(file) = root_file {
            let certificates =
                CertificateDer::pem_file_iter(&file).map_err(|error| wrong(&format!("sslrootcert: {error}")))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| wrong(&format!("sslrootcert: {error}")))?;
                roots.add(certificate).map_err(|error| wrong(&format!("sslrootcert: {error}")))?;
            }
        } else if config.get_ssl_mode() != SslMode::Disable {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong(&error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // Time for each host: the first may be the one that is gone.
        let hosts = config.get_hosts().len().max(config.get_hostaddrs().len()).max(1);
        let connect_timeout = options.connect_timeout.saturating_mul(u32::try_from(hosts).unwrap_or(u32::MAX));
        Ok(Self {
            config,
            tls: MakeRustlsConnect::new(tls),
            connect_timeout,
            first_statements: format!(
                "SET statement_timeout = {0}; SET idle_in_transaction_session_timeout = {0}; \
                 SET client_min_messages = warning",
                options.statement_timeout.as_millis()
            ),
        })
    }

    /// A new connection and what drives it.
    pub(super) async fn open(&self) -> Result<(Client, tokio_postgres::Connection<Socket, TlsStream>), DbError> {
        match tokio::time::timeout(self.connect_timeout, self.config.connect(self.tls.clone())).await {
            Ok(Ok(both)) => Ok(both),
            Ok(Err(error)) => {
                // The cause (refused, wrong password, unknown issuer) is in the error's sources.
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
                Err(DbError::Unavailable(format!("{error}{cause}")))
            }
            Err(_) => Err(DbError::Unavailable("connecting took too long".to_owned())),
        }
    }

    /// A new connection for units of work, driven by the present runtime.
    pub(super) async fn connect(&self) -> Result<AsyncPgConnection, DbError> {
        let (client, connection) = self.open().await?;
        let mut conn = AsyncPgConnection::try_from_client_and_connection(client, connection)
            .await
            .map_err(|error| DbError::Unavailable(error.to_string()))?;
        conn.batch_execute(&self.first_statements).await?;
        Ok(conn)
    }
}

/// The URL as tokio-postgres reads it, and the file of roots: libpq's `sslrootcert` and `verify-…` it does not know.
fn split(url: &str) -> (String, Option<String>) {
    let Some((place, query)) = url.split_once('?') else { return (url.to_owned(), None) };
    let mut root_file = None;
    let mut kept = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslrootcert", file)) => {
                root_file = url::form_urlencoded::parse(pair.as_bytes())
                    .next()
                    .map(|(_, decoded)| decoded.into_owned())
                    .or_else(|| Some(file.to_owned()));
            }
            Some(("sslmode", "verify-ca" | "verify-full")) => kept.push("sslmode=require"),
            _ => kept.push(pair),
        }
    }
    (format!("{place}?{}", kept.join("&")), root_file)
}
