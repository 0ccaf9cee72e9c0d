//! TLS of a listener: the certificate, and the handshake of each connection.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use doorward_shared::Timestamp;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::{
        CryptoProvider,
        aws_lc_rs::{self, kx_group},
    },
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use x509_parser::{asn1_rs::FromDer as _, certificate::X509Certificate};

use super::socket::Socket;

/// First byte of a TLS handshake (RFC 8446, section 5.1).
pub(super) const HANDSHAKE: u8 = 22;

/// Paths of the PEM files with which a listener uses TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by the intermediate certificates.
    pub certificate: PathBuf,
    /// The private key of the certificate.
    pub key: PathBuf,
    /// CA certificates. If given, each client must present a certificate of one of these authorities.
    pub client_ca: Option<PathBuf>,
}

/// The reason why files cannot be used for TLS. Contains no key.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{path}: {reason}")]
    File { path: PathBuf, reason: String },
    #[error("{certificate} and {key}: {reason}")]
    Pair { certificate: PathBuf, key: PathBuf, reason: String },
}

/// The TLS configuration of a listener. It can be replaced while connections are open. Open connections keep the
/// configuration with which they began.
pub struct Tls {
    files: TlsFiles,
    current: RwLock<Current>,
}

struct Current {
    contents: Contents,
    config: Arc<ServerConfig>,
}

/// Contents of the files in [`TlsFiles`], with which a reload detects changes.
#[derive(PartialEq, Eq)]
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// An error if a file cannot be read or used, or if the key does not belong to the certificate. The error names the
    /// file.
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let contents = Contents::read(&files)?;
        let config = Arc::new(contents.config(&files)?);
        Ok(Self { files, current: RwLock::new(Current { contents, config }) })
    }

    /// Reads the files again and uses their contents for new connections. Returns whether they had changed.
    ///
    /// # Errors
    /// Like [`Self::load`]. After an error, new connections still use the earlier contents.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let contents = Contents::read(&self.files)?;
        if contents == self.current.read().unwrap_or_else(PoisonError::into_inner).contents {
            return Ok(false);
        }
        let config = Arc::new(contents.config(&self.files)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Current { contents, config };
        Ok(true)
    }

    /// Returns the earliest time at which a certificate of the current chain expires; `None` if a certificate cannot be
    /// parsed as X.509.
    pub fn expiry(&self) -> Option<Timestamp> {
        let pem = self.current.read().unwrap_or_else(PoisonError::into_inner).contents.certificate.clone();
        let chain = certificates(&self.files.certificate, &pem).ok()?;
        let expiries = chain.iter().map(|der| {
            let (_, certificate) = X509Certificate::from_der(der).ok()?;
            Some(Timestamp::from_millis(certificate.validity().not_after.timestamp().saturating_mul(1_000)))
        });
        expiries.collect::<Option<Vec<_>>>()?.into_iter().min()
    }

    /// Performs the handshake of a connection.
    pub(super) async fn accept(&self, socket: Socket) -> Result<TlsStream<Socket>, HandshakeError> {
        match socket.first_byte().await {
            Ok(Some(HANDSHAKE)) => {}
            Ok(Some(_)) => return Err(HandshakeError::NoTls(socket)),
            Ok(None) => return Err(HandshakeError::Closed),
            Err(error) => return Err(HandshakeError::Failed(error)),
        }
        let config = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).config);
        TlsAcceptor::from(config).accept(socket).await.map_err(HandshakeError::Failed)
    }
}

/// The reason why a TLS handshake did not complete.
#[derive(Debug)]
pub(super) enum HandshakeError {
    /// The client closed the connection before it sent anything.
    Closed,
    /// The client's first byte does not start a TLS handshake.
    NoTls(Socket),
    Failed(io::Error),
}

impl Contents {
    fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let read = |path: &PathBuf| fs::read(path).map_err(|error| of_file(path, &error));
        Ok(Self {
            certificate: read(&files.certificate)?,
            key: read(&files.key)?,
            client_ca: files.client_ca.as_ref().map(read).transpose()?,
        })
    }

    fn config(&self, files: &TlsFiles) -> Result<ServerConfig, TlsError> {
        let chain = certificates(&files.certificate, &self.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|_| of_file(&files.key, &"contains no private key in PEM format"))?;
        let provider = Arc::new(provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| of_file(&files.certificate, &error))?;
        let builder = match (&files.client_ca, &self.client_ca) {
            (Some(path), Some(pem)) => builder.with_client_cert_verifier(client_verifier(path, pem, provider)?),
            _ => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|error| TlsError::Pair {
            certificate: files.certificate.clone(),
            key: files.key.clone(),
            reason: error.to_string(),
        })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// Returns the cryptographic algorithms for TLS. The hybrid post-quantum key exchange is preferred.
fn provider() -> CryptoProvider {
    let kx_groups = vec![kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1];
    CryptoProvider { kx_groups, ..aws_lc_rs::default_provider() }
}

fn client_verifier(
    path: &Path,
    pem: &[u8],
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, pem)? {
        roots.add(certificate).map_err(|error| of_file(path, &error))?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| of_file(path, &error))
}

/// Returns the certificates of a PEM file, which must contain at least one.
fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| of_file(path, &"is not a valid PEM file"))?;
    if certificates.is_empty() {
        return Err(of_file(path, &"contains no certificate in PEM format"));
    }
    Ok(certificates)
}

fn of_file(path: &Path, reason: &dyn fmt::Display) -> TlsError {
    TlsError::File { path: path.to_owned(), reason: reason.to_string() }
}
