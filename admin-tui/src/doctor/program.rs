//! Program name and profile at the start of proposed commands, so that the commands reach the same server.

use std::fmt;

use super::shell;

/// Beginning of a proposed command. The `Display` form is `doorward-admin`, with `--profile` if there is a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Program {
    profile: Option<String>,
}

impl Program {
    /// Creates a program with a profile. Without a profile, the proposed commands use the default server, or the server
    /// that environment variables select.
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
