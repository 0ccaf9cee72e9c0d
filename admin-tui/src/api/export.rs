//! Audit log exports as streams of bytes.

use doorward_shared::counted;

use std::fmt;

use bytes::Bytes;
use reqwest::{Response, header::HeaderMap};
use url::Url;

use super::{error::ApiError, request::total_count};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// One JSON object per line.
    Ndjson,
    /// Comma-separated values with a header line (RFC 4180). The server escapes cells that spreadsheets would evaluate.
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
    /// Number of matching rows when the export started; `None` if the server did not send it. The export may contain
    /// more rows, because the log can grow.
    pub total: Option<Total>,
    pub bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// The exact number.
    Exact(u64),
    /// A lower bound, because the server did not count all rows.
    AtLeast(u64),
}

impl Total {
    /// Returns the number, which can be a lower bound.
    #[must_use]
    pub const fn number(self) -> u64 {
        match self {
            Self::Exact(number) | Self::AtLeast(number) => number,
        }
    }

    #[must_use]
    pub(crate) const fn minus(self, number: u64) -> Self {
        match self {
            Self::Exact(total) => Self::Exact(total.saturating_sub(number)),
            Self::AtLeast(total) => Self::AtLeast(total.saturating_sub(number)),
        }
    }

    pub(super) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let is_lower_bound = headers.get("x-total-count-relation").is_some_and(|relation| relation == "gte");
        let count = total_count(headers)?;
        Some(if is_lower_bound { Self::AtLeast(count) } else { Self::Exact(count) })
    }
}

impl fmt::Display for Total {
    /// Writes the number, and `+` after a lower bound.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.number(), if matches!(self, Self::AtLeast(_)) { "+" } else { "" })
    }
}

impl Progress {
    /// Returns the progress in percent, from 0 to 100. `None` if the exact total is unknown or zero.
    #[must_use]
    pub fn percent(&self) -> Option<u16> {
        match self.total {
            Some(Total::Exact(total @ 1..)) => {
                // The export may contain more rows than were counted at the start.
                let percent = u128::from(self.rows) * 100 / u128::from(total);
                Some(u16::try_from(percent).unwrap_or(100).min(100))
            }
            _ => None,
        }
    }

    /// Describes the rows: `50 of 100 entries`, `50 of 10000+ entries`, or `50 entries` if no larger total is known.
    #[must_use]
    pub fn entries(&self) -> String {
        match self.total {
            Some(Total::Exact(total @ 1..)) => format!("{} of {}", self.rows, counted(total, "entry")),
            Some(Total::AtLeast(total)) if total > self.rows => format!("{} of {total}+ entries", self.rows),
            _ => counted(self.rows, "entry"),
        }
    }
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
        let progress = Progress { total: Total::from_headers(response.headers()), ..Progress::default() };
        Self { url, response, counter: RowCounter::new(format), progress }
    }

    pub const fn progress(&self) -> Progress {
        self.progress
    }

    /// Returns the next chunk, or `None` at the end. Fails if the connection ends before the export is complete.
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

/// Counts rows in chunks that may end anywhere, even inside a row.
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
                // An escaped quote consists of two quotes. They change `in_quotes` twice, so its value stays correct.
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
    fn percentage_needs_an_exact_total() {
        let at = |rows, total| {
            let progress = Progress { rows, total, bytes: 0 };
            (progress.percent(), progress.entries())
        };
        assert_eq!(at(50, Some(Total::Exact(200))), (Some(25), "50 of 200 entries".to_owned()));
        assert_eq!(at(220, Some(Total::Exact(200))), (Some(100), "220 of 200 entries".to_owned()));
        assert_eq!(at(0, Some(Total::Exact(0))), (None, "0 entries".to_owned()));
        assert_eq!(at(50, Some(Total::AtLeast(10_000))), (None, "50 of 10000+ entries".to_owned()));
        assert_eq!(at(10_000, Some(Total::AtLeast(10_000))), (None, "10000 entries".to_owned()));
        assert_eq!(at(5, None), (None, "5 entries".to_owned()));
    }

    #[test]
    fn lower_bound_is_read_from_the_headers() {
        let mut headers = HeaderMap::new();
        assert_eq!(Total::from_headers(&headers), None);
        headers.insert("x-total-count", "10000".parse().unwrap());
        assert_eq!(Total::from_headers(&headers), Some(Total::Exact(10_000)));
        headers.insert("x-total-count-relation", "gte".parse().unwrap());
        assert_eq!(Total::from_headers(&headers), Some(Total::AtLeast(10_000)));
    }

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
