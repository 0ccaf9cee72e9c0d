//! Text that the user edits in an editor.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
    process::Command,
};

use super::error::CommandError;

/// A temporary file with the text. It is not removed on drop, so that an error does not lose the user's changes.
pub(super) struct Draft {
    pub(super) path: PathBuf,
}

impl Draft {
    /// Writes the text to a new file that only its owner can read.
    pub(super) fn create(text: &str) -> Result<Self, CommandError> {
        let folder = std::env::temp_dir();
        for attempt in 0..100 {
            let path = folder.join(format!("doorward-config-{}-{attempt}.json", std::process::id()));
            match File::options().write(true).create_new(true).mode(0o600).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                opened => {
                    let written = opened.and_then(|mut file| writeln!(file, "{text}"));
                    let failed = |error| CommandError::failed(format!("{}: {error}", path.display()));
                    return written.map_err(failed).map(|()| Self { path });
                }
            }
        }
        Err(CommandError::failed(format!("{}: cannot create a temporary file", folder.display())))
    }

    /// Runs the editor and waits for its exit. Uses a shell, because the command may have arguments (`code --wait`).
    pub(super) fn edit(&self, editor: &str) -> Result<(), CommandError> {
        let status = Command::new("sh").args(["-c", &format!("{editor} \"$1\""), "sh"]).arg(&self.path).status();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(self.add_path(CommandError::failed(format!("{editor}: {status}")))),
            Err(error) => Err(self.add_path(CommandError::failed(format!("{editor}: {error}")))),
        }
    }

    pub(super) fn add_path(&self, error: CommandError) -> CommandError {
        error.with_line(&format!("your changes are saved in {}", self.path.display()))
    }

    pub(super) fn remove(&self) {
        // Errors are ignored, because the system cleans up the folder for temporary files.
        let _ = fs::remove_file(&self.path);
    }
}
