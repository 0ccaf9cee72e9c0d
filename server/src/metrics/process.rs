//! Metrics of the process with Prometheus' standard names, read from `/proc`. They are available on Linux only.

use std::fs;

pub(super) const GAUGES: [(&str, &str); 6] = [
    ("process_cpu_seconds_total", "CPU time in seconds"),
    ("process_resident_memory_bytes", "resident memory in bytes"),
    ("process_start_time_seconds", "Unix time of the start"),
    ("process_open_fds", "open file descriptors"),
    ("process_max_fds", "maximum number of open file descriptors"),
    ("process_threads", "threads"),
];

/// Length in seconds of a clock tick in `/proc`. The kernel uses 100 ticks per second there on every architecture.
const TICK_SECONDS: f64 = 0.01;

/// Returns the current values of [`GAUGES`], without those that cannot be read.
pub(super) fn values() -> impl Iterator<Item = (&'static str, f64)> {
    let values = [cpu_seconds(), resident_bytes(), start_time(), open_files(), max_files(), threads()];
    GAUGES.into_iter().zip(values).filter_map(|((name, _), value)| Some((name, value?)))
}

/// Returns a field of `/proc/self/stat`. Fields are numbered from 1, as in proc_pid_stat(5); `number` must be at least
/// 3.
fn stat(number: usize) -> Option<f64> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field, the name of the program, may contain spaces.
    let (_, fields) = text.rsplit_once(") ")?;
    fields.split(' ').nth(number.checked_sub(3)?)?.parse().ok()
}

pub(super) fn cpu_seconds() -> Option<f64> {
    Some((stat(14)? + stat(15)?) * TICK_SECONDS)
}

fn threads() -> Option<f64> {
    stat(20)
}

fn start_time() -> Option<f64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let boot: f64 = text.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(boot + stat(22)? * TICK_SECONDS)
}

pub(super) fn resident_bytes() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let kib = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?;
    Some(kib.parse::<f64>().ok()? * 1024.0)
}

fn open_files() -> Option<f64> {
    let count = fs::read_dir("/proc/self/fd").ok()?.count();
    // Reading the folder opens a descriptor, which must not be counted.
    u32::try_from(count).ok().map(|count| f64::from(count) - 1.0)
}

fn max_files() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/limits").ok()?;
    text.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?.parse().ok()
}

/// Returns the host name without its domain.
pub(super) fn host_name() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let host = name.trim().split('.').next()?;
    (!host.is_empty()).then(|| host.to_owned())
}
