//! CPU time and memory of processes, read from `/proc`.

use std::{fs, io};

use serde::Serialize;

/// Unit of CPU times in `/proc` (`USER_HZ`), the same on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// Statistics of a process at one point in time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// CPU seconds used so far, including child processes.
    pub cpu: f64,
    /// Resident memory, in KiB.
    pub resident: u64,
    /// Peak resident memory, in KiB.
    pub peak: u64,
}

/// Resources that a process used during a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Usage {
    pub pid: u32,
    pub cpu_seconds: f64,
    /// Resident memory at the end, in MiB.
    pub rss_mib: f64,
    /// Peak resident memory since the process started, in MiB.
    pub peak_rss_mib: f64,
}

impl Usage {
    pub fn between(pid: u32, before: Reading, after: Reading) -> Self {
        Self { pid, cpu_seconds: after.cpu - before.cpu, rss_mib: mib(after.resident), peak_rss_mib: mib(after.peak) }
    }
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1_024.0
}

/// Reads the statistics of a process. Its CPU time includes child processes, because PostgreSQL has one per connection.
/// If `pid` is this process, child processes are not included, because they may be the measured servers.
pub fn read(pid: u32) -> io::Result<Reading> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let malformed = || io::Error::new(io::ErrorKind::InvalidData, format!("/proc/{pid}/stat"));
    let own = ticks(&stat).ok_or_else(malformed)?;
    let of_children = if pid == std::process::id() { 0 } else { descendants_ticks(pid) };
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let cpu = (own + of_children) as f64 / TICKS_PER_SECOND;
    Ok(Reading { cpu, resident: field(&status, "VmRSS:").unwrap_or(0), peak: field(&status, "VmHWM:").unwrap_or(0) })
}

/// CPU ticks of the descendants of a process.
fn descendants_ticks(pid: u32) -> u64 {
    let ticks_of = |child| {
        // If the process has ended in the meantime, the kernel has added its CPU time to that of its parent.
        let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        ticks(&stat).unwrap_or(0) + descendants_ticks(child)
    };
    children(pid).into_iter().map(ticks_of).sum()
}

fn children(pid: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    children.split_ascii_whitespace().filter_map(|child| child.parse().ok()).collect()
}

/// Returns the CPU ticks of a process and its ended children, from `/proc/PID/stat` (proc(5)).
fn ticks(stat: &str) -> Option<u64> {
    // The second field is the name in parentheses, which may contain any character. `rest` begins with field 3, and
    // fields 14 to 17 are utime, stime, cutime and cstime.
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    fields.get(11..15)?.iter().map(|field| field.parse::<u64>().ok()).sum()
}

/// Reads a field of `/proc/PID/status`, in KiB.
fn field(status: &str, name: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix(name))?.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write as _,
        process::{Command, Stdio},
    };

    use super::*;

    #[test]
    fn stat_with_special_characters_in_the_name_is_parsed() {
        let stat = "42 (a) b (c) S 7 42 42 0 -1 4194560 1 2 3 4 150 50 30 20 20 0 1 0 99";
        assert_eq!(ticks(stat), Some(250));
        assert_eq!(ticks("42 (a"), None);
        assert_eq!(ticks("42 (a) S 7"), None);
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(
            (field(status, "VmRSS:"), field(status, "VmHWM:"), field(status, "VmSwap:")),
            (Some(1024), Some(2048), None)
        );
    }

    #[test]
    fn cpu_time_includes_running_and_ended_children() {
        // The script kills the child after the first line of input. `timeout` kills it if the test fails earlier.
        let script = "timeout 60 sh -c 'while :; do :; done' & read line; kill $!; wait; read line";
        let mut parent = Command::new("sh").args(["-c", script]).stdin(Stdio::piped()).spawn().unwrap();
        let pid = parent.id();
        let before = read(pid).unwrap();
        let usage_so_far = || Usage::between(pid, before, read(pid).unwrap());
        // Wait until the CPU time of the running child is visible.
        while usage_so_far().cpu_seconds < 0.02 {}
        let mut input = parent.stdin.take().unwrap();
        input.write_all(b"\n").unwrap();
        while !children(pid).is_empty() {}
        // The CPU time of the child is still included, although the child has ended.
        let usage = usage_so_far();
        assert!(usage.cpu_seconds >= 0.02 && usage.rss_mib > 0.0 && usage.peak_rss_mib > 0.0, "{usage:?}");
        drop(input);
        parent.wait().unwrap();
        assert!(read(u32::MAX).is_err());
    }
}
