//! Output of commands: tables for people, JSON for scripts.

use std::{
    fs::File,
    io::{self, Write as _},
    os::fd::AsFd as _,
};

use comfy_table::{Table, presets};
use doorward_shared::command_line::{json_requested, refuse_lost_secret};
use serde::Serialize;

use super::CliError;

pub(super) fn json(value: &impl Serialize) -> Result<(), CliError> {
    line(&to_json(value)?)
}

pub(super) fn to_json(value: &impl Serialize) -> Result<String, CliError> {
    serde_json::to_string(value).map_err(|error| CliError::new(error.to_string()))
}

/// JSON that a command prints after a change: the members of the result, and whether something was changed.
#[derive(Serialize)]
struct Change<'a, T> {
    changed: bool,
    #[serde(flatten)]
    result: &'a T,
}

pub(super) fn change_to_json(changed: bool, result: &impl Serialize) -> Result<String, CliError> {
    to_json(&Change { changed, result })
}

pub(super) fn change_json(changed: bool, result: &impl Serialize) -> Result<(), CliError> {
    line(&change_to_json(changed, result)?)
}

/// Prints the result of a change: `text`, or JSON with the member `changed`.
pub(super) fn changed(as_json: bool, text: &str) -> Result<(), CliError> {
    if as_json { json(&serde_json::json!({ "changed": true })) } else { line(text) }
}

pub(super) fn table(headings: &[&str], rows: &[Vec<String>]) -> Result<(), CliError> {
    line(&render(headings, rows))
}

fn render(headings: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(headings).add_rows(rows);
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 2));
    });
    table.trim_fmt()
}

/// Prints a line on standard output. A closed pipe is not an error.
pub(super) fn line(text: &str) -> Result<(), CliError> {
    match print(text) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::output(&error)),
        _ => Ok(()),
    }
}

/// Writes text to standard output. A closed pipe is not an error.
pub(super) fn bytes(text: &[u8]) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::output(&error)),
        _ => Ok(()),
    }
}

/// Prints a line on standard error. A line that cannot be written is lost, because there is no other place to print it.
pub(super) fn message(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints a message for the user on standard error, as JSON if the command prints JSON.
pub(super) fn notice(text: &str) {
    match json_requested() {
        true => message(&serde_json::json!({ "notice": text }).to_string()),
        false => message(text),
    }
}

/// Standard output for a new secret, which is shown only once. A command opens it before it creates the secret.
pub(super) struct SecretOutput(File);

impl SecretOutput {
    /// Opens standard output.
    ///
    /// # Errors
    /// An error if standard output is `/dev/null`. This includes a closed standard output, because Rust's runtime then
    /// opens `/dev/null` in its place.
    pub(super) fn open() -> Result<Self, CliError> {
        // `io::stdout()` reports no error if its descriptor is not writable, so the descriptor is used directly.
        let file = io::stdout().as_fd().try_clone_to_owned().map(File::from);
        let file = file.map_err(|error| CliError::output(&error))?;
        refuse_lost_secret().map_err(CliError::usage)?;
        Ok(Self(file))
    }

    /// Prints a line that contains a new secret. If this fails, for example because a pipe is closed, nobody has seen
    /// the secret. The error then contains the command that revokes the secret.
    pub(super) fn print(mut self, text: &str, what: &str, revoke: &str) -> Result<(), CliError> {
        let printed = self.0.write_all(format!("{text}\n").as_bytes());
        unless_lost(printed.map_err(|error| CliError::output(&error)), what, revoke)
    }
}

/// If the result is an error, adds to its message that a secret was created but not shown, and the command that revokes
/// this secret.
pub(super) fn unless_lost(result: Result<(), CliError>, what: &str, revoke: &str) -> Result<(), CliError> {
    result.map_err(|error| {
        let reason = &error.message;
        CliError::new(format!("{what} was created but could not be written ({reason}); revoke it with: {revoke}"))
    })
}

/// Writes a line with one write, so that lines of other threads cannot appear inside it.
fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(format!("{text}\n").as_bytes())?;
    out.flush()
}

/// Escapes control characters, which could move the cursor or change colours. Also escapes characters that reorder
/// bidirectional text, because they could make a name look like another name.
pub(super) fn cell(text: &str) -> String {
    text.chars()
        .flat_map(|symbol| {
            let reorders = matches!(symbol, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            let breaks_line = matches!(symbol, '\u{2028}' | '\u{2029}');
            if symbol.is_control() || reorders || breaks_line {
                symbol.escape_default().collect()
            } else {
                vec![symbol]
            }
        })
        .collect()
}

pub(super) fn time(at: Option<doorward_shared::Timestamp>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_columns_are_aligned_without_trailing_spaces() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let table = render(&["ID", "NAME"], &[row(["1", "Café"]), row(["1000", "日本"]), row(["2", ""])]);
        assert_eq!(table, "ID    NAME\n1     Café\n1000  日本\n2");
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(cell("a\u{1b}[31mb\n"), "a\\u{1b}[31mb\\n");
        assert_eq!(cell("\u{9b}31m\u{85}"), "\\u{9b}31m\\u{85}");
        assert_eq!(cell("a\u{202e}b\u{2066}c\u{200f}\u{2028}"), "a\\u{202e}b\\u{2066}c\\u{200f}\\u{2028}");
        assert_eq!(cell("日本 é"), "日本 é");
    }
}
