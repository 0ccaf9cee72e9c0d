//! Files that hold a token.

use std::{
    fs::File,
    io::{self, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use zeroize::Zeroizing;

use super::ConnectionError;

/// No token is that long.
const MOST_BYTES: u64 = 4096;

/// The file's text, and its permissions when others may read it.
pub(super) fn read(path: &Path) -> Result<(Zeroizing<String>, Option<u32>), ConnectionError> {
    let failed = |error: &io::Error| ConnectionError::file(path, error);
    let file = File::open(path).map_err(|error| failed(&error))?;
    let about = file.metadata().map_err(|error| failed(&error))?;
    let mode = about.permissions().mode() & 0o777;
    // A pipe (`--token-file <(pass doorward)`) has no permissions that mean anything.
    let open = about.is_file() && mode & 0o044 != 0;
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(MOST_BYTES).unwrap_or_default() + 1));
    file.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(|error| failed(&error))?;
    if text.len() > usize::try_from(MOST_BYTES).unwrap_or(usize::MAX) {
        return Err(failed(&io::Error::other("too long for an admin token")));
    }
    Ok((text, open.then_some(mode)))
}
