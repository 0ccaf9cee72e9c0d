//! Sends audit entries to an HTTPS endpoint, with a signature.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::hmac;
use doorward_shared::{Timestamp, bytes::hex};
use reqwest::{Certificate, Client, header, redirect::Policy};
use url::{Host, Url};

use super::address::{AllowedNetworks, CheckedResolver};
use crate::crypto::PlainSecret;

/// Header with the time and the HMAC-SHA-256 of the time and the body.
pub const SIGNATURE: &str = "doorward-signature";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum time for a request. It is shorter than the lease of a target.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Options that all webhooks share.
#[derive(Debug, Clone)]
pub struct WebhookOptions {
    pub secret: PlainSecret,
    pub networks: AllowedNetworks,
    /// Content of a PEM file with the only trusted authorities; `None` to trust those of the system.
    pub ca: Option<Vec<u8>>,
}

pub(super) struct Webhook {
    client: Client,
    url: Url,
    key: hmac::Key,
    /// `true` if the host of the URL is an address to which webhooks must not connect.
    is_refused: bool,
}

impl Webhook {
    pub(super) fn new(url: Url, options: &WebhookOptions) -> Result<Self, String> {
        let mut builder = Client::builder()
            .user_agent(concat!("doorward/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .https_only(true)
            // A redirect or a proxy would lead to an address that was not checked.
            .redirect(Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(CheckedResolver(options.networks.clone())));
        if let Some(pem) = &options.ca {
            let certificates = Certificate::from_pem_bundle(pem).map_err(reason)?;
            if certificates.is_empty() {
                return Err("the file contains no PEM certificate".to_owned());
            }
            builder = builder.tls_certs_only(certificates);
        }
        // If the host is an address, the client does not call the resolver, so the address is checked here.
        let is_refused = match url.host() {
            Some(Host::Ipv4(address)) => !options.networks.accept(address.into()),
            Some(Host::Ipv6(address)) => !options.networks.accept(address.into()),
            _ => false,
        };
        let key = hmac::Key::new(hmac::HMAC_SHA256, options.secret.expose().as_bytes());
        Ok(Self { client: builder.build().map_err(reason)?, url, key, is_refused })
    }

    /// Sends a body. A response with a 2xx status means that the receiver has accepted the body.
    pub(super) async fn send(&self, body: Vec<u8>, now: Timestamp) -> Result<(), String> {
        if self.is_refused {
            return Err("the address is internal, and audit.forward_networks does not allow it".to_owned());
        }
        let signature = sign(&self.key, now.seconds(), &body);
        let request = self.client.post(self.url.clone());
        let request = request.header(header::CONTENT_TYPE, "application/x-ndjson").header(SIGNATURE, signature);
        let status = request.body(body).send().await.map_err(reason)?.status();
        match status.as_u16() {
            200..300 => Ok(()),
            300..400 => Err(format!("HTTP {}: redirects are not followed", status.as_u16())),
            other => Err(format!("HTTP {other}")),
        }
    }
}

/// Returns the value of the header [`SIGNATURE`]. The signed text is the time, a dot and the body, so a receiver can
/// refuse old requests.
fn sign(key: &hmac::Key, seconds: i64, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(key);
    context.update(format!("{seconds}.").as_bytes());
    context.update(body);
    format!("t={seconds},v1={}", hex(context.sign().as_ref()))
}

/// Returns the innermost cause of an error, without the URL, which may contain a secret.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut innermost: &(dyn std::error::Error + 'static) = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    if error.is_timeout() { format!("no response within {} s", TIMEOUT.as_secs()) } else { innermost.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_covers_time_and_body() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"0123456789abcdef");
        // printf '1700000000.{}\n' | openssl dgst -sha256 -hmac 0123456789abcdef
        let expected = "t=1700000000,v1=9762b6da9e539b8a12f2592a576916bb7d0e48ef60ccbf1c013f9b7158f9344f";
        assert_eq!(sign(&key, 1_700_000_000, b"{}\n"), expected);
    }
}
