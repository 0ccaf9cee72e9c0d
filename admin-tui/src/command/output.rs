//! Standard output: human-readable lines, or JSON for scripts.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal as _, Write as _},
};

use doorward_shared::{Timestamp, command_line, key_format::without_keys};
use serde::Serialize;

use super::{
    error::CommandError,
    table::{Column, Layout},
};
use crate::sanitize::{needs_escape, sanitize};

/// Writes a line to standard error. If standard error is closed, the line is lost.
pub(super) fn error_line(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Returns an error if standard output is closed or `/dev/null`, because a new secret would be lost.
pub(super) fn refuse_lost_secret() -> Result<(), CommandError> {
    command_line::refuse_lost_secret().map_err(CommandError::usage)
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    pub(super) json: bool,
    /// Width of the terminal in columns; `None` if standard output is not a terminal.
    pub(super) width: Option<usize>,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        let size = io::stdout().is_terminal().then(crossterm::terminal::size).and_then(Result::ok);
        Self { json, width: size.map(|(columns, _)| usize::from(columns)).filter(|&columns| columns > 0) }
    }

    /// Prints a message for the user on standard error.
    pub(super) fn notice(self, text: &str) {
        if self.json {
            error_line(&escape_json(&serde_json::json!({ "notice": text }).to_string()));
        } else {
            error_line(&format!("doorward-admin: {}", sanitize(text)));
        }
    }

    /// Prints an error on standard error. Shows keys only as hints: messages repeat arguments, and users may enter a key
    /// in place of a name or a path by mistake.
    pub(super) fn error(self, error: &CommandError) {
        if error.message().is_empty() {
            return;
        }
        if self.json {
            error_line(&escape_json(&without_keys(&error.to_json())));
        } else {
            let message = without_keys(error.message());
            message.lines().for_each(|line| error_line(&format!("doorward-admin: {}", sanitize(line))));
        }
    }

    /// Prints a line. The caller must sanitize text from the server.
    pub(super) fn line(self, text: &str) -> Result<(), CommandError> {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{text}").and_then(|()| stdout.flush()).map_err(|error| write_error(&error))
    }

    /// Prints names and values, one pair per line.
    pub(super) fn pairs(self, pairs: &[(&str, String)]) -> Result<(), CommandError> {
        let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        pairs.iter().try_for_each(|(name, value)| self.line(&format!("{name:<width$}   {}", sanitize(value))))
    }

    pub(super) fn json(self, value: &impl Serialize) -> Result<(), CommandError> {
        self.line(&escape_json(&serde_json::to_string(value)?))
    }

    pub(super) fn pretty_json(self, value: &impl Serialize) -> Result<(), CommandError> {
        self.line(&escape_json(&serde_json::to_string_pretty(value)?))
    }

    /// Prints a table. On a narrow terminal, hidden columns are listed on standard error.
    pub(super) fn table(self, columns: &[Column], rows: Vec<Vec<String>>) -> Result<(), CommandError> {
        let layout = Layout::new(columns, rows, self.width);
        if !layout.hidden().is_empty() {
            let hidden = layout.hidden().join(", ");
            self.notice(&format!("the terminal is too narrow for {hidden}; use --json to see all values"));
        }
        layout.head().iter().try_for_each(|line| self.line(line))
    }

    pub(super) fn list<T: Serialize>(
        self,
        columns: &[Column],
        items: &[T],
        row: impl Fn(&T) -> Vec<String>,
    ) -> Result<(), CommandError> {
        if self.json { self.json(&items) } else { self.table(columns, items.iter().map(row).collect()) }
    }

    /// Prints the result of a change. JSON contains only `changed`.
    pub(super) fn done(self, text: &str) -> Result<(), CommandError> {
        self.change(true, &serde_json::json!({}), text)
    }

    /// Prints that a command had nothing to change.
    pub(super) fn unchanged(self, text: &str) -> Result<(), CommandError> {
        self.change(false, &serde_json::json!({}), text)
    }

    /// Prints the result of a change: JSON with `changed` and the members of `result`, or the text.
    pub(super) fn change(self, changed: bool, result: &impl Serialize, text: &str) -> Result<(), CommandError> {
        if self.json { self.json(&Change { changed, result }) } else { self.line(&sanitize(text)) }
    }

    pub(super) fn change_json(self, changed: bool, result: &impl Serialize) -> Result<(), CommandError> {
        self.json(&Change { changed, result })
    }

    pub(super) fn bytes(self, bytes: &[u8]) -> Result<(), CommandError> {
        io::stdout().lock().write_all(bytes).map_err(|error| write_error(&error))
    }

    pub(super) fn flush(self) -> Result<(), CommandError> {
        io::stdout().lock().flush().map_err(|error| write_error(&error))
    }
}

#[derive(Serialize)]
struct Change<'a, T> {
    /// `true` if something on the server was changed.
    changed: bool,
    #[serde(flatten)]
    result: &'a T,
}

fn write_error(error: &io::Error) -> CommandError {
    match error.kind() {
        io::ErrorKind::BrokenPipe => CommandError::OutputClosed,
        _ => CommandError::failed(format!("standard output: {error}")),
    }
}

/// Escapes unsafe characters in JSON text as `\uXXXX`. Keeps line breaks, which JSON has only outside of strings.
fn escape_json(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for symbol in json.chars() {
        if needs_escape(symbol) && symbol != '\n' {
            for unit in symbol.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(symbol);
        }
    }
    text
}

/// Formats a time as RFC 3339 without fractions of a second.
pub(super) fn time(at: Timestamp) -> String {
    let text = at.to_string();
    text.split_once('.').map_or_else(|| text.clone(), |(seconds, _)| format!("{seconds}Z"))
}

pub(super) fn optional_time(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "-".to_owned(), time)
}

pub(super) fn optional(text: Option<&str>) -> String {
    text.filter(|text| !text.is_empty()).unwrap_or("-").to_owned()
}

pub(super) const fn yes_no(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_json_has_the_same_value() {
        let value = serde_json::json!({ "name": "a\u{202e}b\u{e0041}\u{9b}\u{7f}\u{1b}\n", "other": "Zoë 日本" });
        for json in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let text = escape_json(&json);
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
            assert!(!text.chars().any(|symbol| needs_escape(symbol) && symbol != '\n'), "{text}");
            assert!(text.contains("Zoë 日本"));
        }
    }

    #[test]
    fn times_are_formatted_with_seconds() {
        assert_eq!(time(Timestamp::from_millis(1_764_000_000_123)), "2025-11-24T16:00:00Z");
        assert_eq!(optional_time(None), "-");
    }
}
