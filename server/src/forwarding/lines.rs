//! Appends lines to a file or to standard output, on a separate thread, because writing to either may block.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write},
    os::{fd::AsFd as _, unix::fs::OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use tokio::sync::oneshot;

/// Number of bytes at the end of a file that are searched for the end of its last complete line.
const TAIL: u64 = 1024 * 1024;

/// Appends lines to a file and makes them durable. Creates the file if it is missing, for example after a rotation.
pub(super) async fn append(path: PathBuf, lines: Vec<u8>) -> Result<(), String> {
    on_thread(move || append_blocking(&path, &lines).map_err(|error| format!("{}: {error}", path.display()))).await
}

/// Standard output.
#[derive(Debug, Clone, Default)]
pub(super) struct Output {
    /// `true` if a failed write has left an incomplete line at the end.
    is_incomplete: Arc<Mutex<bool>>,
}

impl Output {
    /// Writes lines to standard output. Waits while the reader of standard output does not read.
    pub(super) async fn print(&self, lines: Vec<u8>) -> Result<(), String> {
        let is_incomplete = Arc::clone(&self.is_incomplete);
        on_thread(move || {
            let failed = |error: io::Error| format!("standard output: {error}");
            let mut is_incomplete = is_incomplete.lock().unwrap_or_else(PoisonError::into_inner);
            // There is no buffer, because a buffer would write the rest of a failed batch later.
            let mut out = File::from(io::stdout().as_fd().try_clone_to_owned().map_err(failed)?);
            write_lines(&mut out, &lines, &mut is_incomplete).map_err(failed)
        })
        .await
    }
}

/// Writes lines. First ends the incomplete line that a failed write has left. The caller sends the entry of that line
/// again.
fn write_lines(out: &mut impl Write, lines: &[u8], is_incomplete: &mut bool) -> io::Result<()> {
    let mut rest: &[u8] = if *is_incomplete { &[&b"\n"[..], lines].concat() } else { lines };
    while !rest.is_empty() {
        match out.write(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                let (written, after) = rest.split_at(count.min(rest.len()));
                *is_incomplete = !written.ends_with(b"\n");
                rest = after;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Runs a closure on a new thread. Unlike threads of the runtime, this thread does not delay the end of the process.
async fn on_thread(f: impl FnOnce() -> Result<(), String> + Send + 'static) -> Result<(), String> {
    let (sender, receiver) = oneshot::channel();
    let started = thread::Builder::new().name("forward".to_owned()).spawn(move || {
        let _ = sender.send(f());
    });
    started.map_err(|error| format!("cannot start a thread: {error}"))?;
    receiver.await.unwrap_or_else(|_| Err("the thread panicked".to_owned()))
}

fn append_blocking(path: &Path, lines: &[u8]) -> io::Result<()> {
    // Do not open a named pipe for reading: it would then accept lines even if no other process reads them, and would
    // lose them when it is closed.
    let is_regular = fs::metadata(path).map_or(true, |metadata| metadata.is_file());
    let mut file = OpenOptions::new().read(is_regular).append(true).create(true).mode(0o600).open(path)?;
    if is_regular {
        remove_incomplete_line(&mut file)?;
    }
    file.write_all(lines)?;
    match file.sync_data() {
        // Pipes and devices cannot be synced.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        result => result,
    }
}

/// Removes the incomplete line that an interrupted write has left. The caller sends the entry of that line again.
fn remove_incomplete_line(file: &mut File) -> io::Result<()> {
    let length = file.metadata()?.len();
    let start = length.saturating_sub(TAIL);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let complete = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |index| index as u64 + 1);
    if start + complete < length && (complete > 0 || start == 0) {
        file.set_len(start + complete)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{process::Command, time::Duration};

    use super::*;

    #[tokio::test]
    async fn named_pipe_gets_lines_when_it_has_a_reader() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let mut appended = tokio::spawn(append(path.clone(), b"new\n".to_vec()));
        let waited = tokio::time::timeout(Duration::from_millis(100), &mut appended).await;
        assert!(waited.is_err(), "without a reader, the lines are not written");
        let read = tokio::task::spawn_blocking(move || fs::read_to_string(path).unwrap());
        assert_eq!(read.await.unwrap(), "new\n");
        appended.await.unwrap().unwrap();
    }

    /// A device whose writes can be incomplete. Each write removes the last number of `accepts`, and accepts at most
    /// that number of bytes. If `accepts` is empty, the write fails.
    struct Device {
        written: Vec<u8>,
        accepts: Vec<usize>,
    }

    impl Write for Device {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = self.accepts.pop().ok_or(io::ErrorKind::StorageFull)?.min(bytes.len());
            self.written.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn incomplete_line_is_not_joined_with_the_next_one() {
        for (accepted, expected) in [
            (vec![], "one\ntwo\n"),
            (vec![2], "on\none\ntwo\n"),
            (vec![1, 2], "one\none\ntwo\n"),
            (vec![4], "one\none\ntwo\n"),
            (vec![3, 3], "one\ntw\none\ntwo\n"),
        ] {
            let mut device = Device { written: Vec::new(), accepts: accepted.clone() };
            let mut is_incomplete = false;
            assert!(write_lines(&mut device, b"one\ntwo\n", &mut is_incomplete).is_err());
            device.accepts = vec![usize::MAX];
            write_lines(&mut device, b"one\ntwo\n", &mut is_incomplete).unwrap();
            assert_eq!(String::from_utf8(device.written).unwrap(), expected, "{accepted:?}");
            assert!(!is_incomplete);
        }
    }

    #[tokio::test]
    async fn lines_follow_the_last_complete_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.ndjson");
        for (before, after) in [("", "new\n"), ("one\n", "one\nnew\n"), ("one\ntw", "one\nnew\n"), ("on", "new\n")] {
            fs::write(&path, before).unwrap();
            append(path.clone(), b"new\n".to_vec()).await.unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), after, "after {before:?}");
        }
        let error = append(folder.path().to_owned(), Vec::new()).await.unwrap_err();
        assert!(error.contains(&folder.path().display().to_string()), "{error}");
    }
}
