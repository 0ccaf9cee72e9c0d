//! TLS to the database: whom Doorward believes to be it. Certificates are made by `openssl`, which Debian's PostgreSQL
//! brings along.

use std::{fs, path::Path, process::Command};

use doorward_server::db::{Database, DatabaseOptions, DatabaseUrl, DbError};
use doorward_testkit::{PostgresServer, database};

fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl").current_dir(folder).args(arguments.split(' ')).output().unwrap();
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A private CA of this name, and a server's certificate by it that names `localhost` alone.
fn certificates(folder: &Path, name: &str) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(folder, &format!("req -x509 {key} -keyout {name}.key -out {name}.crt -days 2 -subj /CN={name}"));
    openssl(folder, &format!("req {key} -keyout server.key -out server.csr -subj /CN=database"));
    fs::write(folder.join("names"), "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n").unwrap();
    let sign = format!("x509 -req -in server.csr -CA {name}.crt -CAkey {name}.key -CAcreateserial -days 2");
    openssl(folder, &format!("{sign} -extfile names -out server.crt"));
}

async fn open(url: String) -> Result<(), DbError> {
    let store = Database::open(DatabaseOptions::new(DatabaseUrl::Postgres(url))).await?;
    let answer = store.ping().await;
    store.close().await;
    answer
}

fn refusal(answer: Result<(), DbError>) -> String {
    match answer {
        Err(DbError::Unavailable(reason)) => reason,
        other => panic!("it was not refused: {other:?}"),
    }
}

#[tokio::test]
async fn only_a_server_with_the_right_certificate_is_the_database() {
    let test = "only a server with the right certificate is the database";
    if !database::is_postgres(test) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (right, wrong) = (folder.path().join("right"), folder.path().join("wrong"));
    for (place, name) in [(&right, "right"), (&wrong, "wrong")] {
        fs::create_dir(place).unwrap();
        certificates(place, name);
    }
    let Some(postgres) = PostgresServer::start_with_tls(test, &right) else { return };
    let url = |host: &str, mode: &str, root: Option<&Path>| {
        let root = root.map(|file| format!("&sslrootcert={}", file.display())).unwrap_or_default();
        format!("postgres://postgres@{host}:{}/postgres?sslmode={mode}{root}", postgres.port())
    };
    let (ca, other) = (right.join("right.crt"), wrong.join("wrong.crt"));
    for mode in ["require", "verify-ca", "verify-full", "prefer"] {
        assert_eq!(open(url("localhost", mode, Some(&ca))).await, Ok(()), "{mode}");
        let unknown = refusal(open(url("localhost", mode, Some(&other))).await);
        assert!(unknown.contains("UnknownIssuer"), "{mode}: {unknown}");
        let public = refusal(open(url("localhost", mode, None)).await);
        assert!(public.contains("UnknownIssuer"), "{mode}: {public}");
        let misnamed = refusal(open(url("127.0.0.1", mode, Some(&ca))).await);
        assert!(misnamed.contains("not valid for name"), "{mode}: {misnamed}");
    }
    // A file of roots that is none is told, and not taken for "no roots".
    let missing = open(url("localhost", "require", Some(&right.join("nowhere.crt")))).await;
    assert!(matches!(&missing, Err(DbError::Database(reason)) if reason.contains("sslrootcert")), "{missing:?}");
}
