//! Figures on their way to the reader: each with its target, and whether it was met.

use std::fmt::Display;

/// What was found so far; printed as it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Results {
    /// Targets that were met.
    pub met: u32,
    /// Targets that were missed.
    pub missed: u32,
}

impl Results {
    /// A line without a target.
    pub fn tell(&self, line: impl Display) {
        println!("{line}");
    }

    /// A line with its target: the line says what the target is.
    pub fn judge(&mut self, line: impl Display, met: bool) {
        println!("{line}: {}", self.count(met));
    }

    /// Counts a target, and gives the word for it.
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
    fn targets_are_counted() {
        let mut results = Results::default();
        assert_eq!((results.count(true), results.count(false), results.count(true)), ("met", "MISSED", "met"));
        results.judge("a line", false);
        assert_eq!(results, Results { met: 2, missed: 2 });
    }
}
