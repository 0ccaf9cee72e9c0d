//! Reads token files.

use std::{
    fs::File,
    io::{self, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use zeroize::Zeroizing;

use super::error::ConnectionError;

const MAX_BYTES: u64 = 4096;

/// Returns the text of a file, and its permissions if other users can read it.
pub(super) fn read(path: &Path) -> Result<(Zeroizing<String>, Option<u32>), ConnectionError> {
    let file_error = |error: &io::Error| ConnectionError::file(path, error);
    let file = File::open(path).map_err(|error| file_error(&error))?;
    let metadata = file.metadata().map_err(|error| file_error(&error))?;
    let mode = metadata.permissions().mode() & 0o777;
    // The permissions of a pipe (`--token-file <(pass doorward)`) are irrelevant.
    let readable_by_others = metadata.is_file() && mode & 0o044 != 0;
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(MAX_BYTES).unwrap_or_default() + 1));
    file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(|error| file_error(&error))?;
    if text.len() > usize::try_from(MAX_BYTES).unwrap_or(usize::MAX) {
        return Err(file_error(&io::Error::other("the file is too large for an admin token")));
    }
    Ok((text, readable_by_others.then_some(mode)))
}
