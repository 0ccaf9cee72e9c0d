//! TLS to the database. The tests create certificates with `openssl`, which Debian's PostgreSQL packages depend on.

use std::{fs, path::Path, process::Command};

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
