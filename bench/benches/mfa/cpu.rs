//! CPU time, user and system, as the kernel's scheduler keeps it for each thread, in nanoseconds.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

/// Threads with this prefix play the clients; all others but the main thread serve.
pub(crate) const CLIENT: &str = "client-";

/// What a thread has used: the first figure of `schedstat`.
fn used(folder: &Path) -> Option<Duration> {
    let figures = fs::read_to_string(folder.join("schedstat")).ok()?;
    figures.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// What the calling thread has used.
pub(crate) fn of_this_thread() -> Duration {
    used(Path::new("/proc/thread-self")).expect("Linux with scheduler statistics")
}

/// What the threads that serve have used, by their names. Those that matter live as long as the process.
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

/// CPU time for one of many pieces of work, done on this many threads at once.
///
/// Two hardware threads of one core share its arithmetic, and the server's threads run side by side: what a piece costs
/// there is what it costs beside another one.
pub(crate) fn each<T: Sync>(threads: usize, pieces: &[T], work: impl Fn(&T) + Sync) -> Duration {
    let count = u32::try_from(pieces.len() * threads).expect("not that many");
    let one = || {
        let before = of_this_thread();
        pieces.iter().for_each(&work);
        of_this_thread() - before
    };
    let used: Duration = thread::scope(|scope| {
        let started: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        started.into_iter().map(|thread| thread.join().expect("a measurement")).sum()
    });
    used / count
}

/// Does something while another thread is busy with a companion.
pub(crate) fn beside<T>(companion: impl Fn() + Sync, work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                companion();
            }
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        result
    })
}
