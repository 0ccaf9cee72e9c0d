//! What commands print on standard output: lines for people, JSON for scripts.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal as _, Write as _},
};

use doorward_shared::Timestamp;
use serde::Serialize;

use super::{Failed, note, table::Table};
use crate::escape::{is_hidden, visible};

/// Standard output, and what is wanted there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    pub(super) json: bool,
    /// Columns of the terminal; `None` when it is none.
    width: Option<usize>,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        let size = io::stdout().is_terminal().then(crossterm::terminal::size).and_then(Result::ok);
        Self { json, width: size.map(|(columns, _)| usize::from(columns)).filter(|&columns| columns > 0) }
    }

    /// Prints a line that holds nothing from outside, or only what was made [`visible`].
    pub(super) fn line(&self, text: &str) -> Result<(), Failed> {
        let mut out = io::stdout().lock();
        writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|error| unwritten(&error))
    }

    /// Prints names and values, one pair a line.
    pub(super) fn pairs(&self, pairs: &[(&str, String)]) -> Result<(), Failed> {
        let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        pairs.iter().try_for_each(|(name, value)| self.line(&format!("{name:<width$}   {}", visible(value))))
    }

    /// Prints a value as JSON on one line.
    pub(super) fn value(&self, value: &impl Serialize) -> Result<(), Failed> {
        self.line(&json(value)?)
    }

    /// Prints a value as JSON that people read.
    pub(super) fn pretty(&self, value: &impl Serialize) -> Result<(), Failed> {
        let text = serde_json::to_string_pretty(value).map_err(|error| Failed::new(error.to_string()))?;
        self.line(&harmless(&text))
    }

    /// Prints a whole table, in as many columns as there is room for.
    pub(super) fn table(&self, table: &Table, rows: &[Vec<String>]) -> Result<(), Failed> {
        let layout = table.layout(rows, self.width);
        if !layout.left_out().is_empty() {
            note(&format!("no room for {} (--json shows everything)", layout.left_out().join(", ")));
        }
        self.line(&layout.headings())?;
        rows.iter().try_for_each(|row| self.line(&layout.row(row)))
    }

    /// How wide a line may be.
    pub(super) const fn width(&self) -> Option<usize> {
        self.width
    }

    /// Says that something was done.
    pub(super) fn done(&self, text: &str) -> Result<(), Failed> {
        if self.json { self.value(&serde_json::json!({ "done": true })) } else { self.line(&visible(text)) }
    }

    /// Prints bytes as they are.
    pub(super) fn bytes(&self, bytes: &[u8]) -> Result<(), Failed> {
        io::stdout().lock().write_all(bytes).map_err(|error| unwritten(&error))
    }

    /// Hands on whatever was printed.
    pub(super) fn flush(&self) -> Result<(), Failed> {
        io::stdout().lock().flush().map_err(|error| unwritten(&error))
    }
}

/// Whoever closed the pipe early wants no more.
fn unwritten(error: &io::Error) -> Failed {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failed::Unread,
        _ => Failed::new(format!("standard output: {error}")),
    }
}

/// A value as JSON on one line.
pub(super) fn json(value: &impl Serialize) -> Result<String, Failed> {
    serde_json::to_string(value).map(|text| harmless(&text)).map_err(|error| Failed::new(error.to_string()))
}

/// The same JSON, with every character that could do harm on a terminal written as `\uXXXX`: outside of texts JSON has
/// none of them but line breaks.
fn harmless(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for symbol in json.chars() {
        if is_hidden(symbol) && symbol != '\n' {
            for unit in symbol.encode_utf16(&mut [0; 2]) {
                // Writing to a text cannot fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(symbol);
        }
    }
    text
}

/// A time, to the second.
pub(super) fn time(at: Timestamp) -> String {
    let text = at.to_string();
    text.split_once('.').map_or_else(|| text.clone(), |(seconds, _)| format!("{seconds}Z"))
}

/// A time that may be absent.
pub(super) fn maybe_time(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "-".to_owned(), time)
}

/// A text that may be absent.
pub(super) fn maybe(text: Option<&str>) -> String {
    text.filter(|text| !text.is_empty()).unwrap_or("-").to_owned()
}

/// Yes or no.
pub(super) const fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_the_same_value_and_does_no_harm() {
        let value = serde_json::json!({ "name": "a\u{202e}b\u{e0041}\u{9b}\u{7f}\u{1b}\n", "other": "Zoë 日本" });
        for text in [json(&value).unwrap(), harmless(&serde_json::to_string_pretty(&value).unwrap())] {
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
            assert!(!text.chars().any(|symbol| is_hidden(symbol) && symbol != '\n'), "{text}");
            assert!(text.contains("Zoë 日本"));
        }
    }

    #[test]
    fn times_are_shown_to_the_second() {
        assert_eq!(time(Timestamp::from_millis(1_764_000_000_123)), "2025-11-24T16:00:00Z");
        assert_eq!(maybe_time(None), "-");
    }
}
