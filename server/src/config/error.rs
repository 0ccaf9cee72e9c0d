//! Errors in settings. Each message names the setting, its source and the expected value.

use std::{fmt, io, path::PathBuf};

use super::source::Source;

#[derive(Debug)]
pub struct ConfigError {
    /// The problems, in the order of the settings table; never empty.
    pub problems: Vec<Problem>,
}

#[derive(Debug)]
pub enum Problem {
    BadValue {
        key: &'static str,
        source: Source,
        /// The value; empty for a setting that may contain a secret.
        value: String,
        expected: String,
    },
    UnknownKey {
        path: PathBuf,
        key: String,
        nearest: Option<&'static str>,
    },
    UnknownVariable {
        name: String,
        nearest: Option<&'static str>,
    },
    /// A value is set both directly and through a file that contains the value.
    TwoValues {
        key: &'static str,
        source: Source,
        file_key: &'static str,
        file_source: Source,
    },
    /// One source sets a setting under its present name and also under an old name.
    OldNameToo {
        /// The settings file; `None` for environment variables.
        path: Option<PathBuf>,
        old: &'static str,
        new: &'static str,
    },
    Syntax {
        path: PathBuf,
        /// Line number, starting at 1.
        line: usize,
        /// Message of the parser. It does not contain the text of the line, which may contain a password.
        message: String,
    },
    Unreadable {
        path: PathBuf,
        /// Source of the path: `--config` or `DOORWARD_CONFIG`.
        by: &'static str,
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
            Self::TwoValues { key, source, file_key, file_source } => {
                write!(f, "{key} ({source}) and {file_key} ({file_source}) are both set: remove one of them")
            }
            Self::OldNameToo { path, old, new } => {
                f.write_str(old)?;
                if let Some(path) = path {
                    write!(f, " ({})", path.display())?;
                }
                write!(f, ": this is the old name of {new}, which is set as well: remove {old}")
            }
            Self::Syntax { path, line, message } => write!(f, "{}, line {line}: {message}", path.display()),
            Self::Unreadable { path, by, error } => write!(f, "{} ({by}): {error}", path.display()),
        }
    }
}
