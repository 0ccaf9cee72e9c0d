//! What is wrong with the settings, in words that say where to mend it.

use std::{fmt, io, path::PathBuf};

use super::values::Source;

/// Everything that is wrong with the settings.
#[derive(Debug)]
pub struct ConfigError {
    /// Each problem, in the order of the settings table; never empty.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Debug)]
pub enum Problem {
    /// A value is not what the setting takes.
    BadValue {
        /// Which setting.
        key: &'static str,
        /// Where it was set.
        source: Source,
        /// What it was set to; empty for a setting that may hold a password.
        value: String,
        /// What it takes.
        expected: String,
    },
    /// The file sets something that is no setting.
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The name it uses.
        key: String,
        /// The name that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A variable looks like a setting and is none.
    UnknownVariable {
        /// The variable.
        name: String,
        /// The variable that was probably meant.
        nearest: Option<&'static str>,
    },
    /// The file is not TOML.
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// What the parser says. Never the line itself, which may hold a password.
        message: String,
    },
    /// The file cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Who named it: `--config` or its variable.
        by: &'static str,
        /// Why.
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
