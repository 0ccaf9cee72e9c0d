//! Connects to the server: URL, TLS, timeouts and session settings.

use std::time::Duration;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection, async_connection_wrapper::BlockOn as _};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tokio::task::AbortHandle;
use tokio_postgres::{
    Client, Config, Socket,
    config::{SslMode, TargetSessionAttrs},
    tls::MakeTlsConnect,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    super::{connection::PostgresConnection, database_url::DatabaseUrlError, error::DbError, options::DatabaseOptions},
    runtime::{Deadline, ThreadRuntime, set_deadline},
};

/// Delay before the first attempt to connect again. It doubles with each failure, up to [`MAX_BACKOFF`].
pub(super) const FIRST_BACKOFF: Duration = Duration::from_millis(100);
pub(super) const MAX_BACKOFF: Duration = Duration::from_secs(2);
/// Time without a response after which the operating system checks the connection.
const KEEPALIVE: Duration = Duration::from_secs(10);
/// Time after `statement_timeout` until the client closes the connection. Usually the server has ended the statement by
/// then.
const MARGIN: Duration = Duration::from_secs(1);

pub(crate) struct Target {
    config: Config,
    tls: MakeRustlsConnect,
    connect_timeout: Duration,
    statement_timeout: Duration,
    session_settings: String,
}

type TlsStream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

impl Target {
    /// Parses the URL. With TLS the server's certificate is always verified against the root certificates of the system
    /// or of `sslrootcert`. `sslmode=require` therefore means the same as `verify-ca` and `verify-full`.
    pub(crate) fn new(url: &str, options: &DatabaseOptions) -> Result<Self, DatabaseUrlError> {
        let (mut config, root_file) = super::connection_url::parse(url).map_err(DatabaseUrlError::Postgres)?;
        let wrong = |reason: &dyn std::fmt::Display| DatabaseUrlError::Postgres(reason.to_string());
        config.connect_timeout(options.connect_timeout);
        // A standby also accepts connections, but its data may be old. If the URL names several hosts, the next host is
        // tried.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        // These settings detect a dead server within twice `KEEPALIVE`, even during a statement.
        config
            .tcp_user_timeout(KEEPALIVE)
            .keepalives_idle(KEEPALIVE)
            .keepalives_interval(KEEPALIVE / 4)
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
        // Each host gets its own timeout, because the first hosts may be down.
        let hosts = config.get_hosts().len().max(config.get_hostaddrs().len()).max(1);
        let connect_timeout = options.connect_timeout.saturating_mul(u32::try_from(hosts).unwrap_or(u32::MAX));
        Ok(Self {
            config,
            tls: MakeRustlsConnect::new(tls),
            connect_timeout,
            statement_timeout: options.statement_timeout,
            session_settings: format!(
                "SET statement_timeout = {0}; SET idle_in_transaction_session_timeout = {0}; \
                 SET client_min_messages = warning",
                options.statement_timeout.as_millis()
            ),
        })
    }

    /// Opens a connection. The caller must poll the returned `Connection`.
    pub(super) async fn open(&self) -> Result<(Client, tokio_postgres::Connection<Socket, TlsStream>), DbError> {
        match tokio::time::timeout(self.connect_timeout, self.config.connect(self.tls.clone())).await {
            Ok(Ok(both)) => Ok(both),
            Ok(Err(error)) => {
                // `source` returns the cause, for example: connection refused, wrong password, unknown issuer.
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
                Err(DbError::Unavailable(format!("{error}{cause}")))
            }
            Err(_) => Err(self.no_connection()),
        }
    }

    /// Opens a connection, which a task on the current runtime polls. Also returns a handle that aborts this task.
    async fn connect(&self) -> Result<(AsyncPgConnection, AbortHandle), DbError> {
        let (client, connection) = self.open().await?;
        let driver = tokio::spawn(async move {
            // The error is ignored here, because statements return it as well.
            let _ = connection.await;
        });
        let prepare = async {
            let mut conn =
                AsyncPgConnection::try_from(client).await.map_err(|error| DbError::Unavailable(error.to_string()))?;
            conn.batch_execute(&self.session_settings).await?;
            Ok::<_, DbError>(conn)
        };
        match tokio::time::timeout(self.connect_timeout, prepare).await {
            Ok(conn) => Ok((conn?, driver.abort_handle())),
            Err(_) => Err(self.no_connection()),
        }
    }

    fn no_connection(&self) -> DbError {
        DbError::Unavailable(format!("no connection within {:?}", self.connect_timeout))
    }

    /// Maximum time for the start of a transaction.
    pub(super) const fn begin_timeout(&self) -> Duration {
        self.connect_timeout
    }
}

/// Opens a connection on the runtime of the current thread.
pub(super) fn connect(target: &Target) -> Result<PostgresConnection, DbError> {
    set_deadline(None);
    let (conn, _) = ThreadRuntime::current()?.block_on(target.connect())?;
    Ok(PostgresConnection::from(conn))
}

/// Opens a connection on the runtime of the current thread. It is closed if the server does not end a statement in
/// time.
pub(super) fn connect_with_deadline(target: &Target) -> Result<PostgresConnection, DbError> {
    set_deadline(None);
    let (conn, driver) = ThreadRuntime::current()?.block_on(target.connect())?;
    set_deadline(Some(Deadline { limit: target.statement_timeout + MARGIN, driver }));
    Ok(PostgresConnection::from(conn))
}
