//! Servers behind TLS: whose certificates are trusted, and what is said of the others.
//!
//! `tests/tls/` holds a certificate for `localhost`, its key, and the authority that issued it, whose key nobody has.

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

/// A server that answers every request as `GET /me` is answered. Its port.
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
            let body = r#"{"name":"behind TLS","role":"admin"}"#;
            let answer =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
            // A client that does not trust the certificate goes away here.
            let heard = stream.read(&mut [0; 8192]);
            let _ = heard.and_then(|_| stream.write_all(answer.as_bytes()));
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_authority_is_trusted_when_it_is_named_and_only_for_its_names() {
    let server = TestServer::start().await;
    let port = listen();
    let operator = Operator::new(&server, Role::Admin).await.at(format!("https://localhost:{port}"));
    let why = operator.refused(&["me"], 1).await;
    assert!(why.contains(&format!("the certificate of https://localhost:{port} is not trusted")), "{why}");
    assert!(why.contains("--ca-file"), "{why}");
    let ca = fixture("ca.pem");
    assert_eq!(operator.out(&["me", "--ca-file", &ca]).await, "name   behind TLS\nrole   admin\n");
    let profile =
        format!("[profiles.x]\nurl = '{}'\ntoken_file = '~/data/admin.token'\nca_file = '{ca}'", operator.url);
    operator.write(".config/doorward/admin.toml", &profile);
    assert_eq!(operator.json(&["me", "--profile", "x"]).await["name"], "behind TLS");
    let operator = operator.at(format!("https://127.0.0.1:{port}"));
    let why = operator.refused(&["me", "--ca-file", &ca], 1).await;
    assert!(why.contains("issued for another name"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_said_to_have_none() {
    let server = TestServer::start().await;
    let operator = Operator::new(&server, Role::Admin).await;
    let url = operator.url.replace("http://", "https://");
    let operator = operator.at(url);
    let why = operator.refused(&["me"], 1).await;
    assert!(why.contains("does not speak TLS"), "{why}");
}
