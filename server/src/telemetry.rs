//! Logging to standard error: one line per event, as text or JSON.

use tracing_subscriber::{EnvFilter, filter::ParseError};

use crate::config::LogFormat;

/// Default directives for noisy targets, unless the operator's level names the target: actix logs its threads, and
/// webauthn-rs logs an error for each malformed credential, which Doorward already reports.
const QUIET: [(&str, &str); 2] = [("actix_server", "actix_server=warn"), ("webauthn_rs_core", "webauthn_rs_core=off")];

/// Starts logging. A second call in the same process has no effect.
pub fn start(format: LogFormat, level: &str) -> Result<(), ParseError> {
    let mut filter = EnvFilter::try_new(level)?;
    for (target, directive) in QUIET {
        if !level.contains(target) {
            filter = filter.add_directive(directive.parse()?);
        }
    }
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second subscriber in a process is rejected, as in tests; the first one stays.
    let _ = match format {
        LogFormat::Text => builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    Ok(())
}
