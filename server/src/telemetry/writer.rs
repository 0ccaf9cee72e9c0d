//! Writes log lines on a separate thread, so that no other thread waits for the reader of the log, or fails if the
//! reader fails.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    time::{Duration, Instant},
};

use super::sampler::{LeftOut, Sampler};

/// Maximum number of lines that wait to be written, about 400 bytes each. Lines beyond this number are lost.
const MAX_LINES: usize = 4_096;
/// Interval between two reports about missing lines: lost lines, and lines that the sampler left out.
const REPORT_EVERY: Duration = Duration::from_secs(1);
/// Maximum time for the remaining lines to be written when the process ends.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

enum Message {
    Line(Vec<u8>),
    /// Asks for a signal when the lines before this message and the final reports have been written.
    Flush(SyncSender<()>),
}

/// Queue of the writer thread. Each `write` call queues one line. It neither blocks nor fails.
#[derive(Debug)]
pub(super) struct LineQueue {
    sender: SyncSender<Message>,
    /// Number of lines since the last report that did not fit in the queue or could not be written.
    lost: Arc<AtomicU64>,
}

impl LineQueue {
    /// Waits until all lines are written. Returns `false` if the queue is full, or after [`FLUSH_TIMEOUT`].
    pub(super) fn flush(&self) -> bool {
        let (done, finished) = mpsc::sync_channel(1);
        self.sender.try_send(Message::Flush(done)).is_ok() && finished.recv_timeout(FLUSH_TIMEOUT).is_ok()
    }
}

impl Write for &LineQueue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.sender.try_send(Message::Line(line.to_vec())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts the thread that writes lines to `output` and reports the lines that the sampler left out.
pub(super) fn start(output: impl Write + Send + 'static, sampler: Arc<Sampler>) -> io::Result<Arc<LineQueue>> {
    let (sender, receiver) = mpsc::sync_channel(MAX_LINES);
    let lost = Arc::new(AtomicU64::new(0));
    let writer = Writer { output, receiver, sampler, lost: Arc::clone(&lost) };
    std::thread::Builder::new().name("log".to_owned()).spawn(move || writer.run())?;
    Ok(Arc::new(LineQueue { sender, lost }))
}

struct Writer<W> {
    output: W,
    receiver: Receiver<Message>,
    sampler: Arc<Sampler>,
    lost: Arc<AtomicU64>,
}

impl<W: Write> Writer<W> {
    fn run(mut self) {
        let mut next_report = Instant::now() + REPORT_EVERY;
        loop {
            match self.receiver.recv_timeout(next_report.saturating_duration_since(Instant::now())) {
                Ok(Message::Line(line)) => self.write(&line),
                Ok(Message::Flush(done)) => {
                    self.report();
                    while let Ok(Message::Line(line)) = self.receiver.try_recv() {
                        self.write(&line);
                    }
                    let _ = done.send(());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if Instant::now() >= next_report {
                self.report();
                next_report = Instant::now() + REPORT_EVERY;
            }
        }
    }

    fn write(&mut self, line: &[u8]) {
        // One call writes the whole line, so that it does not mix with a panic message of another thread.
        if self.output.write_all(line).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Logs the numbers of missing lines. These log lines pass through the queue like all other lines.
    fn report(&self) {
        for LeftOut { kind, code, is_error, lines } in self.sampler.take_left_out() {
            match (is_error, code.as_str()) {
                (true, "") => tracing::error!(kind, lines, "similar log lines were left out"),
                (true, code) => tracing::error!(kind, code, lines, "similar log lines were left out"),
                (false, "") => tracing::warn!(kind, lines, "similar log lines were left out"),
                (false, code) => tracing::warn!(kind, code, lines, "similar log lines were left out"),
            }
        }
        let lines = self.lost.swap(0, Ordering::Relaxed);
        if lines > 0 {
            tracing::error!(lines, "log lines were lost, because standard error did not accept them");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// An output that blocks each write while the test holds the lock of `open`.
    #[derive(Clone, Default)]
    struct Output {
        open: Arc<Mutex<()>>,
        text: Arc<Mutex<Vec<u8>>>,
        fails: bool,
    }

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _open = self.open.lock().unwrap();
            if self.fails {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            self.text.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn log(lines: &LineQueue, text: &str) {
        let mut writer = lines;
        writer.write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn lines_are_written_before_the_flush_ends() {
        let output = Output::default();
        let lines = start(output.clone(), Arc::default()).unwrap();
        for number in 0..100 {
            log(&lines, &format!("{number}\n"));
        }
        assert!(lines.flush());
        assert_eq!(output.text.lock().unwrap().iter().filter(|byte| **byte == b'\n').count(), 100);
    }

    #[test]
    fn blocked_reader_costs_only_log_lines() {
        let output = Output::default();
        let blocked = output.open.lock().unwrap();
        let lines = start(output.clone(), Arc::default()).unwrap();
        for _ in 0..MAX_LINES + 100 {
            log(&lines, "line\n");
        }
        assert!(lines.lost.load(Ordering::Relaxed) >= 99);
        drop(blocked);
        while !lines.flush() {}
    }

    #[test]
    fn failing_output_costs_only_log_lines() {
        let lines = start(Output { fails: true, ..Output::default() }, Arc::default()).unwrap();
        for _ in 0..2 {
            log(&lines, "line\n");
            assert!(lines.flush());
        }
    }
}
