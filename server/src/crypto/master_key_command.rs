//! Runs the command that prints the master key.

use std::{
    io::{self, Read as _},
    os::unix::process::CommandExt as _,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use zeroize::Zeroizing;

/// Maximum time for the command. A key management service responds within seconds.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(30);
/// Maximum length of the output in bytes. A key in Base64 is much shorter.
const MAX_OUTPUT: usize = 1024;

#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error("it cannot be started: {0}")]
    Start(io::Error),
    #[error("its output cannot be read: {0}")]
    Read(io::Error),
    #[error("it did not end within {} s", .0.as_secs_f32())]
    TimedOut(Duration),
    #[error("it printed more than {MAX_OUTPUT} bytes")]
    TooLong,
    #[error("it failed ({0}); its messages are on standard error")]
    Failed(ExitStatus),
}

/// Runs a program without a shell and returns its standard output. The program inherits the standard error of this
/// process. If the program runs longer than `limit`, it is killed together with the processes that it started.
pub(super) fn output(words: &[String], limit: Duration) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let (program, arguments) =
        words.split_first().ok_or_else(|| CommandError::Start(io::ErrorKind::NotFound.into()))?;
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(CommandError::Start)?;
    let group = Pid::from_child(&child);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(wait(child)));
    match receiver.recv_timeout(limit) {
        Ok(result) => result,
        Err(_) => {
            // An error here only means that the command has just ended, so there is no process to kill.
            let _ = kill_process_group(group, Signal::KILL);
            Err(CommandError::TimedOut(limit))
        }
    }
}

/// Reads all output and waits until the process ends.
fn wait(mut child: Child) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    // With this capacity, the vector is never reallocated, so no copy of the key remains in freed memory.
    let mut output = Zeroizing::new(Vec::with_capacity(MAX_OUTPUT + 1));
    let stdout = child.stdout.take();
    let read = stdout.map(|stdout| stdout.take(MAX_OUTPUT as u64 + 1).read_to_end(&mut output));
    let status = child.wait().map_err(CommandError::Read)?;
    read.transpose().map_err(CommandError::Read)?;
    match status.success() {
        _ if output.len() > MAX_OUTPUT => Err(CommandError::TooLong),
        true => Ok(output),
        false => Err(CommandError::Failed(status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Result<Zeroizing<Vec<u8>>, CommandError> {
        output(&["sh".to_owned(), "-c".to_owned(), script.to_owned()], limit)
    }

    #[test]
    fn output_of_the_command_is_returned() {
        assert_eq!(shell("printf key", TIME_LIMIT).unwrap().as_slice(), b"key");
        let words = ["printf", "%s", "$HOME;*"].map(str::to_owned);
        assert_eq!(output(&words, TIME_LIMIT).unwrap().as_slice(), b"$HOME;*", "no shell expands the arguments");
    }

    #[test]
    fn failure_is_reported_without_the_output() {
        let error = shell("printf key; exit 3", TIME_LIMIT).unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && !error.contains("key"), "{error}");
        assert!(matches!(output(&["/no/such/program".to_owned()], TIME_LIMIT), Err(CommandError::Start(_))));
        assert!(matches!(output(&[], TIME_LIMIT), Err(CommandError::Start(_))));
    }

    #[test]
    fn long_output_and_long_run_are_ended() {
        assert!(matches!(shell("exec cat /dev/zero", TIME_LIMIT), Err(CommandError::TooLong)));
        let limit = Duration::from_millis(50);
        assert!(matches!(shell("sleep 600 & sleep 600", limit), Err(CommandError::TimedOut(_))));
    }
}
