//! Audit log exports as streams of bytes.

use std::fmt;

use bytes::Bytes;
use reqwest::Response;
use url::Url;

use super::{error::ApiError, request::total_count};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// One JSON object per line.
    Ndjson,
    /// Comma-separated values with a header line (RFC 4180). The server escapes cells that a spreadsheet would evaluate.
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

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Number of complete rows received.
    pub rows: u64,
    /// Number of matching rows when the export started. The export may contain more, since the log grows.
    pub total: Option<u64>,
    pub bytes: u64,
}

/// A running export. Dropping it cancels the request.
#[derive(Debug)]
pub struct ExportStream {
    url: Url,
    response: Response,
    counter: RowCounter,
    progress: Progress,
}

impl ExportStream {
    pub(super) fn new(url: Url, response: Response, format: ExportFormat) -> Self {
        let progress = Progress { total: total_count(response.headers()), ..Progress::default() };
        Self { url, response, counter: RowCounter::new(format), progress }
    }

    pub const fn progress(&self) -> Progress {
        self.progress
    }

    /// Returns the next chunk of bytes, or `None` at the end. Fails if the connection ends before the export is complete.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        let chunk = self.response.chunk().await.map_err(|error| ApiError::from_client(&self.url, &error))?;
        if let Some(bytes) = &chunk {
            self.counter.add(bytes);
            self.progress.rows = self.counter.rows();
            self.progress.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        }
        Ok(chunk)
    }
}

/// Counts rows in chunks that may end anywhere, also inside a row.
#[derive(Debug)]
struct RowCounter {
    format: ExportFormat,
    lines: u64,
    in_quotes: bool,
}

impl RowCounter {
    const fn new(format: ExportFormat) -> Self {
        Self { format, lines: 0, in_quotes: false }
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                // An escaped quote is two quotes, which leave the state unchanged.
                b'"' if self.format == ExportFormat::Csv => self.in_quotes = !self.in_quotes,
                b'\n' if !self.in_quotes => self.lines += 1,
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
    fn row_count_does_not_depend_on_chunk_boundaries() {
        let text = "id,agent\r\n1,\"two\r\nlines \"\"quoted\"\"\"\r\n2,plain\r\n";
        for split in 0..text.len() {
            let mut counter = RowCounter::new(ExportFormat::Csv);
            let (left, right) = text.as_bytes().split_at(split);
            counter.add(left);
            counter.add(right);
            assert_eq!(counter.rows(), 2, "{split}");
        }
        let mut counter = RowCounter::new(ExportFormat::Ndjson);
        counter.add(b"{\"a\":\"\\\"\"}\n{}\n");
        assert_eq!(counter.rows(), 2);
    }
}
