//! Limits the log lines of each kind, so that clients cannot fill the disk with log lines.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tracing::{
    Event, Level, Subscriber,
    callsite::Identifier,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context};

/// Maximum number of lines of one kind in a second.
const LINES_PER_SECOND: u32 = 10;
const SECOND: Duration = Duration::from_secs(1);
/// Maximum number of kinds that are counted separately. All others share one count.
const MAX_KINDS: usize = 1_024;

/// Call site of an event and the value of its field `code`; `None` for the kinds beyond [`MAX_KINDS`].
type Kind = Option<(Identifier, String)>;

/// Counts the lines of each kind in the current second.
#[derive(Debug, Default)]
pub(super) struct Sampler(Mutex<HashMap<Kind, Count>>);

#[derive(Debug)]
struct Count {
    /// Start of the second in which `written` lines were written.
    start: Instant,
    written: u32,
    /// Number of lines that were left out since the last report.
    left_out: u64,
    is_error: bool,
    /// Message of the first line that was left out.
    message: String,
}

/// Number of lines of one kind that were left out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// Message of these lines.
    pub(super) kind: String,
    /// Value of the field `code` of these lines; empty if they have no such field.
    pub(super) code: String,
    pub(super) is_error: bool,
    pub(super) lines: u64,
}

impl Sampler {
    fn counts(&self) -> MutexGuard<'_, HashMap<Kind, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an event, and returns whether the caller may write its line.
    fn count(&self, event: &Event<'_>, now: Instant) -> bool {
        let kind = (event.metadata().callsite(), value(event, "code"));
        let mut counts = self.counts();
        let kind = Some(kind).filter(|kind| counts.len() < MAX_KINDS || counts.contains_key(&Some(kind.clone())));
        let is_error = *event.metadata().level() == Level::ERROR;
        let count = counts.entry(kind).or_insert_with(|| Count::new(now, is_error));
        if now.saturating_duration_since(count.start) >= SECOND {
            (count.start, count.written) = (now, 0);
        }
        if count.written < LINES_PER_SECOND {
            count.written += 1;
            return true;
        }
        if count.left_out == 0 {
            count.message = value(event, "message");
        }
        count.left_out += 1;
        count.is_error |= is_error;
        false
    }

    /// Returns the number of lines that were left out since the last call, for each kind with such lines, and resets
    /// these numbers. Forgets a kind without such lines when the second in which its lines were counted is over.
    pub(super) fn take_left_out(&self) -> Vec<LeftOut> {
        let mut left_out = Vec::new();
        self.counts().retain(|kind, count| {
            if count.left_out == 0 {
                return count.start.elapsed() < SECOND;
            }
            left_out.push(LeftOut {
                kind: std::mem::take(&mut count.message),
                code: kind.as_ref().map(|(_, code)| code.clone()).unwrap_or_default(),
                is_error: count.is_error,
                lines: std::mem::take(&mut count.left_out),
            });
            true
        });
        left_out
    }
}

impl Count {
    const fn new(now: Instant, is_error: bool) -> Self {
        Self { start: now, written: 0, left_out: 0, is_error, message: String::new() }
    }
}

/// Drops the events of a kind that already has [`LINES_PER_SECOND`] lines in the current second. Debug and trace
/// events are not limited, because they are logged only if an operator requests them.
#[derive(Debug)]
pub(super) struct SampledEvents(pub(super) Arc<Sampler>);

impl<S: Subscriber> Layer<S> for SampledEvents {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        // The reports about missing lines must not be left out themselves.
        let is_report = metadata.module_path() == Some(REPORTS);
        is_report || *metadata.level() > Level::INFO || self.0.count(event, Instant::now())
    }
}

/// The module that reports the numbers of missing lines.
const REPORTS: &str = "doorward_server::telemetry::writer";

/// Returns the value of a field; empty if the event does not have it.
fn value(event: &Event<'_>, field: &'static str) -> String {
    let mut found = Find { field, value: String::new() };
    event.record(&mut found);
    found.value
}

struct Find {
    field: &'static str,
    value: String,
}

impl Visit for Find {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == self.field {
            self.value = value.to_owned();
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == self.field {
            self.value = format!("{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::{layer::SubscriberExt as _, registry};

    use super::*;

    /// Records the field `code` of the events that reach this layer.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Written {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            self.0.lock().unwrap().push(value(event, "code"));
        }
    }

    fn sampled(events: impl FnOnce()) -> (Vec<String>, Vec<LeftOut>) {
        let (sampler, written) = (Arc::new(Sampler::default()), Written::default());
        let log = registry().with(SampledEvents(Arc::clone(&sampler))).with(written.clone());
        tracing::subscriber::with_default(log, events);
        let codes = written.0.lock().unwrap().clone();
        (codes, sampler.take_left_out())
    }

    #[test]
    fn lines_of_one_kind_are_limited_and_counted() {
        let (written, left_out) = sampled(|| {
            for number in 0..100 {
                let code = if number == 50 { "other" } else { "rate_limited" };
                tracing::info!(%code, number, "request refused");
            }
        });
        // If the test is slow, more lines are written in the next second.
        assert!((11..100).contains(&written.len()), "{written:?}");
        assert!(written.contains(&"other".to_owned()));
        let [LeftOut { kind, code, is_error, lines }] = left_out.as_slice() else { panic!("{left_out:?}") };
        assert_eq!((kind.as_str(), code.as_str(), *is_error), ("request refused", "rate_limited", false));
        assert_eq!(*lines + written.len() as u64, 100);
    }

    #[test]
    fn debug_lines_are_not_limited() {
        let (written, left_out) = sampled(|| (0..100).for_each(|number| tracing::debug!(number, "request")));
        assert_eq!((written.len(), left_out.len()), (100, 0));
    }

    #[test]
    fn number_of_kinds_is_bounded() {
        let sampler = Arc::new(Sampler::default());
        let log = registry().with(SampledEvents(Arc::clone(&sampler)));
        tracing::subscriber::with_default(log, || {
            for number in 0..MAX_KINDS * 2 {
                tracing::info!(code = number, "request refused");
            }
        });
        assert!(sampler.counts().len() <= MAX_KINDS + 1);
    }
}
