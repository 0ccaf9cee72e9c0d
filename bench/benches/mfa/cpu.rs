//! CPU time (user and system) of threads, from the scheduler statistics of the kernel.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

/// Prefix of the names of client threads. All threads except these and the main thread belong to the server.
pub(crate) const CLIENT: &str = "client-";

/// CPU time of a thread: the first field of `schedstat`, in nanoseconds.
fn used(folder: &Path) -> Option<Duration> {
    let figures = fs::read_to_string(folder.join("schedstat")).ok()?;
    figures.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

pub(crate) fn of_this_thread() -> Duration {
    used(Path::new("/proc/thread-self")).expect("Linux with scheduler statistics")
}

/// CPU time of the server's threads by name. Threads that have ended are not included.
pub(crate) fn of_servers() -> BTreeMap<String, Duration> {
    let main = std::process::id().to_string();
    let threads = fs::read_dir("/proc/self/task").expect("Linux").flatten().map(|entry| entry.path());
    let mut by_name = BTreeMap::new();
    for folder in threads.filter(|folder| !folder.ends_with(&main)) {
        let Ok(name) = fs::read_to_string(folder.join("comm")) else { continue };
        if let Some(used) = used(&folder).filter(|_| !name.starts_with(CLIENT)) {
            *by_name.entry(name.trim().to_owned()).or_default() += used;
        }
    }
    by_name
}

/// Mean CPU time of `work` for one item. Each of the `threads` threads processes all items.
///
/// The measuring threads may share a physical core, as the threads of the server may.
pub(crate) fn each<T: Sync>(threads: usize, items: &[T], work: impl Fn(&T) + Sync) -> Duration {
    let count = u32::try_from(items.len() * threads).expect("a count below 2^32");
    let one = || {
        let before = of_this_thread();
        items.iter().for_each(&work);
        of_this_thread() - before
    };
    let used: Duration = thread::scope(|scope| {
        let started: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        started.into_iter().map(|thread| thread.join().expect("a measurement")).sum()
    });
    used / count
}

/// Runs `work` while another thread repeats `load`.
pub(crate) fn beside<T>(load: impl Fn() + Sync, work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                load();
            }
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        result
    })
}
