//! Program name and profile at the start of proposed commands, so that these reach the same server.

use std::fmt;

use super::shell;

/// Displays as `doorward-admin`, with the profile that is in use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Program {
    profile: Option<String>,
}

impl Program {
    /// Commands without a profile use the default server or that of the environment.
    pub fn with_profile(profile: Option<&str>) -> Self {
        Self { profile: profile.map(str::to_owned) }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("doorward-admin")?;
        match &self.profile {
            Some(profile) => write!(f, " --profile {}", shell::word(profile)),
            None => Ok(()),
        }
    }
}
