//! Output of commands: tables for people, JSON for scripts.

use comfy_table::{Table, presets};
use serde::Serialize;

use super::CliError;

pub(super) fn json(value: &impl Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string(value).map_err(|error| CliError::new(error.to_string()))?;
    line(&text)
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

/// Prints a line on standard output. If the pipe is closed, this is not an error.
pub(super) fn line(text: &str) -> Result<(), CliError> {
    use std::io::Write as _;
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(CliError::new(error.to_string())),
        _ => Ok(()),
    }
}

/// Prints a line on standard error. A message that cannot be written is lost, because there is no other place for it.
pub(super) fn message(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Escapes control characters, which could move the cursor or change colours.
pub(super) fn cell(text: &str) -> String {
    text.chars()
        .flat_map(|symbol| if symbol.is_control() { symbol.escape_default().collect() } else { vec![symbol] })
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
    }
}
