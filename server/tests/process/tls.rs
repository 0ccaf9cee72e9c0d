//! TLS of both APIs. `testkit/fixtures/tls/generate.sh` wrote the certificates.

use std::{
    fs::{self, Permissions},
    io::ErrorKind,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use doorward_testkit::{Process, until};
use rustls::{
    ClientConfig, NamedGroup, RootCertStore,
    crypto::{
        CryptoProvider,
        aws_lc_rs::{self, kx_group},
    },
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use x509_parser::{asn1_rs::FromDer as _, certificate::X509Certificate};

use crate::support::{ALIVE, command, exchange, serve_with};

/// Returns the path of a certificate or key in the test data.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/fixtures/tls").join(name)
}

fn certificate(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(fixture(name)).unwrap()
}

/// Copies a certificate and a key from the test data to the files that the server reads.
fn install(folder: &Path, certificate: &str, key: &str) {
    for (file, source) in [("certificate.pem", certificate), ("key.pem", key)] {
        fs::copy(fixture(source), folder.join(file)).unwrap();
    }
}

/// Starts a server with the certificate `first` and the given further settings.
fn serve(settings: &[(&str, &str)]) -> (Process, TempDir) {
    let data = tempfile::tempdir().unwrap();
    let files = data.path().join("tls");
    fs::create_dir(&files).unwrap();
    install(&files, "first.pem", "first.key");
    let mut command = command(&data.path().join("data"));
    command.env("DOORWARD_TLS_CERTIFICATE", files.join("certificate.pem"));
    command.env("DOORWARD_TLS_KEY", files.join("key.pem"));
    command.envs(settings.iter().copied());
    (serve_with(command), data)
}

/// Returns a client that trusts the test authority, with or without its own certificate.
fn client(has_certificate: bool) -> TlsConnector {
    let kx_groups = vec![kx_group::X25519MLKEM768, kx_group::X25519];
    let provider = CryptoProvider { kx_groups, ..aws_lc_rs::default_provider() };
    let mut roots = RootCertStore::empty();
    roots.add(certificate("ca.pem")).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = if has_certificate {
        let key = PrivateKeyDer::from_pem_file(fixture("client.key")).unwrap();
        builder.with_client_auth_cert(vec![certificate("client.pem")], key).unwrap()
    } else {
        builder.with_no_client_auth()
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
}

async fn tcp(url: &str) -> TcpStream {
    TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap()
}

async fn connect(url: &str) -> TlsStream<TcpStream> {
    let name = ServerName::try_from("localhost").unwrap();
    client(false).connect(name, tcp(url).await).await.unwrap()
}

/// Sends a request and returns the first line of the response.
async fn request(stream: &mut TlsStream<TcpStream>) -> std::io::Result<String> {
    stream.write_all(ALIVE).await?;
    let mut response = vec![0; 1024];
    let length = stream.read(&mut response).await?;
    Ok(String::from_utf8_lossy(&response[..length]).lines().next().unwrap_or_default().to_owned())
}

fn served(stream: &TlsStream<TcpStream>) -> &[u8] {
    stream.get_ref().1.peer_certificates().unwrap()[0].as_ref()
}

#[tokio::test]
async fn both_apis_use_tls_with_post_quantum_key_exchange() {
    let (server, _data) = serve(&[]);
    for url in [&server.public_url, &server.admin_url] {
        let mut stream = connect(url).await;
        assert_eq!(request(&mut stream).await.unwrap(), "HTTP/1.1 200 OK");
        // The connection stays open for further requests.
        assert_eq!(request(&mut stream).await.unwrap(), "HTTP/1.1 200 OK");
        let session = stream.get_ref().1;
        assert_eq!(session.alpn_protocol(), Some(b"http/1.1".as_slice()));
        assert_eq!(session.negotiated_key_exchange_group().unwrap().name(), NamedGroup::X25519MLKEM768);
        let plain = exchange(&mut tcp(url).await, ALIVE).await;
        assert!(plain.starts_with("HTTP/1.1 400 ") && plain.contains("this port speaks TLS: use https://"), "{plain}");
    }
}

#[tokio::test]
async fn malformed_request_gets_its_response_over_tls() {
    let (server, _data) = serve(&[]);
    let mut stream = connect(&server.public_url).await;
    stream.write_all(b"nonsense\r\n\r\n").await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 400 ") && response.contains("request_malformed"), "{response}");
}

#[tokio::test]
async fn replaced_certificate_is_used_for_new_connections() {
    let (server, data) = serve(&[]);
    let files = data.path().join("tls");
    let mut old = connect(&server.public_url).await;
    assert_eq!(served(&old), certificate("first.pem").as_ref());

    install(&files, "second.pem", "second.key");
    server.signal("HUP");
    for url in [&server.public_url, &server.admin_url] {
        until("the new certificate", async || served(&connect(url).await) == certificate("second.pem").as_ref()).await;
    }
    assert_eq!(request(&mut old).await.unwrap(), "HTTP/1.1 200 OK");

    // If the new key does not match the new certificate, the server keeps the old certificate and key.
    install(&files, "first.pem", "second.key");
    server.signal("HUP");
    until("an error", async || server.log().iter().any(|line| line.contains("cannot replace the TLS certificate")))
        .await;
    assert_eq!(served(&connect(&server.public_url).await), certificate("second.pem").as_ref());
}

#[tokio::test]
async fn changed_certificate_is_loaded_without_a_signal() {
    let (server, data) = serve(&[]);
    install(&data.path().join("tls"), "second.pem", "second.key");
    let url = &server.public_url;
    until("the new certificate", async || served(&connect(url).await) == certificate("second.pem").as_ref()).await;
}

#[tokio::test]
async fn clients_of_the_admin_api_need_a_certificate_if_an_authority_is_set() {
    let ca = fixture("ca.pem");
    let (server, _data) = serve(&[("DOORWARD_TLS_CLIENT_CA", ca.to_str().unwrap())]);
    assert_eq!(request(&mut connect(&server.public_url).await).await.unwrap(), "HTTP/1.1 200 OK");
    // In TLS 1.3, the client detects that the server refused its certificate only when it reads.
    let refused = request(&mut connect(&server.admin_url).await).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidData, "{refused}");
    assert!(refused.to_string().contains("CertificateRequired"), "{refused}");
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = client(true).connect(name, tcp(&server.admin_url).await).await.unwrap();
    assert_eq!(request(&mut stream).await.unwrap(), "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn incomplete_handshake_ends_at_the_head_timeout() {
    let (server, _data) = serve(&[("DOORWARD_HEADER_TIMEOUT", "500ms")]);
    for bytes in [b"".as_slice(), b"\x16", b"\x16\x03\x01\x01\x00\x01"] {
        let started = Instant::now();
        let response = exchange(&mut tcp(&server.public_url).await, bytes).await;
        assert_eq!((response.as_str(), started.elapsed().as_secs() < 10), ("", true), "{bytes:?}");
    }
}

#[test]
fn unusable_files_are_refused_at_start() {
    let data = tempfile::tempdir().unwrap();
    for (certificate, key, reason) in [
        ("missing.pem", "first.key", "missing.pem: No such file"),
        ("first.key", "first.key", "contains no certificate in PEM format"),
        ("first.pem", "first.pem", "contains no private key in PEM format"),
        ("first.pem", "second.key", "first.pem and "),
    ] {
        for subcommand in ["serve", "check-config"] {
            let mut command = command(&data.path().join("data"));
            command.env("DOORWARD_TLS_CERTIFICATE", fixture(certificate)).env("DOORWARD_TLS_KEY", fixture(key));
            let output = command.arg(subcommand).output().unwrap();
            let message = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.code() == Some(2) && message.contains(reason), "{subcommand}: {message}");
        }
    }
    assert!(!data.path().join("data").exists(), "nothing is created");
}

#[tokio::test]
async fn expiry_of_the_certificate_is_a_metric() {
    let (server, data) = serve(&[]);
    let token = fs::read_to_string(data.path().join("data/admin.token")).unwrap();
    let head = format!(
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
        token.trim()
    );
    let mut stream = connect(&server.admin_url).await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut response = String::new();
    // The connection may end without the alert that closes TLS.
    drop(stream.read_to_string(&mut response).await);
    let der = certificate("first.pem");
    let (_, parsed) = X509Certificate::from_der(&der).unwrap();
    let expiry = parsed.validity().not_after.timestamp();
    assert!(
        response.contains(&format!("\ndoorward_tls_certificate_expiry_timestamp_seconds {expiry}\n")),
        "{response}"
    );
}

#[test]
fn files_with_secrets_that_every_user_can_read_cause_a_warning() {
    let data = tempfile::tempdir().unwrap();
    install(data.path(), "first.pem", "first.key");
    let (key, secret) = (data.path().join("key.pem"), data.path().join("forward.secret"));
    fs::write(&secret, "a secret of more than thirty-two characters").unwrap();
    for (mode, warns) in [(0o644, true), (0o640, false)] {
        for file in [&key, &secret] {
            fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
        }
        let mut command = command(&data.path().join("data"));
        command.env("DOORWARD_TLS_CERTIFICATE", data.path().join("certificate.pem")).env("DOORWARD_TLS_KEY", &key);
        command
            .env("DOORWARD_AUDIT_FORWARD", "https://siem.example.com/")
            .env("DOORWARD_AUDIT_FORWARD_SECRET_FILE", &secret);
        let output = command.arg("check-config").output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        for setting in ["tls.key", "audit.forward_secret_file"] {
            let warning = format!("{setting}: every user of this machine can read the file");
            assert_eq!(message.contains(&warning), warns, "{message}");
        }
    }
}
