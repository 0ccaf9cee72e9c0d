//! The operating system user of this process, for the audit log.

use std::fs;

/// Returns the user id of the process, and the name of this user if `/etc/passwd` contains it: `1000 (alice)`. Does not
/// read environment variables, because users can set them to any name.
pub(super) fn name() -> String {
    let Some(uid) = fs::read_to_string("/proc/self/status").ok().as_deref().and_then(uid_in) else {
        return "unknown".to_owned();
    };
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    match name_in(&users, uid) {
        Some(name) => format!("{uid} ({name})"),
        None => uid.to_string(),
    }
}

/// Returns the real user id in `/proc/self/status` (proc(5)).
fn uid_in(status: &str) -> Option<u32> {
    status.lines().find_map(|line| line.strip_prefix("Uid:"))?.split_whitespace().next()?.parse().ok()
}

/// Returns the name of a user in the format of `/etc/passwd` (passwd(5)).
fn name_in(users: &str, uid: u32) -> Option<&str> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _password, id) = (fields.next()?, fields.next()?, fields.next()?);
        (id.parse() == Ok(uid)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uid_and_name_are_read_from_the_system_files() {
        assert_eq!(uid_in("Name:\tdoorward\nUid:\t1000\t1001\t1002\t1003\nGid:\t5\n"), Some(1000));
        assert_eq!(uid_in("Name:\tx\n"), None);
        let users = "root:x:0:0:root:/root:/bin/sh\n# comment\nalice:x:1000:1000::/home/alice:/bin/sh\n";
        assert_eq!((name_in(users, 1000), name_in(users, 0), name_in(users, 7)), (Some("alice"), Some("root"), None));
    }
}
