//! Logging to standard error. Each event is one line, as text or JSON.

mod sampler;
mod writer;

use std::{io, sync::Arc};

use tracing_subscriber::{
    EnvFilter, filter::ParseError, fmt, layer::SubscriberExt as _, registry, util::SubscriberInitExt as _,
};

use self::{sampler::Sampler, writer::LineQueue};
use crate::config::LogFormat;

/// Log targets that are turned off, each with the directive that turns it off. If the configured level contains the
/// name of a target, only the configured level applies to this target. actix-http logs an error for each malformed
/// request, and webauthn-rs for each malformed credential, although Doorward reports both itself.
const QUIET: [(&str, &str); 2] = [("actix_http", "actix_http=off"), ("webauthn_rs_core", "webauthn_rs_core=off")];

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("log.level: {0}")]
    Level(#[from] ParseError),
    #[error("cannot start the thread that writes the log: {0}")]
    Thread(#[from] io::Error),
}

/// The running log. Dropping this value waits at most a second for lines that are not written yet.
#[derive(Debug)]
pub struct Log(Arc<LineQueue>);

impl Drop for Log {
    fn drop(&mut self) {
        self.0.flush();
    }
}

/// Starts logging. A second call in the same process has no effect.
///
/// A line that cannot be written is lost and counted. Logging never blocks the calling thread and never fails.
pub fn start(format: LogFormat, level: &str) -> Result<Log, StartError> {
    let mut filter = EnvFilter::try_new(level)?;
    for (target, directive) in QUIET {
        if !level.contains(target) {
            filter = filter.add_directive(directive.parse()?);
        }
    }
    let sampler = Arc::new(Sampler::default());
    let lines = writer::start(io::stderr(), Arc::clone(&sampler))?;
    let log = registry().with(filter).with(sampler::SampledEvents(sampler));
    let lines_of_layer = Arc::clone(&lines);
    // In tests, `try_init` may fail because an earlier call in the same process has set a subscriber. That subscriber
    // stays active.
    let _ = match format {
        LogFormat::Text => {
            let ansi = io::IsTerminal::is_terminal(&io::stderr());
            let layer = fmt::layer().with_ansi(ansi).log_internal_errors(false).with_writer(lines_of_layer);
            log.with(layer).try_init()
        }
        LogFormat::Json => {
            let layer = fmt::layer().json().flatten_event(true).log_internal_errors(false).with_writer(lines_of_layer);
            log.with(layer).try_init()
        }
    };
    Ok(Log(lines))
}
