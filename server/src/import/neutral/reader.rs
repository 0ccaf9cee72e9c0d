//! Reads the lines of a file, with limits. Errors name the line.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, Read as _, Seek as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use doorward_shared::Base64Url;

use super::format::{FORMAT, HeaderLine, Line, VERSION};

/// Maximum length of a line in bytes. A transaction of 32 KiB fits, even if every character is escaped.
pub const MAX_LINE_BYTES: u64 = 256 * 1024;

/// Error of a file. `line` counts from 1.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error(transparent)]
    Io(#[from] io::Error),
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
    /// Opens a file. A pipe, such as standard input, is first copied to a temporary file without a name. `random` makes its
    /// first name unique.
    pub(super) fn open(path: &Path, random: &[u8]) -> io::Result<Self> {
        let mut file = File::open(path)?;
        if file.metadata()?.is_file() {
            return Ok(Self(file));
        }
        let name = std::env::temp_dir().join(format!("doorward-import-{}", Base64Url::encode(random)));
        let mut copy = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&name)?;
        fs::remove_file(&name)?;
        io::copy(&mut file, &mut copy)?;
        Ok(Self(copy))
    }

    /// Reads from the beginning, and checks the header.
    pub(super) fn lines(&self) -> Result<Lines, FileError> {
        let mut file = self.0.try_clone()?;
        file.rewind()?;
        Lines::new(file)
    }
}

/// The lines of a file after its header.
pub(super) struct Lines {
    reader: BufReader<File>,
    number: u64,
}

impl Lines {
    fn new(file: File) -> Result<Self, FileError> {
        let mut lines = Self { reader: BufReader::new(file), number: 0 };
        let expected =
            format!("the first line must be {{\"type\":\"header\",\"format\":\"{FORMAT}\",\"version\":{VERSION}}}");
        match lines.read()? {
            Some((_, Line::Header(HeaderLine { format, version }))) if format == FORMAT && version == VERSION => {
                Ok(lines)
            }
            Some((_, Line::Header(HeaderLine { format, version }))) => {
                let needed = if format == FORMAT { "another version of Doorward wrote the file; " } else { "" };
                Err(FileError::at(1, format!("{format} version {version} is not supported; {needed}{expected}")))
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
