//! `doorward-admin audit --export`

use std::{
    io::{IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tokio::signal::ctrl_c;

use super::{Context, Failed};
use crate::api::{AuditQuery, ExportFormat, ExportStream, OnExisting, Progress, export_to_file};

/// What to write where.
pub(super) struct Wanted {
    pub(super) path: PathBuf,
    pub(super) format: Option<ExportFormat>,
    pub(super) force: bool,
}

/// Writes everything that matches. Ctrl-C cancels it, and leaves no file.
pub(super) async fn run(context: &Context, query: &AuditQuery, wanted: Wanted) -> Result<(), Failed> {
    let on_existing = if wanted.force { OnExisting::Replace } else { OnExisting::Refuse };
    let format = wanted.format.unwrap_or_else(|| by_name(&wanted.path));
    let to_stdout = wanted.path == Path::new("-");
    let name = wanted.path.display().to_string();
    let mut bar = Bar::new();
    let work = async {
        let stream = context.api.audit_export(query, format).await?;
        if to_stdout {
            print(context, stream).await
        } else {
            let result = export_to_file(stream, wanted.path, on_existing, |progress| bar.show(progress)).await;
            bar.clear();
            Ok(result?)
        }
    };
    let finished = tokio::select! {
        finished = work => finished,
        signal = ctrl_c() => {
            signal.map_err(|error| Failed::new(format!("signals: {error}")))?;
            return Err(Failed::new("cancelled: nothing was written"));
        }
    };
    let progress = finished?;
    if to_stdout {
        return Ok(());
    }
    if context.out.json {
        let Progress { rows, bytes, .. } = progress;
        return context.out.value(&serde_json::json!({ "file": name, "rows": rows, "bytes": bytes }));
    }
    context.out.done(&format!("{} entries are in {name}", progress.rows))
}

async fn print(context: &Context, mut stream: ExportStream) -> Result<Progress, Failed> {
    while let Some(bytes) = stream.next().await? {
        context.out.bytes(&bytes)?;
    }
    context.out.flush()?;
    Ok(stream.progress())
}

fn by_name(path: &Path) -> ExportFormat {
    match path.extension() {
        Some(extension) if extension.eq_ignore_ascii_case("csv") => ExportFormat::Csv,
        _ => ExportFormat::Ndjson,
    }
}

/// A line on standard error that is written over and over.
struct Bar {
    on: bool,
    shown: Option<Instant>,
}

impl Bar {
    const PAUSE: Duration = Duration::from_millis(100);

    fn new() -> Self {
        Self { on: std::io::stderr().is_terminal(), shown: None }
    }

    fn show(&mut self, progress: Progress) {
        if !self.on || self.shown.is_some_and(|shown| shown.elapsed() < Self::PAUSE) {
            return;
        }
        self.shown = Some(Instant::now());
        // A bar that cannot be drawn does not stop the export.
        let _ = write!(std::io::stderr(), "\r\x1b[K{}", line(progress));
    }

    fn clear(&self) {
        if self.shown.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

fn line(progress: Progress) -> String {
    const WIDTH: u64 = 30;
    let Some(total) = progress.total.filter(|total| *total > 0) else {
        return format!("{} entries", progress.rows);
    };
    // More may have come than there were at the beginning.
    let rows = progress.rows.min(total);
    let part = |whole: u64| usize::try_from(u128::from(rows) * u128::from(whole) / u128::from(total)).unwrap_or(0);
    let filled = part(WIDTH);
    let rest = usize::try_from(WIDTH).unwrap_or(0).saturating_sub(filled);
    format!("{}{} {:>3} %  {} of {total} entries", "█".repeat(filled), "░".repeat(rest), part(100), progress.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_grows_with_the_rows() {
        let at = |rows, total| line(Progress { rows, total, bytes: 0 });
        assert_eq!(at(5, None), "5 entries");
        assert_eq!(at(0, Some(0)), "0 entries");
        assert_eq!(at(50, Some(100)), format!("{}{}  50 %  50 of 100 entries", "█".repeat(15), "░".repeat(15)));
        assert_eq!(at(120, Some(100)), format!("{} 100 %  120 of 100 entries", "█".repeat(30)));
    }

    #[test]
    fn the_name_tells_the_format() {
        assert_eq!(by_name(Path::new("a.csv")), ExportFormat::Csv);
        assert_eq!(by_name(Path::new("a.CSV")), ExportFormat::Csv);
        assert_eq!(by_name(Path::new("a.ndjson")), ExportFormat::Ndjson);
        assert_eq!(by_name(Path::new("-")), ExportFormat::Ndjson);
    }
}
