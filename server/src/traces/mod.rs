//! Traces for OpenTelemetry: one span per request and one per unit of work of the database.
//!
//! A request belongs to the trace of its header `traceparent` (W3C Trace Context), or begins a new trace. Finished
//! spans are sent to a collector in the background. When more spans finish than can be sent, the rest is dropped and
//! counted, so that a slow collector does not delay requests.

mod encode;
mod export;
mod span;
mod traceparent;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use doorward_shared::{Timestamp, bytes::hex};
use tokio::sync::mpsc;

pub use self::export::{Endpoint, EndpointError, Export, Exporter};
use self::{
    span::{Span, Value},
    traceparent::TraceParent,
};

tokio::task_local! {
    static CURRENT: Arc<Recording>;
}

/// Settings of traces.
#[derive(Debug, Clone, PartialEq)]
pub struct TracesSettings {
    pub endpoint: Endpoint,
    /// Fraction of the requests that are recorded, from 0 to 1. A trusted proxy can decide otherwise for its requests.
    pub ratio: f64,
}

/// Decides which requests are recorded.
#[derive(Debug, Clone, Default)]
pub struct Traces {
    /// Queues finished spans for the exporter; `None` if traces are off.
    recorder: Option<Recorder>,
}

#[derive(Debug, Clone)]
struct Recorder {
    spans: mpsc::Sender<Span>,
    ratio: f64,
    dropped: metrics::Counter,
}

/// The trace to which a request belongs.
#[derive(Debug, Clone)]
pub struct RequestTrace {
    trace: [u8; 16],
    /// Data for the spans of the request; `None` if the request is not recorded.
    recording: Option<Arc<Recording>>,
}

/// A request whose spans are recorded.
#[derive(Debug)]
struct Recording {
    trace: [u8; 16],
    /// Identifier of the request's span. The identifiers of its child spans are the numbers that follow.
    span: u64,
    parent: Option<[u8; 8]>,
    children: AtomicU64,
    started_at: Timestamp,
    started: Instant,
    recorder: Recorder,
}

/// Data that the span of a finished request contains.
#[derive(Debug)]
pub struct FinishedRequest<'a> {
    pub method: &'static str,
    /// Template of the route; `None` if the request has none.
    pub route: Option<&'a str>,
    pub status: u16,
    /// Code of the error response; `None` for other responses.
    pub code: Option<&'static str>,
    pub tenant: Option<String>,
    pub request_id: &'a str,
}

impl Traces {
    /// Creates the recorder of spans and the exporter that sends them. `dropped` counts the spans that are not sent.
    pub fn new(settings: TracesSettings, dropped: metrics::Counter) -> (Self, Exporter) {
        let (sender, spans) = mpsc::channel(export::MAX_WAITING_SPANS);
        let recorder = Recorder { spans: sender, ratio: settings.ratio, dropped: dropped.clone() };
        (Self { recorder: Some(recorder) }, Exporter { spans, endpoint: settings.endpoint, dropped })
    }

    /// Returns the trace of a request that begins now. Returns `None` if traces are off and `traceparent` is missing or
    /// invalid, or if `random`, which returns random bytes, fails. The flag `sampled` in `traceparent` is used only if
    /// it comes from a trusted peer, because otherwise any client could have all its requests recorded.
    pub fn begin(
        &self,
        traceparent: Option<&str>,
        is_trusted_peer: bool,
        now: Timestamp,
        started: Instant,
        random: impl FnOnce() -> Option<[u8; 24]>,
    ) -> Option<RequestTrace> {
        let parent = traceparent.and_then(TraceParent::parse);
        let Some(recorder) = &self.recorder else {
            return parent.map(|parent| RequestTrace { trace: parent.trace, recording: None });
        };
        let random = random()?;
        let (new_trace, new_span) = random.split_first_chunk::<16>()?;
        let trace = parent.as_ref().map_or(*new_trace, |parent| parent.trace);
        let decided = parent.as_ref().filter(|_| is_trusted_peer).map(|parent| parent.is_sampled);
        let is_recorded = decided.unwrap_or_else(|| is_drawn(new_trace, recorder.ratio));
        let recording = is_recorded.then(|| {
            let span = new_span.first_chunk().copied().map_or(1, u64::from_be_bytes).max(1);
            let parent = parent.map(|parent| parent.span);
            let recorder = recorder.clone();
            Arc::new(Recording { trace, span, parent, children: AtomicU64::new(0), started_at: now, started, recorder })
        });
        Some(RequestTrace { trace, recording })
    }
}

/// Decides whether to record a new trace. The decision depends only on the trace's random identifier and the ratio, so
/// other programs with the same ratio make the same decision.
fn is_drawn(trace: &[u8; 16], ratio: f64) -> bool {
    let random = trace.last_chunk().copied().map_or(0, u64::from_be_bytes) >> 11;
    (random as f64) < ratio * (1_u64 << 53) as f64
}

impl RequestTrace {
    /// Returns the trace's identifier in hexadecimal digits.
    pub fn id(&self) -> String {
        hex(&self.trace)
    }

    /// Runs `work`, which handles the request. Within `work`, [`child`] adds spans to the request.
    pub async fn record<T>(trace: Option<&Self>, work: impl Future<Output = T>) -> T {
        match trace.and_then(|trace| trace.recording.clone()) {
            Some(recording) => CURRENT.scope(recording, work).await,
            None => work.await,
        }
    }

    /// Ends the span of the request.
    pub fn finish(&self, request: FinishedRequest<'_>, elapsed: Duration) {
        let Some(recording) = &self.recording else { return };
        let FinishedRequest { method, route, status, code, tenant, request_id } = request;
        let text = |name, value: Option<&str>| value.map(|value| (name, Value::Text(value.to_owned())));
        let attributes = [
            text("http.request.method", Some(method)),
            text("http.route", route),
            Some(("http.response.status_code", Value::Number(status.into()))),
            text("error.type", code),
            tenant.map(|tenant| ("doorward.tenant_id", Value::Text(tenant))),
            text("doorward.request_id", Some(request_id)),
        ];
        recording.send(Span {
            span: recording.span.to_be_bytes(),
            parent: recording.parent,
            name: route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}")),
            is_request: true,
            attributes: attributes.into_iter().flatten().collect(),
            has_failed: status >= 500,
            ..recording.span(Duration::ZERO, elapsed)
        });
    }
}

impl Recording {
    /// Returns a span without a name. Both times are relative to the start of the request.
    fn span(&self, start: Duration, end: Duration) -> Span {
        let base = Duration::from_millis(u64::try_from(self.started_at.millis()).unwrap_or(0));
        let nanos = |offset: Duration| u64::try_from((base + offset).as_nanos()).unwrap_or(u64::MAX);
        Span {
            trace: self.trace,
            span: [0; 8],
            parent: None,
            name: String::new(),
            is_request: false,
            start: nanos(start),
            end: nanos(end),
            attributes: Vec::new(),
            has_failed: false,
        }
    }

    fn send(&self, span: Span) {
        if self.recorder.spans.try_send(span).is_err() {
            self.recorder.dropped.increment(1);
        }
    }
}

/// A span within the current request. The span ends when this value is dropped.
#[derive(Debug)]
pub struct Child(Option<(Arc<Recording>, &'static str, Instant)>);

/// Begins a span within the current request, if that request is recorded.
pub fn child(name: &'static str) -> Child {
    Child(CURRENT.try_with(|recording| (Arc::clone(recording), name, Instant::now())).ok())
}

impl Drop for Child {
    fn drop(&mut self) {
        let Some((recording, name, started)) = self.0.take() else { return };
        let number = recording.children.fetch_add(1, Relaxed).wrapping_add(1);
        let start = started.saturating_duration_since(recording.started);
        recording.send(Span {
            span: recording.span.wrapping_add(number).max(1).to_be_bytes(),
            parent: Some(recording.span.to_be_bytes()),
            name: name.to_owned(),
            ..recording.span(start, recording.started.elapsed())
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn traces(ratio: f64) -> (Traces, mpsc::Receiver<Span>) {
        let settings = TracesSettings { endpoint: "http://127.0.0.1:4318".parse().unwrap(), ratio };
        let (traces, exporter) = Traces::new(settings, metrics::Counter::noop());
        (traces, exporter.spans)
    }

    fn begin(traces: &Traces, traceparent: Option<&str>, random: u8) -> Option<RequestTrace> {
        traces.begin(traceparent, true, Timestamp::from_millis(1_000), Instant::now(), || Some([random; 24]))
    }

    fn request(status: u16) -> FinishedRequest<'static> {
        FinishedRequest { method: "POST", route: Some("/login"), status, code: None, tenant: None, request_id: "r" }
    }

    #[tokio::test]
    async fn spans_of_a_request_belong_to_the_trace_of_its_header() {
        let (traces, mut spans) = traces(0.0);
        let trace = begin(&traces, Some(PARENT), 7).unwrap();
        assert_eq!(trace.id(), "0af7651916cd43dd8448eb211c80319c");
        RequestTrace::record(Some(&trace), async { drop(child("database write")) }).await;
        trace.finish(request(503), Duration::from_millis(5));
        let (write, request) = (spans.try_recv().unwrap(), spans.try_recv().unwrap());
        assert_eq!((write.trace, &*write.name, write.parent), (request.trace, "database write", Some(request.span)));
        assert_eq!(request.parent, Some(0xb7ad_6b71_6920_3331_u64.to_be_bytes()));
        assert_eq!((request.start, request.end, request.has_failed), (1_000_000_000, 1_005_000_000, true));
        assert_ne!(write.span, request.span);
    }

    #[tokio::test]
    async fn only_chosen_requests_are_recorded() {
        let recorded = |traces: &Traces, header, random| begin(traces, header, random).unwrap().recording.is_some();
        let (traces, _spans) = traces(0.5);
        assert!(recorded(&traces, None, 0x10), "below the ratio");
        assert!(!recorded(&traces, None, 0xf0), "above the ratio");
        assert!(recorded(&traces, Some(PARENT), 0xf0));
        let unsampled = PARENT.replace("-01", "-00");
        assert!(!recorded(&traces, Some(unsampled.as_str()), 0x10));
        let off = Traces::default();
        assert!(!recorded(&off, Some(PARENT), 0));
        assert!(begin(&off, None, 0).is_none());
        // Outside of a recorded request, no span is recorded.
        assert!(child("database read").0.is_none());
    }

    #[test]
    fn flag_of_an_untrusted_peer_is_ignored() {
        let (traces, _spans) = traces(0.5);
        for header in [PARENT.to_owned(), PARENT.replace("-01", "-00")] {
            for (random, recorded) in [(0x10, true), (0xf0, false)] {
                let now = Timestamp::from_millis(1_000);
                let trace = traces.begin(Some(&header), false, now, Instant::now(), || Some([random; 24])).unwrap();
                assert_eq!(trace.id(), "0af7651916cd43dd8448eb211c80319c");
                assert_eq!(trace.recording.is_some(), recorded, "{header} {random}");
            }
        }
    }

    #[tokio::test]
    async fn spans_above_the_limit_are_dropped() {
        let (traces, mut spans) = traces(1.0);
        for _ in 0..=export::MAX_WAITING_SPANS {
            begin(&traces, None, 1).unwrap().finish(request(200), Duration::ZERO);
        }
        let waiting = std::iter::from_fn(|| spans.try_recv().ok()).count();
        assert_eq!(waiting, export::MAX_WAITING_SPANS);
    }
}
