//! Prints figures and counts whether their targets were met.

use std::fmt::Display;

/// Number of met and missed targets; lines are printed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Results {
    /// Number of met targets.
    pub met: u32,
    /// Number of missed targets.
    pub missed: u32,
}

impl Results {
    /// Prints a line.
    pub fn print(&self, line: impl Display) {
        println!("{line}");
    }

    /// Prints a line, which names the target, and whether the target was met.
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

#[cfg(test)]
mod tests {
    use super::Results;

    #[test]
    fn met_and_missed_targets_are_counted() {
        let mut results = Results::default();
        assert_eq!((results.count(true), results.count(false), results.count(true)), ("met", "MISSED", "met"));
        results.judge("a line", false);
        assert_eq!(results, Results { met: 2, missed: 2 });
    }
}
