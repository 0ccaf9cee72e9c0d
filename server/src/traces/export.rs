//! Sends finished spans to a collector: OTLP over HTTP, in protobuf.

use std::{fmt, str::FromStr, time::Duration};

use reqwest::{Client, Url, header::CONTENT_TYPE};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::{MissedTickBehavior, interval, timeout},
};

use super::{encode, span::Span};

/// Maximum number of queued spans. They are sent once a second, so this number also limits the spans per second.
pub(super) const MAX_WAITING_SPANS: usize = 8_192;
const SPANS_PER_REQUEST: usize = 512;
const SEND_EVERY: Duration = Duration::from_secs(1);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum time for sending the last spans when the server stops.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// URL to which spans are sent. It is parsed from the URL of a collector, to which the path `/v1/traces` is appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// Error for a text that is not an [`Endpoint`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("must be an http or https URL with a host, without a user, a query or a fragment")]
pub struct EndpointError;

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut url: Url = text.parse().map_err(|_| EndpointError)?;
        let is_plain = url.username().is_empty() && url.password().is_none();
        let has_rest = url.query().is_some() || url.fragment().is_some();
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || !is_plain || has_rest {
            return Err(EndpointError);
        }
        let path = format!("{}/v1/traces", url.path().trim_end_matches('/'));
        url.set_path(&path);
        Ok(Self(url))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Receives finished spans and sends them to a collector.
#[derive(Debug)]
pub struct Exporter {
    pub(super) spans: mpsc::Receiver<Span>,
    pub(super) endpoint: Endpoint,
    /// Counts the spans that were not sent.
    pub(super) dropped: metrics::Counter,
}

/// The task that sends spans.
#[derive(Debug)]
pub struct Export {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Export {
    /// Sends the spans that are still waiting, for at most two seconds.
    pub async fn finish(self) {
        // If this fails, the task has already ended.
        let _ = self.stop.send(());
        if timeout(FLUSH_TIMEOUT, self.task).await.is_err() {
            tracing::warn!("stopped without sending the last spans");
        }
    }
}

impl Exporter {
    /// Starts the task that sends spans.
    ///
    /// # Errors
    /// An error if the HTTP client cannot be created.
    pub fn start(self) -> Result<Export, reqwest::Error> {
        let client = Client::builder()
            .timeout(REQUEST_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        Ok(Export { stop, task: tokio::spawn(self.run(client, stopped)) })
    }

    async fn run(mut self, client: Client, mut stopped: oneshot::Receiver<()>) {
        let mut ticks = interval(SEND_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_last = tokio::select! {
                _ = &mut stopped => true,
                _ = ticks.tick() => false,
            };
            self.send_waiting(&client).await;
            if is_last {
                return;
            }
        }
    }

    /// Sends the queued spans. After a failure, drops the rest of them, so that the queue has room for new spans.
    async fn send_waiting(&mut self, client: &Client) {
        let mut waiting = self.spans.len();
        while waiting > 0 {
            let mut spans = Vec::new();
            self.spans.recv_many(&mut spans, waiting.min(SPANS_PER_REQUEST)).await;
            waiting = waiting.saturating_sub(spans.len());
            if let Err(reason) = self.send(client, &spans).await {
                let mut rest = Vec::new();
                if waiting > 0 {
                    self.spans.recv_many(&mut rest, waiting).await;
                }
                let lost = spans.len() + rest.len();
                self.dropped.increment(lost as u64);
                tracing::warn!(endpoint = %self.endpoint, spans = lost, reason, "spans were not sent and are lost");
                return;
            }
        }
    }

    async fn send(&self, client: &Client, spans: &[Span]) -> Result<(), String> {
        let body = encode::request(spans, env!("CARGO_PKG_VERSION"));
        let request = client.post(self.endpoint.0.clone()).header(CONTENT_TYPE, "application/x-protobuf").body(body);
        let response = request.send().await.map_err(|error| error.without_url().to_string())?;
        let status = response.status();
        if status.is_success() { Ok(()) } else { Err(format!("the collector responded with {status}")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoint_gets_the_path_of_the_specification() {
        let parse = |text: &str| text.parse::<Endpoint>().map(|endpoint| endpoint.to_string());
        assert_eq!(parse("http://127.0.0.1:4318").unwrap(), "http://127.0.0.1:4318/v1/traces");
        assert_eq!(parse("https://otel.example/otlp/").unwrap(), "https://otel.example/otlp/v1/traces");
        for invalid in
            ["", "127.0.0.1:4318", "ftp://host", "http://user:secret@host", "http://host?x=1", "http://host#a"]
        {
            assert_eq!(parse(invalid), Err(EndpointError), "{invalid}");
        }
    }
}
