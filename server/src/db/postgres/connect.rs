//! Connects to the server: URL, TLS, timeouts and session settings.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use diesel::connection::CacheSize;
use diesel_async::{
    AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection, async_connection_wrapper::BlockOn as _,
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::{
        CryptoProvider,
        aws_lc_rs::{self, kx_group},
    },
};
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

/// Delay before the first attempt to reconnect. It doubles with each failure, up to [`MAX_BACKOFF`].
pub(super) const FIRST_BACKOFF: Duration = Duration::from_millis(100);
pub(super) const MAX_BACKOFF: Duration = Duration::from_millis(500);
/// Time without a response after which the operating system checks the connection.
const KEEPALIVE: Duration = Duration::from_secs(10);
/// Time after `statement_timeout` until the client closes the connection. Usually the server has ended the statement by
/// then.
const MARGIN: Duration = Duration::from_secs(1);

/// Message of tokio-postgres if TLS is required and the server does not offer it.
const NO_TLS: &str = "server does not support TLS";
const NO_TLS_ADVICE: &str = "the server does not offer TLS, which is required for other machines: enable TLS on the \
                             server, or add sslmode=disable to the URL if nobody else can read or change the traffic";

pub(crate) struct Target {
    config: Config,
    tls: MakeRustlsConnect,
    connect_timeout: Duration,
    statement_timeout: Duration,
    /// Statements for the start of each session; not executed if the URL leads to a pooler.
    session_settings: String,
    /// Statements that follow each BEGIN; empty unless the URL leads to a pooler.
    transaction_settings: String,
    /// Whether a statement stays prepared for later transactions of the same connection.
    caches_statements: AtomicBool,
}

/// Returns statements that set the server's timeouts and planner settings. A plan that was made while a table was small
/// may scan the whole table, and stays in use until the next ANALYZE although the table grows. Therefore plans use an
/// index, except within [`Connection::with_table_scans`](super::super::Connection::with_table_scans). JIT compilation
/// is off, because it takes longer than the statements.
fn settings(set: &str, options: &DatabaseOptions) -> String {
    let milliseconds = options.statement_timeout.as_millis();
    format!(
        "{set} statement_timeout = {milliseconds}; {set} idle_in_transaction_session_timeout = {milliseconds}; \
         {set} enable_seqscan = off; {set} jit = off; "
    )
}

type TlsStream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

impl Target {
    /// Parses the URL. With TLS, the server's certificate is always verified with the root certificates of the system
    /// or of `sslrootcert`. `sslmode=require` therefore means the same as `verify-ca` and `verify-full`.
    pub(crate) fn new(url: &str, options: &DatabaseOptions) -> Result<Self, DatabaseUrlError> {
        let (mut config, root_file) = super::connection_url::parse(url).map_err(DatabaseUrlError::Postgres)?;
        let wrong = |reason: &dyn std::fmt::Display| DatabaseUrlError::Postgres(reason.to_string());
        config.connect_timeout(options.connect_timeout);
        // A standby also accepts connections, but its data may be old. It is therefore skipped, and the next host of
        // the URL is tried.
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
        let tls = ClientConfig::builder_with_provider(std::sync::Arc::new(provider()))
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
            session_settings: format!("{}SET client_min_messages = warning", settings("SET", options)),
            transaction_settings: String::new(),
            caches_statements: AtomicBool::new(true),
        })
    }

    /// Parses the URL of a connection pooler. The session may change between transactions, so each transaction applies
    /// the settings.
    pub(super) fn with_pooler(url: &str, options: &DatabaseOptions) -> Result<Self, DatabaseUrlError> {
        Ok(Self { transaction_settings: settings("SET LOCAL", options), ..Self::new(url, options)? })
    }

    /// Makes new connections prepare each statement again in each transaction.
    pub(super) fn disable_statement_cache(&self) {
        self.caches_statements.store(false, Ordering::Relaxed);
    }

    /// Returns whether connections keep prepared statements for later transactions.
    pub(super) fn caches_statements(&self) -> bool {
        self.caches_statements.load(Ordering::Relaxed)
    }

    /// Returns the statements that begin a transaction. The argument is the statement BEGIN.
    pub(super) fn begin(&self, begin: &str) -> String {
        format!("{begin}; {}", self.transaction_settings)
    }

    /// Opens a connection. The caller must poll the returned `Connection`.
    pub(super) async fn open(&self) -> Result<(Client, tokio_postgres::Connection<Socket, TlsStream>), DbError> {
        match tokio::time::timeout(self.connect_timeout, self.config.connect(self.tls.clone())).await {
            Ok(Ok(both)) => Ok(both),
            Ok(Err(error)) => {
                // `source` returns the cause, for example: connection refused, wrong password, unknown issuer.
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
                let cause = cause.replace(NO_TLS, NO_TLS_ADVICE);
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
        let has_pooler = !self.transaction_settings.is_empty();
        let prepare = async {
            if has_pooler {
                // diesel-async prepares and executes its own SET statements in several steps. A transaction keeps the
                // pooler from changing the session between these steps.
                client.batch_execute("BEGIN").await.map_err(|error| DbError::Unavailable(error.to_string()))?;
            }
            let mut conn =
                AsyncPgConnection::try_from(client).await.map_err(|error| DbError::Unavailable(error.to_string()))?;
            conn.batch_execute(if has_pooler { "COMMIT" } else { &self.session_settings }).await?;
            if !self.caches_statements() {
                conn.set_prepared_statement_cache_size(CacheSize::Disabled);
            }
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

    /// Returns the maximum time for the start of a transaction.
    pub(super) const fn begin_timeout(&self) -> Duration {
        self.connect_timeout
    }
}

/// Returns the cryptography provider for TLS connections. The client offers the hybrid key exchange first, so traffic
/// that is recorded today cannot be decrypted with a future quantum computer. A server that does not support the hybrid
/// key exchange chooses another one.
fn provider() -> CryptoProvider {
    let kx_groups = vec![kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1];
    CryptoProvider { kx_groups, ..aws_lc_rs::default_provider() }
}

/// Opens a connection on the runtime of the current thread.
pub(super) fn connect(target: &Target) -> Result<PostgresConnection, DbError> {
    set_deadline(None);
    let (conn, _) = ThreadRuntime::current()?.block_on(target.connect())?;
    Ok(PostgresConnection::from(conn))
}

/// Opens a connection on the runtime of the current thread. The connection is closed if the server does not end a
/// statement in time.
pub(super) fn connect_with_deadline(target: &Target) -> Result<PostgresConnection, DbError> {
    set_deadline(None);
    let (conn, driver) = ThreadRuntime::current()?.block_on(target.connect())?;
    set_deadline(Some(Deadline { limit: target.statement_timeout + MARGIN, driver }));
    Ok(PostgresConnection::from(conn))
}
