//! Exports of an audit log as they arrive.

use std::{fmt, str::FromStr};

use bytes::Bytes;
use reqwest::Response;
use url::Url;

use super::{ApiError, request::total};

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// One JSON object a line.
    Ndjson,
    /// Comma-separated values with a line of headings (RFC 4180); no cell can become a formula.
    Csv,
}

impl fmt::Display for ExportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        })
    }
}

/// A word that names no format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be ndjson or csv")]
pub struct UnknownFormat;

impl FromStr for ExportFormat {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "ndjson" => Ok(Self::Ndjson),
            "csv" => Ok(Self::Csv),
            _ => Err(UnknownFormat),
        }
    }
}

/// How far an export is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Rows that arrived whole.
    pub rows: u64,
    /// Rows that matched when the export began; more may come while it runs.
    pub total: Option<u64>,
    /// Bytes that arrived.
    pub bytes: u64,
}

/// An export that arrives. Dropping it ends it.
#[derive(Debug)]
pub struct ExportStream {
    url: Url,
    response: Response,
    counter: Counter,
    progress: Progress,
}

impl ExportStream {
    pub(super) fn new(url: Url, response: Response, format: ExportFormat) -> Self {
        let progress = Progress { total: total(response.headers()), ..Progress::default() };
        Self { url, response, counter: Counter::new(format), progress }
    }

    /// How far it is.
    #[must_use]
    pub const fn progress(&self) -> Progress {
        self.progress
    }

    /// The next bytes; `None` after the last.
    ///
    /// # Errors
    /// [`ApiError`] when the export was cut short.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        let chunk = self.response.chunk().await.map_err(|error| ApiError::from_client(&self.url, &error))?;
        if let Some(bytes) = &chunk {
            self.counter.take(bytes);
            self.progress.rows = self.counter.rows();
            self.progress.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        }
        Ok(chunk)
    }
}

/// Counts rows in bytes that may be cut anywhere.
#[derive(Debug)]
struct Counter {
    format: ExportFormat,
    lines: u64,
    quoted: bool,
}

impl Counter {
    const fn new(format: ExportFormat) -> Self {
        Self { format, lines: 0, quoted: false }
    }

    fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                // A doubled quote inside a cell closes and opens: the same parity.
                b'"' if self.format == ExportFormat::Csv => self.quoted = !self.quoted,
                b'\n' if !self.quoted => self.lines += 1,
                _ => {}
            }
        }
    }

    const fn rows(&self) -> u64 {
        match self.format {
            ExportFormat::Ndjson => self.lines,
            ExportFormat::Csv => self.lines.saturating_sub(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_wherever_bytes_are_cut() {
        let text = "id,agent\r\n1,\"two\r\nlines \"\"quoted\"\"\"\r\n2,plain\r\n";
        for cut in 0..text.len() {
            let mut counter = Counter::new(ExportFormat::Csv);
            let (left, right) = text.as_bytes().split_at(cut);
            counter.take(left);
            counter.take(right);
            assert_eq!(counter.rows(), 2, "{cut}");
        }
        let mut counter = Counter::new(ExportFormat::Ndjson);
        counter.take(b"{\"a\":\"\\\"\"}\n{}\n");
        assert_eq!(counter.rows(), 2);
    }
}
