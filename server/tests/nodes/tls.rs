//! TLS connections to the database. The tests create certificates with `openssl`, which Debian's PostgreSQL packages
//! install as a dependency.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    process::Command,
    sync::mpsc,
};

use doorward_server::db::{Database, DatabaseOptions, DatabaseUrl, DbError};
use doorward_testkit::{PostgresServer, database};

fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl").current_dir(folder).args(arguments.split(' ')).output().unwrap();
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Creates a CA with this name, and a server certificate for `localhost` only.
fn create_certificates(folder: &Path, name: &str) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(folder, &format!("req -x509 {key} -keyout {name}.key -out {name}.crt -days 2 -subj /CN={name}"));
    openssl(folder, &format!("req {key} -keyout server.key -out server.csr -subj /CN=database"));
    fs::write(folder.join("names"), "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n").unwrap();
    let sign = format!("x509 -req -in server.csr -CA {name}.crt -CAkey {name}.key -CAcreateserial -days 2");
    openssl(folder, &format!("{sign} -extfile names -out server.crt"));
}

async fn open(url: String) -> Result<(), DbError> {
    let database = Database::open(DatabaseOptions::new(DatabaseUrl::Postgres(url))).await?;
    let result = database.ping().await;
    database.close().await;
    result
}

fn unavailable(result: Result<(), DbError>) -> String {
    match result {
        Err(DbError::Unavailable(reason)) => reason,
        other => panic!("the connection was not rejected: {other:?}"),
    }
}

#[tokio::test]
async fn server_without_a_trusted_certificate_is_rejected() {
    let test = "server without a trusted certificate is rejected";
    if !database::is_postgres(test) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (trusted, other) = (folder.path().join("trusted"), folder.path().join("other"));
    for (path, name) in [(&trusted, "trusted"), (&other, "other")] {
        fs::create_dir(path).unwrap();
        create_certificates(path, name);
    }
    let Some(postgres) = PostgresServer::start_with_tls(test, &trusted) else { return };
    let url = |host: &str, mode: &str, root: Option<&Path>| {
        let root = root.map(|file| format!("&sslrootcert={}", file.display())).unwrap_or_default();
        format!("postgres://postgres@{host}:{}/postgres?sslmode={mode}{root}", postgres.port())
    };
    let (ca, other_ca) = (trusted.join("trusted.crt"), other.join("other.crt"));
    for mode in ["require", "verify-ca", "verify-full", "prefer"] {
        assert_eq!(open(url("localhost", mode, Some(&ca))).await, Ok(()), "{mode}");
        let unknown = unavailable(open(url("localhost", mode, Some(&other_ca))).await);
        assert!(unknown.contains("UnknownIssuer"), "{mode}: {unknown}");
        let public = unavailable(open(url("localhost", mode, None)).await);
        assert!(public.contains("UnknownIssuer"), "{mode}: {public}");
        let misnamed = unavailable(open(url("127.0.0.1", mode, Some(&ca))).await);
        assert!(misnamed.contains("not valid for name"), "{mode}: {misnamed}");
    }
    // A missing file is an error. It is not treated like an empty file.
    let missing = open(url("localhost", "require", Some(&trusted.join("missing.crt")))).await;
    assert!(matches!(&missing, Err(DbError::Database(reason)) if reason.contains("sslrootcert")), "{missing:?}");
}

/// Starts a server that sends `response` to clients that ask for TLS. The channel receives the bytes that each client
/// sends next.
fn respond_to_tls_requests(response: &'static [u8]) -> (String, mpsc::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://postgres@{}/postgres?sslmode=require", listener.local_addr().unwrap());
    let (sender, received) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut request, mut next) = (stream.unwrap(), [0; 8], vec![0; 16 * 1024]);
            stream.read_exact(&mut request).unwrap();
            stream.write_all(response).unwrap();
            let length = stream.read(&mut next).unwrap();
            next.truncate(length);
            let _ = sender.send(next);
        }
    });
    (url, received)
}

#[tokio::test]
async fn error_names_the_setting_if_the_server_does_not_offer_tls() {
    let (url, _received) = respond_to_tls_requests(b"N");
    let reason = unavailable(open(url).await);
    assert!(reason.contains("sslmode=disable"), "{reason}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn post_quantum_key_exchange_is_offered_first() {
    let (url, received) = respond_to_tls_requests(b"S");
    assert!(open(url).await.is_err());
    let hello = received.recv().unwrap();
    let number = |at: usize| usize::from(u16::from_be_bytes([hello[at], hello[at + 1]]));
    // RFC 8446, section 4.1.2: record header, handshake header, version and random precede the session id.
    let mut at = 5 + 4 + 2 + 32;
    at += 1 + usize::from(hello[at]);
    at += 2 + number(at);
    at += 1 + usize::from(hello[at]) + 2;
    // Extension 10 contains the total length of the supported groups and then the groups.
    while number(at) != 10 {
        at += 4 + number(at + 2);
    }
    assert_eq!(number(at + 6), 0x11ec, "X25519MLKEM768");
}
