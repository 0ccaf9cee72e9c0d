//! What commands print: tables for people, JSON for scripts.

use serde::Serialize;

use super::Failed;

/// Prints a value as JSON on one line.
pub(super) fn json(value: &impl Serialize) -> Result<(), Failed> {
    let text = serde_json::to_string(value).map_err(|error| Failed::new(error.to_string()))?;
    line(&text)
}

/// Prints rows under their headings, each column as wide as its widest cell.
pub(super) fn table(headings: &[&str], rows: &[Vec<String>]) -> Result<(), Failed> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(headings.get(column).map(|heading| heading.len())).max().unwrap_or(0)
    };
    let render = |cells: Vec<&str>| {
        let padded = cells.iter().enumerate().map(|(column, cell)| format!("{cell:<width$}", width = width(column)));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    line(&render(headings.to_vec()))?;
    rows.iter().try_for_each(|row| line(&render(row.iter().map(String::as_str).collect())))
}

/// Prints a line on standard output. Whoever closed it early wants no more.
pub(super) fn line(text: &str) -> Result<(), Failed> {
    use std::io::Write as _;
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failed::new(error.to_string())),
        _ => Ok(()),
    }
}

/// A cell whose control characters cannot move the cursor or change colours.
pub(super) fn cell(text: &str) -> String {
    text.chars()
        .flat_map(|symbol| if symbol.is_control() { symbol.escape_default().collect() } else { vec![symbol] })
        .collect()
}

/// A time that may be absent.
pub(super) fn time(at: Option<doorward_shared::Timestamp>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| at.to_string())
}
