//! `doorward-admin audit --export`

use doorward_shared::counted;

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tokio::signal::{
    ctrl_c,
    unix::{SignalKind, signal},
};

use super::{context::CommandContext, error::CommandError};
use crate::api::{AuditQuery, ExportFormat, ExportStream, OnExisting, Progress, export_to_file};

pub(super) struct Destination {
    /// Path of the file, or `-` for standard output.
    pub(super) path: PathBuf,
    /// File format; `None` derives it from the file name.
    pub(super) format: Option<ExportFormat>,
    pub(super) force: bool,
}

/// Writes all matching entries. Ctrl-C, SIGTERM and SIGHUP cancel the export and leave no file.
pub(super) async fn run(
    context: &CommandContext,
    query: &AuditQuery,
    destination: Destination,
) -> Result<(), CommandError> {
    let on_existing = if destination.force { OnExisting::Replace } else { OnExisting::Refuse };
    let format = match destination.format {
        Some(format) => format,
        None => format_by_name(&destination.path)?,
    };
    let to_stdout = destination.path == Path::new("-");
    let name = destination.path.display().to_string();
    let mut bar = ProgressBar::new();
    let work = async {
        let stream = context.api.audit_export(query, format).await?;
        if to_stdout {
            print(context, stream).await
        } else {
            let result = export_to_file(stream, destination.path, on_existing, |progress| bar.show(progress)).await;
            bar.clear();
            Ok(result?)
        }
    };
    let result = tokio::select! {
        result = work => result,
        signal = interrupted() => {
            signal.map_err(|error| CommandError::failed(format!("signals: {error}")))?;
            return Err(CommandError::failed("cancelled: no file was written"));
        }
    };
    let Progress { rows, bytes, .. } = result?;
    if to_stdout {
        return Ok(());
    }
    if context.output.json {
        return context.output.json(&serde_json::json!({ "file": name, "rows": rows, "bytes": bytes }));
    }
    context.output.done(&format!("wrote {} to {name}", counted(rows, "entry")))
}

/// Waits for a signal that ends the command.
async fn interrupted() -> io::Result<()> {
    let (mut terminated, mut hung_up) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    tokio::select! {
        result = ctrl_c() => result,
        _ = terminated.recv() => Ok(()),
        _ = hung_up.recv() => Ok(()),
    }
}

async fn print(context: &CommandContext, mut stream: ExportStream) -> Result<Progress, CommandError> {
    while let Some(bytes) = stream.next().await? {
        context.output.bytes(&bytes)?;
    }
    context.output.flush()?;
    Ok(stream.progress())
}

/// Returns the format for the extension of a file. Standard output (`-`) gets NDJSON.
fn format_by_name(path: &Path) -> Result<ExportFormat, CommandError> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    match extension.as_deref() {
        Some("csv") => Ok(ExportFormat::Csv),
        Some("ndjson" | "jsonl") => Ok(ExportFormat::Ndjson),
        None if path == Path::new("-") => Ok(ExportFormat::Ndjson),
        _ => Err(CommandError::usage(format!(
            "--export: the name {} does not determine the format; end it with .csv, .ndjson or .jsonl, or add --format",
            path.display()
        ))),
    }
}

/// Progress bar on standard error. Shown only if standard error is a terminal.
struct ProgressBar {
    is_terminal: bool,
    drawn_at: Option<Instant>,
}

impl ProgressBar {
    const INTERVAL: Duration = Duration::from_millis(100);

    fn new() -> Self {
        Self { is_terminal: std::io::stderr().is_terminal(), drawn_at: None }
    }

    fn show(&mut self, progress: Progress) {
        if !self.is_terminal || self.drawn_at.is_some_and(|drawn_at| drawn_at.elapsed() < Self::INTERVAL) {
            return;
        }
        self.drawn_at = Some(Instant::now());
        // A failed write to standard error must not stop the export.
        let _ = write!(std::io::stderr(), "\r\x1b[K{}", bar_line(progress));
    }

    fn clear(&self) {
        if self.drawn_at.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

fn bar_line(progress: Progress) -> String {
    const WIDTH: usize = 30;
    let Some(percent) = progress.percent() else { return progress.entries() };
    let filled = usize::from(percent) * WIDTH / 100;
    let (filled, empty) = ("█".repeat(filled), "░".repeat(WIDTH.saturating_sub(filled)));
    format!("{filled}{empty} {percent:>3} %  {}", progress.entries())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Total;

    #[test]
    fn bar_grows_with_the_rows() {
        let at = |rows, total| bar_line(Progress { rows, total: Some(total), bytes: 0 });
        assert_eq!(at(0, Total::Exact(0)), "0 entries");
        assert_eq!(at(50, Total::Exact(100)), format!("{}{}  50 %  50 of 100 entries", "█".repeat(15), "░".repeat(15)));
        assert_eq!(at(120, Total::Exact(100)), format!("{} 100 %  120 of 100 entries", "█".repeat(30)));
        assert_eq!(at(50, Total::AtLeast(10_000)), "50 of 10000+ entries");
    }

    #[test]
    fn file_extension_selects_the_format() {
        assert_eq!(format_by_name(Path::new("a.csv")), Ok(ExportFormat::Csv));
        assert_eq!(format_by_name(Path::new("a.CSV")), Ok(ExportFormat::Csv));
        assert_eq!(format_by_name(Path::new("a.ndjson")), Ok(ExportFormat::Ndjson));
        assert_eq!(format_by_name(Path::new("-")), Ok(ExportFormat::Ndjson));
        for name in ["a.foo", "a", "a.json", "a.csv.gz"] {
            assert!(format_by_name(Path::new(name)).is_err(), "{name}");
        }
    }
}
