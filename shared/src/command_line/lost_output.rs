//! Detects that a new secret would be lost.

use std::{
    fs::{self, File},
    io,
    os::{
        fd::AsFd as _,
        unix::fs::{FileTypeExt as _, MetadataExt as _},
    },
};

/// Returns an error if standard output is `/dev/null` or closed: Rust's runtime opens `/dev/null` in place of a closed
/// standard output. Call this function before a command creates a secret.
///
/// # Errors
/// Returns a message for the user.
pub fn refuse_lost_secret() -> Result<(), &'static str> {
    let output = io::stdout().as_fd().try_clone_to_owned().and_then(|output| File::from(output).metadata());
    match (output, fs::metadata("/dev/null")) {
        (Ok(output), Ok(null)) if output.file_type().is_char_device() && output.rdev() == null.rdev() => {
            Err("standard output is closed or /dev/null, so the new secret would be lost; redirect it to a file or a \
                 pipe. Nothing was created")
        }
        _ => Ok(()),
    }
}
