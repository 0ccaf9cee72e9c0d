//! Sources of the master key.

use std::{fmt, path::PathBuf};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterKeyOrigin {
    /// `master.key` in the data folder. A new installation creates this file; keys of other origins must exist already.
    DataFolder(PathBuf),
    /// A file that the operator provides.
    File(PathBuf),
    /// Number of a file descriptor that the process has inherited.
    Descriptor(u32),
    /// A program and its arguments. The program prints the key.
    Command(Vec<String>),
}

impl fmt::Display for MasterKeyOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DataFolder(path) | Self::File(path) => path.display().fmt(f),
            Self::Descriptor(number) => write!(f, "file descriptor {number}"),
            // The arguments may contain a secret, which must not appear in a log.
            Self::Command(words) => write!(f, "the command {}", words.first().map_or("", String::as_str)),
        }
    }
}
