//! The header `X-Forwarded-For`. Whatever the header contains, an untrusted peer always counts as the client. If
//! a trusted proxy appends an address, this address counts as the client.
#![no_main]

use std::net::IpAddr;

use doorward_server::http::extract::client_ip::client_ip;

libfuzzer_sys::fuzz_target!(|lines: Vec<&[u8]>| {
    let networks = ["10.0.0.0/8".parse().unwrap()];
    let [proxy, stranger, appended] =
        ["10.0.0.1", "192.0.2.1", "198.51.100.7"].map(|text| text.parse::<IpAddr>().unwrap());
    let _ = client_ip(Some(proxy), &lines, &networks);
    assert_eq!(client_ip(Some(stranger), &lines, &networks), Some(stranger));
    let mut lines = lines;
    lines.push(b"198.51.100.7");
    assert_eq!(client_ip(Some(proxy), &lines, &networks), Some(appended));
});
