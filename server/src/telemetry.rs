//! Logging to standard error. Each event is one line, as text or JSON.

use tracing_subscriber::{EnvFilter, filter::ParseError};

use crate::config::LogFormat;

/// Log directives for two targets, which apply unless the configured level contains the target. actix-http logs an error
/// for each malformed request, and webauthn-rs one for each malformed credential, although Doorward reports both as well.
const QUIET: [(&str, &str); 2] = [("actix_http", "actix_http=off"), ("webauthn_rs_core", "webauthn_rs_core=off")];

/// Starts logging. A second call in the same process has no effect.
pub fn start(format: LogFormat, level: &str) -> Result<(), ParseError> {
    let mut filter = EnvFilter::try_new(level)?;
    for (target, directive) in QUIET {
        if !level.contains(target) {
            filter = filter.add_directive(directive.parse()?);
        }
    }
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // In tests, a second call in the same process fails. The first subscriber stays active.
    let _ = match format {
        LogFormat::Text => builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    Ok(())
}
