//! Files that commands read.

use std::{fs::File, io::Read as _, path::Path};

use super::error::CommandError;

/// Reads a text file of at most `max_bytes`, or standard input for `-`.
pub(super) fn read_text(file: &Path, max_bytes: u64) -> Result<String, CommandError> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().take(max_bytes + 1).read_to_string(&mut text)
    } else {
        File::open(file).and_then(|opened| opened.take(max_bytes + 1).read_to_string(&mut text))
    };
    let failed = |reason: String| CommandError::failed(format!("{}: {reason}", file.display()));
    let bytes = read.map_err(|error| failed(error.to_string()))?;
    if u64::try_from(bytes).is_ok_and(|bytes| bytes > max_bytes) {
        return Err(failed(format!("the file has more than {max_bytes} bytes")));
    }
    Ok(text)
}
