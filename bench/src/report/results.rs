//! Prints figures and counts whether their targets were met.

use std::fmt::Display;

/// Number of met and missed targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Results {
    pub met: u32,
    pub missed: u32,
}

impl Results {
    pub fn print(&self, line: impl Display) {
        println!("{line}");
    }

    /// Prints a line and whether its target was met. The line must contain the target.
    pub fn judge(&mut self, line: impl Display, met: bool) {
        println!("{line}: {}", self.count(met));
    }

    /// Counts a target and returns `met` or `MISSED`.
    pub fn count(&mut self, met: bool) -> &'static str {
        if met {
            self.met += 1;
            "met"
        } else {
            self.missed += 1;
            "MISSED"
        }
    }
}
