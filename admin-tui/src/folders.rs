//! Where paths that people write begin.

use std::path::{Path, PathBuf};

/// The folders that paths begin at.
#[derive(Debug, Clone, Default)]
pub struct Folders {
    /// Where relative paths begin.
    pub here: PathBuf,
    /// The user's home, if there is one.
    pub home: Option<PathBuf>,
}

impl Folders {
    /// The path that was written, with `~` for the home folder as in a shell.
    #[must_use]
    pub fn path(&self, written: &str) -> PathBuf {
        let below_home = if written == "~" { Some("") } else { written.strip_prefix("~/") };
        match (below_home, &self.home) {
            (Some(""), Some(home)) => home.clone(),
            (Some(rest), Some(home)) => home.join(rest),
            _ => self.here.join(Path::new(written)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilde_is_the_home_folder() {
        let folders = Folders { here: PathBuf::from("/work"), home: Some(PathBuf::from("/home/ops")) };
        for (written, path) in [
            ("~/audit.csv", "/home/ops/audit.csv"),
            ("~", "/home/ops"),
            ("audit.csv", "/work/audit.csv"),
            ("../audit.csv", "/work/../audit.csv"),
            ("/tmp/~/audit.csv", "/tmp/~/audit.csv"),
            // Other people's homes are not known here; as in a shell that does not know them, it is a name like any other.
            ("~root/audit.csv", "/work/~root/audit.csv"),
        ] {
            assert_eq!(folders.path(written), PathBuf::from(path), "{written}");
        }
        assert_eq!(Folders { home: None, ..folders }.path("~/audit.csv"), PathBuf::from("/work/~/audit.csv"));
    }
}
