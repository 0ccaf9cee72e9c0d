//! The log: one line an event, as text or JSON, on standard error.

use tracing_subscriber::{EnvFilter, filter::ParseError};

/// What is kept quiet unless the operator asks for it by name: actix's account of its threads, and webauthn-rs's
/// complaints about what strangers send, which Doorward refuses in its own words.
const QUIET: [(&str, &str); 2] = [("actix_server", "actix_server=warn"), ("webauthn_rs_core", "webauthn_rs_core=off")];

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Starts logging. A second call changes nothing: tests share a process.
///
/// # Errors
/// When the level is none `tracing` knows.
pub fn start(format: LogFormat, level: &str) -> Result<(), ParseError> {
    let mut filter = EnvFilter::try_new(level)?;
    for (target, directive) in QUIET {
        if !level.contains(target) {
            filter = filter.add_directive(directive.parse()?);
        }
    }
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // The second subscriber of a process is refused; the first one goes on.
    let _ = match format {
        LogFormat::Text => builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    Ok(())
}
