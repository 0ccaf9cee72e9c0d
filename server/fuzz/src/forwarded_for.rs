//! The header `X-Forwarded-For`. An untrusted peer is always the client, whatever the header contains.
#![no_main]

use std::net::SocketAddr;

use doorward_server::http::extract::client_ip::client_ip;

libfuzzer_sys::fuzz_target!(|lines: Vec<&str>| {
    let networks = ["10.0.0.0/8".parse().unwrap()];
    for (peer, is_trusted) in [("10.0.0.1:1", true), ("192.0.2.1:1", false)] {
        let peer: SocketAddr = peer.parse().unwrap();
        let client = client_ip(Some(peer), &lines, &networks);
        assert!(client.is_some() && (is_trusted || client == Some(peer.ip())));
    }
});
