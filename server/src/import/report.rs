//! The report of an import.

use std::collections::BTreeMap;

use doorward_shared::TenantId;
use serde::Serialize;

use crate::domain::Tally;

/// Maximum number of refused rows of one kind that a report lists for each tenant.
const LISTED: u64 = 20;

/// Progress of an import: a table, and how many of its rows were read so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub table: &'static str,
    pub rows: u64,
}

/// What happened to a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantState {
    /// A dry run found that the tenant can be imported or updated. Nothing was written.
    Importable,
    /// A dry run found that nothing of the tenant would change.
    Current,
    Imported,
    /// No data of the tenant was imported. [`TenantReport::problems`] names the reason.
    Skipped,
}

/// Something that was not imported, or was changed by the import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What the problem concerns, such as `API key "Backend"`.
    pub subject: String,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TenantReport {
    pub id: TenantId,
    pub name: String,
    pub state: TenantState,
    /// By kind of row: the number of rows with each outcome.
    pub rows: BTreeMap<&'static str, Tally>,
    pub problems: Vec<Problem>,
    /// Whether an earlier import wrote the tenant and this import skipped it. The tenant then lacks the latest changes
    /// of the source.
    pub is_outdated: bool,
    /// Number of refused rows by kind, with which [`Self::refuse`] limits how many are listed.
    #[serde(skip)]
    counted: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    pub dry_run: bool,
    pub tenants: Vec<TenantReport>,
    /// Problems that concern no tenant.
    pub problems: Vec<Problem>,
}

impl Report {
    /// Returns whether the import changed something.
    pub fn changed(&self) -> bool {
        !self.dry_run && self.tenants.iter().any(TenantReport::has_changes)
    }

    /// Returns the number of problems, including those of tenants.
    pub fn problem_count(&self) -> usize {
        self.problems.len() + self.tenants.iter().map(|tenant| tenant.problems.len()).sum::<usize>()
    }

    pub(super) fn problem(&mut self, subject: impl Into<String>, reason: impl Into<String>) {
        self.problems.push(Problem { subject: subject.into(), reason: reason.into() });
    }
}

impl TenantReport {
    pub(super) fn new(id: TenantId, name: &str, dry_run: bool) -> Self {
        let state = if dry_run { TenantState::Importable } else { TenantState::Imported };
        Self {
            id,
            name: name.to_owned(),
            state,
            rows: BTreeMap::new(),
            problems: Vec::new(),
            is_outdated: false,
            counted: BTreeMap::new(),
        }
    }

    pub(super) fn problem(&mut self, subject: impl Into<String>, reason: impl Into<String>) {
        self.problems.push(Problem { subject: subject.into(), reason: reason.into() });
    }

    /// Returns whether the import changed something or, in a dry run, would change something.
    pub(super) fn has_changes(&self) -> bool {
        self.rows.values().any(|tally| tally.changed())
    }

    /// Records that the tenant is skipped, and the reason.
    pub(super) fn skip(&mut self, reason: impl Into<String>) {
        self.state = TenantState::Skipped;
        self.problem("tenant", reason);
    }

    pub(super) fn is_skipped(&self) -> bool {
        self.state == TenantState::Skipped
    }

    pub(super) fn tally(&mut self, kind: &'static str) -> &mut Tally {
        self.rows.entry(kind).or_default()
    }

    /// Counts a row that was not imported. The report lists only the first rows of each kind, so that it stays small;
    /// [`Self::finish`] adds the number of the remaining rows.
    pub(super) fn refuse(&mut self, kind: &'static str, id: &str, reason: &str) {
        self.tally(kind).refused += 1;
        let counted = self.counted.entry(kind).or_default();
        *counted += 1;
        if *counted <= LISTED {
            self.problems.push(Problem { subject: format!("{kind} {id:?}"), reason: reason.to_owned() });
        }
    }

    pub(super) fn finish(&mut self) {
        for (kind, counted) in &self.counted {
            if let Some(more) = counted.checked_sub(LISTED).filter(|more| *more > 0) {
                let reason = "not imported for the reasons above; only the first ones are listed".to_owned();
                self.problems.push(Problem { subject: format!("{more} more of {kind}"), reason });
            }
        }
    }
}
