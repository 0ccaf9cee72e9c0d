//! Resolves paths that users enter.

use std::path::PathBuf;

/// Base folders for the paths that users enter.
#[derive(Debug, Clone, Default)]
pub struct BaseFolders {
    /// Base of relative paths.
    pub current: PathBuf,
    /// Replacement for `~`; `None` leaves `~` as it is.
    pub home: Option<PathBuf>,
}

impl BaseFolders {
    /// Resolves an entered path. As in a shell, `~` is the home folder, and `~/…` is a path in it. Unlike in a shell,
    /// `~name` is an ordinary file name.
    pub fn resolve(&self, entered: &str) -> PathBuf {
        let below_home = if entered == "~" { Some("") } else { entered.strip_prefix("~/") };
        match (below_home, &self.home) {
            (Some(""), Some(home)) => home.clone(),
            (Some(rest), Some(home)) => home.join(rest),
            _ => self.current.join(entered),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tilde_is_the_home_folder() {
        let folders = BaseFolders { current: PathBuf::from("/work"), home: Some(PathBuf::from("/home/ops")) };
        for (entered, path) in [
            ("~/audit.csv", "/home/ops/audit.csv"),
            ("~", "/home/ops"),
            ("audit.csv", "/work/audit.csv"),
            ("../audit.csv", "/work/../audit.csv"),
            ("/tmp/~/audit.csv", "/tmp/~/audit.csv"),
            ("~root/audit.csv", "/work/~root/audit.csv"),
        ] {
            assert_eq!(folders.resolve(entered), PathBuf::from(path), "{entered}");
        }
        assert_eq!(BaseFolders { home: None, ..folders }.resolve("~/audit.csv"), PathBuf::from("/work/~/audit.csv"));
    }
}
