//! TLS: trusted certificates and error messages.
//!
//! `tests/tls/` contains a certificate for `localhost`, its key and its CA certificate. The key of the CA was deleted.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::Arc,
    thread,
};

use doorward_shared::admin::Role;
use doorward_testkit::TestServer;
use rustls::{
    ServerConfig, ServerConnection, Stream,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

use crate::support::Operator;

fn fixture(name: &str) -> String {
    format!("{}/tests/tls/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Starts a server that sends the response of `GET /me` to every request. Returns its port.
fn listen() -> u16 {
    let certificate = CertificateDer::from_pem_file(fixture("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(fixture("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            let mut session = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = Stream::new(&mut session, &mut socket);
            let body = r#"{"id":"0193a2b4-0000-7000-8000-000000000001","name":"behind TLS","role":"admin"}"#;
            let response =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
            // Reading fails if the client does not trust the certificate.
            let request = stream.read(&mut [0; 8192]);
            let _ = request.and_then(|_| stream.write_all(response.as_bytes()));
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn ca_file_is_trusted_for_matching_host_names_only() {
    let server = TestServer::start().await;
    let port = listen();
    let operator = Operator::new(&server, Role::Admin).await.at(format!("https://localhost:{port}"));
    let error = operator.refused(&["me"], 1).await;
    assert!(error.contains(&format!("the certificate of https://localhost:{port} is not trusted")), "{error}");
    assert!(error.contains("--ca-file"), "{error}");
    let ca = fixture("ca.pem");
    assert_eq!(operator.out(&["me", "--ca-file", &ca]).await, "name   behind TLS\nrole   admin\n");
    let profile =
        format!("[profiles.x]\nurl = '{}'\ntoken_file = '~/data/admin.token'\nca_file = '{ca}'", operator.url);
    operator.write(".config/doorward/admin.toml", &profile);
    assert_eq!(operator.json(&["me", "--profile", "x"]).await["name"], "behind TLS");
    let operator = operator.at(format!("https://127.0.0.1:{port}"));
    operator.fails(&["me", "--ca-file", &ca], 1, &["not valid for this host name"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn https_to_a_server_without_tls_is_reported() {
    let (_server, operator) = Operator::start(Role::Admin).await;
    let url = operator.url.replace("http://", "https://");
    let operator = operator.at(url);
    operator.fails(&["me"], 5, &["does not use TLS"]).await;
}
