//! Runs other programs to completion and kills them when the caller is cancelled.

use std::{
    io::{Read as _, Seek as _},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use super::{Options, ReportError};

/// Interval between checks for the end of a program.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A running program; killed on drop.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both have no effect if it has already ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Options {
    /// Returns the path of a program.
    pub(super) fn program(&self, name: &str) -> Result<PathBuf, ReportError> {
        let here = || {
            let own = std::env::current_exe().ok()?;
            Some(own.parent()?.to_path_buf())
        };
        let folder = self.programs.clone().or_else(here).unwrap_or_default();
        let file = folder.join(name);
        if file.is_file() {
            Ok(file)
        } else {
            Err(ReportError::Program { program: file.display().to_string(), reason: "no such file".to_owned() })
        }
    }
}

/// Runs a program and returns its exit status and output.
pub(super) async fn run(mut command: Command) -> Result<(ExitStatus, String), ReportError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |error: std::io::Error| ReportError::Program { program: program.clone(), reason: error.to_string() };
    // A file needs no reader while the program runs, unlike a pipe.
    let mut output = tempfile::tempfile().map_err(failed)?;
    command.stdout(output.try_clone().map_err(failed)?).stdin(Stdio::null());
    let mut running = Running(command.spawn().map_err(failed)?);
    let status = loop {
        if let Some(status) = running.0.try_wait().map_err(failed)? {
            break status;
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    };
    let mut text = String::new();
    output.rewind().map_err(failed)?;
    output.read_to_string(&mut text).map_err(failed)?;
    Ok((status, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn run_returns_status_and_output() {
        let (status, text) = run(shell("echo one; echo two; exit 3")).await.unwrap();
        assert_eq!((status.code(), text.as_str()), (Some(3), "one\ntwo\n"));
        assert!(matches!(run(Command::new("/nowhere")).await, Err(ReportError::Program { .. })));
    }

    #[tokio::test]
    async fn cancelled_run_kills_the_program() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let script = format!("echo $$ > {0}.new; mv {0}.new {0}; exec sleep 600", file.display());
        let waiting = tokio::spawn(run(shell(&script)));
        let pid = loop {
            match std::fs::read_to_string(&file) {
                Ok(pid) => break pid.trim().to_owned(),
                Err(_) => tokio::task::yield_now().await,
            }
        };
        assert!(std::path::Path::new(&format!("/proc/{pid}")).exists());
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    }
}
