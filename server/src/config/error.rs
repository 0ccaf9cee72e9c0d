//! Errors in settings. Each message names the setting, its source and the expected value.

use std::{fmt, io, path::PathBuf};

use super::source::Source;

/// All problems of the settings.
#[derive(Debug)]
pub struct ConfigError {
    /// The problems, in the order of the settings table; never empty.
    pub problems: Vec<Problem>,
}

/// A problem of one setting or of the settings file.
#[derive(Debug)]
pub enum Problem {
    /// A setting has an invalid value.
    BadValue {
        /// Name of the setting.
        key: &'static str,
        /// Source of the value.
        source: Source,
        /// The value; empty for a setting that may contain a password.
        value: String,
        /// Description of valid values.
        expected: String,
    },
    /// The file contains an unknown setting.
    UnknownKey {
        /// Path of the file.
        path: PathBuf,
        /// The unknown name.
        key: String,
        /// The most similar setting.
        nearest: Option<&'static str>,
    },
    /// An environment variable begins with `DOORWARD_` but is not a setting.
    UnknownVariable {
        /// Name of the variable.
        name: String,
        /// The most similar variable.
        nearest: Option<&'static str>,
    },
    /// The file is not valid TOML.
    Syntax {
        /// Path of the file.
        path: PathBuf,
        /// Line number, starting at 1.
        line: usize,
        /// Message of the parser, without the line itself, which may contain a password.
        message: String,
    },
    /// The file cannot be read.
    Unreadable {
        /// Path of the file.
        path: PathBuf,
        /// Source of the path: `--config` or its variable.
        by: &'static str,
        /// Error of the system.
        error: io::Error,
    },
}

impl ConfigError {
    pub(super) fn one(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.problems.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let did_you_mean = |f: &mut fmt::Formatter<'_>, nearest: &Option<&str>| match nearest {
            Some(nearest) => write!(f, "; did you mean {nearest}?"),
            None => Ok(()),
        };
        match self {
            Self::BadValue { key, source, value, expected } if value.is_empty() => {
                write!(f, "{key} ({source}): must be {expected}")
            }
            Self::BadValue { key, source, value, expected } => {
                write!(f, "{key} ({source}): {value:?} is not {expected}")
            }
            Self::UnknownKey { path, key, nearest } => {
                write!(f, "{key} ({}): no such setting", path.display())?;
                did_you_mean(f, nearest)
            }
            Self::UnknownVariable { name, nearest } => {
                write!(f, "{name}: no such setting")?;
                did_you_mean(f, nearest)
            }
            Self::Syntax { path, line, message } => write!(f, "{}, line {line}: {message}", path.display()),
            Self::Unreadable { path, by, error } => write!(f, "{} ({by}): {error}", path.display()),
        }
    }
}
