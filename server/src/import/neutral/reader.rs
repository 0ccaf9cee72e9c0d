//! Reads the lines of a file, with limits. Errors name the line.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, Read, Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use doorward_shared::Base64Url;

use super::format::{FORMAT, HeaderLine, Line, VERSION};

/// Maximum number of characters with which an error message names an unsupported format and its version.
const MAX_NAMED: usize = 80;
/// Maximum length of a line in bytes. A transaction of 32 KiB fits, even if every character is escaped.
pub const MAX_LINE_BYTES: u64 = 256 * 1024;

/// Error of a file. `line` counts from 1.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The input cannot be copied to a temporary file.
    #[error("copying it to the temporary folder {}: {error}; set TMPDIR to a folder with enough space", folder.display())]
    Temporary { folder: PathBuf, error: io::Error },
    #[error("line {line}: {reason}")]
    Line { line: u64, reason: String },
    #[error("the installation: {0}")]
    Target(#[from] crate::service::ServiceError),
}

impl FileError {
    pub(super) fn at(line: u64, reason: impl std::fmt::Display) -> Self {
        Self::Line { line, reason: reason.to_string() }
    }
}

/// A file that can be read several times.
pub(super) struct Input(File);

impl Input {
    /// Opens a file. A pipe, such as standard input, is copied to a temporary file in `folder` after its header was
    /// checked. `random` makes the name of this file unique. The name is removed at once, so that the file disappears
    /// when it is closed.
    pub(super) fn open(path: &Path, folder: &Path, random: &[u8]) -> Result<Self, FileError> {
        let file = File::open(path)?;
        if file.metadata()?.is_file() {
            return Ok(Self(file));
        }
        let mut pipe = BufReader::new(file);
        let start = start(&mut pipe)?;
        let _ = Lines::new(start.as_slice())?;
        let copied = copy(&start, &mut pipe, &folder.join(format!("doorward-import-{}", Base64Url::encode(random))));
        copied.map(Self).map_err(|error| FileError::Temporary { folder: folder.to_owned(), error })
    }

    /// Reads from the beginning, and checks the header.
    pub(super) fn lines(&self) -> Result<Lines<File>, FileError> {
        let mut file = self.0.try_clone()?;
        file.rewind()?;
        Lines::new(file)
    }
}

/// Returns the bytes up to the end of the first line that is not empty.
fn start(pipe: &mut BufReader<File>) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    while start.trim_ascii().is_empty() && start.len() as u64 <= MAX_LINE_BYTES {
        if pipe.take(MAX_LINE_BYTES + 1).read_until(b'\n', &mut start)? == 0 {
            break;
        }
    }
    Ok(start)
}

/// Copies the start and the rest of a pipe to a new file, and removes the name of the file.
fn copy(start: &[u8], rest: &mut impl Read, name: &Path) -> io::Result<File> {
    let mut copy = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(name)?;
    fs::remove_file(name)?;
    copy.write_all(start)?;
    io::copy(rest, &mut copy)?;
    Ok(copy)
}

/// The lines of a file after its header.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    number: u64,
}

impl<R: Read> Lines<R> {
    fn new(file: R) -> Result<Self, FileError> {
        let mut lines = Self { reader: BufReader::new(file), number: 0 };
        let expected =
            format!("the first line must be {{\"type\":\"header\",\"format\":\"{FORMAT}\",\"version\":{VERSION}}}");
        match lines.read()? {
            Some((_, Line::Header(HeaderLine { format, version }))) if format == FORMAT && version == VERSION => {
                Ok(lines)
            }
            Some((_, Line::Header(HeaderLine { format, version }))) => {
                let needed = if format == FORMAT { "another version of Doorward wrote the file; " } else { "" };
                let found: String = format!("{format} version {version}").chars().take(MAX_NAMED).collect();
                Err(FileError::at(1, format!("{found} is not supported; {needed}{expected}")))
            }
            _ => Err(FileError::at(1, expected)),
        }
    }

    /// Returns the next line with its number; `None` at the end. Empty lines are skipped.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Line)>, FileError> {
        match self.read()? {
            Some((number, Line::Header(_))) => Err(FileError::at(number, "a header is only allowed in the first line")),
            line => Ok(line),
        }
    }

    fn read(&mut self) -> Result<Option<(u64, Line)>, FileError> {
        loop {
            self.number += 1;
            let mut text = Vec::new();
            (&mut self.reader).take(MAX_LINE_BYTES + 1).read_until(b'\n', &mut text)?;
            if text.len() as u64 > MAX_LINE_BYTES {
                return Err(FileError::at(self.number, format!("it is longer than {MAX_LINE_BYTES} bytes")));
            }
            if text.is_empty() {
                return Ok(None);
            }
            if text.trim_ascii().is_empty() {
                continue;
            }
            let line = serde_json::from_slice(&text).map_err(|error| FileError::at(self.number, error))?;
            return Ok(Some((self.number, line)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the path of a pipe that contains a text. The pipe is closed only at the end of the process, so reading
    /// it to its end would block.
    fn open_pipe(text: &str) -> PathBuf {
        use std::os::fd::IntoRawFd as _;
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(text.as_bytes()).unwrap();
        let _ = writer.into_raw_fd();
        PathBuf::from(format!("/proc/self/fd/{}", reader.into_raw_fd()))
    }

    #[test]
    fn header_of_a_pipe_is_checked_before_the_pipe_is_copied() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["{}\n", "\n\nSELECT 1;\n", "{\"type\":\"header\",\"format\":\"other\",\"version\":1}\n"] {
            let error = Input::open(&open_pipe(text), folder.path(), b"name").map(drop).unwrap_err().to_string();
            assert!(error.contains("line ") && !error.contains("temporary"), "{text:?}: {error}");
        }
    }

    #[test]
    fn other_versions_are_named() {
        for version in ["2", "-1", "1.5", "4294967297", "\"1\"", "null"] {
            let text = format!("{{\"type\":\"header\",\"format\":\"{FORMAT}\",\"version\":{version}}}\n");
            let error = Lines::new(text.as_bytes()).map(drop).unwrap_err().to_string();
            assert!(error.contains(&format!("{FORMAT} version {version} is not supported")), "{error}");
        }
        let long = format!("{{\"type\":\"header\",\"format\":\"{FORMAT}\",\"version\":\"{}\"}}\n", "9".repeat(9_000));
        let error = Lines::new(long.as_bytes()).map(drop).unwrap_err().to_string();
        assert!(error.len() < 1_000, "{}", error.len());
    }

    #[test]
    fn error_of_a_copy_names_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        let pipe = open_pipe(&format!("{{\"type\":\"header\",\"format\":\"{FORMAT}\",\"version\":{VERSION}}}\n"));
        let error = Input::open(&pipe, &missing, b"name").map(drop).unwrap_err().to_string();
        assert!(error.contains(missing.to_str().unwrap()) && error.contains("TMPDIR"), "{error}");
    }
}
