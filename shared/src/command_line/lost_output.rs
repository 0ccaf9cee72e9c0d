//! Detects that a new secret would be lost.

use std::{
    fs::{self, File},
    io,
    os::{
        fd::AsFd as _,
        unix::fs::{FileTypeExt as _, MetadataExt as _},
    },
};

/// Checks that standard output is not `/dev/null`, which Rust's runtime also opens if standard output is closed. Call
/// this before a command creates a secret.
///
/// # Errors
/// A message for the user.
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
