//! A text that is changed in somebody's editor.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
    process::Command,
};

use super::Failed;

/// A file with the text. It stays until it is removed: what was written in it must not be lost to a refusal.
pub(super) struct Draft {
    pub(super) path: PathBuf,
}

impl Draft {
    /// Writes the text into a new file, which only its owner may read.
    pub(super) fn write(text: &str) -> Result<Self, Failed> {
        let name = |attempt: u32| format!("doorward-config-{}-{attempt}.json", std::process::id());
        for attempt in 0..100 {
            let path = std::env::temp_dir().join(name(attempt));
            match File::options().write(true).create_new(true).mode(0o600).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                opened => {
                    let written = opened.and_then(|mut file| writeln!(file, "{text}"));
                    return match written {
                        Ok(()) => Ok(Self { path }),
                        Err(error) => Err(Failed::new(format!("{}: {error}", path.display()))),
                    };
                }
            }
        }
        Err(Failed::new(format!("{}: no room for a draft", std::env::temp_dir().display())))
    }

    /// Waits until the editor is left. Its command may have arguments (`code --wait`), so a shell reads it, as git does.
    pub(super) fn open(&self, editor: &str) -> Result<(), Failed> {
        let run = Command::new("sh").args(["-c", &format!("{editor} \"$1\""), "sh"]).arg(&self.path).status();
        match run {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(self.kept(Failed::new(format!("{editor}: {status}")))),
            Err(error) => Err(self.kept(Failed::new(format!("{editor}: {error}")))),
        }
    }

    /// A failure that also says where the text is.
    pub(super) fn kept(&self, failed: Failed) -> Failed {
        let path = self.path.display();
        let with = |why: String| format!("{why}\nwhat you wrote is kept in {path}");
        match failed {
            Failed::Refused(why) => Failed::Refused(with(why)),
            Failed::Away(why) => Failed::Away(with(why)),
            Failed::Usage(why) => Failed::Usage(with(why)),
            Failed::Unread => Failed::Unread,
        }
    }

    /// Removes the file.
    pub(super) fn remove(&self) {
        // It is in the folder for temporary files: somebody else cleans up where this cannot.
        let _ = fs::remove_file(&self.path);
    }
}
