//! Number of connections that the limit of open files allows.

use super::CliError;

/// Number of open files besides connections: standard streams, listeners, locks, log, and files that are open for a
/// short time.
const RESERVED: usize = 128;
/// Number of open files for each thread that serves requests of the public API: its event queue and its timers.
const PER_WORKER: usize = 8;
/// Number of open files per database connection. SQLite opens the database, the write-ahead log and the index of this
/// log.
const PER_DATABASE_CONNECTION: usize = 4;
const APIS: usize = 2;
/// Minimum number of connections of each API.
const MIN: usize = 16;
/// Maximum number of connections of each API if none is configured. A connection takes about 20 KB of memory.
const MAX_AUTO: usize = 8192;

/// Returns the number of open files that the server needs besides connections of clients.
pub(super) fn reserved(workers: usize, database_connections: usize) -> usize {
    RESERVED + workers * PER_WORKER + database_connections * PER_DATABASE_CONNECTION
}

/// Returns the maximum number of connections of each API.
///
/// # Errors
/// An error if the limit of open files is too low for `wanted` connections or, if `wanted` is `None`, for [`MIN`].
pub(super) fn of_each_api(open_files: u64, reserved: usize, wanted: Option<usize>) -> Result<usize, CliError> {
    let open_files = usize::try_from(open_files).unwrap_or(usize::MAX);
    let needed = reserved + APIS * wanted.unwrap_or(MIN);
    if open_files < needed {
        return Err(CliError::new(format!(
            "the limit of open files is {open_files}, but at least {needed} are needed with these settings: raise the \
             limit (`ulimit -n`, or LimitNOFILE in a systemd unit), or lower server.max_connections, server.workers or \
             database.connections"
        )));
    }
    Ok(wanted.unwrap_or_else(|| ((open_files - reserved) / APIS).min(MAX_AUTO)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_files_are_divided_between_the_apis() {
        let reserved = reserved(2, 10);
        assert_eq!(reserved, 184);
        assert_eq!(of_each_api(1024, reserved, None).unwrap(), 420);
        assert_eq!(of_each_api(u64::MAX, reserved, None).unwrap(), 8192);
        assert_eq!(of_each_api(1024, reserved, Some(100)).unwrap(), 100);
    }

    #[test]
    fn limits_that_are_too_low_are_refused() {
        for (open_files, wanted) in [(215, None), (1023, Some(420))] {
            let error = of_each_api(open_files, 184, wanted).unwrap_err();
            assert!(error.message.starts_with(&format!("the limit of open files is {open_files}, but")), "{error:?}");
        }
        assert_eq!(of_each_api(216, 184, None).unwrap(), 16);
    }
}
