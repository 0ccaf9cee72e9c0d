//! Filters of an audit log, and the chips that show them.

use doorward_shared::{TenantId, audit::AuditOutcome};

use super::Audit;
use crate::{api::AuditQuery, field::Field, keymap::Command, model::Cx, when};

/// Types that get a chip each; more share one.
const TYPE_CHIPS: usize = 3;

/// A filter in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chip {
    /// What it filters by.
    pub label: &'static str,
    /// What it lets through.
    pub value: String,
}

fn chip(label: &'static str, value: impl Into<String>) -> Chip {
    Chip { label, value: value.into() }
}

impl Audit {
    /// The filters in force.
    #[must_use]
    pub fn chips(&self) -> Vec<Chip> {
        self.filters().into_iter().map(|(chip, _)| chip).collect()
    }

    /// The filters in force, each with the query without it.
    fn filters(&self) -> Vec<(Chip, AuditQuery)> {
        let query = &self.query;
        let mut found = Vec::new();
        if query.tenant == Some(TenantId::INSTALLATION) {
            found.push((chip("log", "installation"), AuditQuery { tenant: None, ..query.clone() }));
        }
        if let Some(outcome) = query.outcome {
            found.push((chip("outcome", outcome.as_str()), AuditQuery { outcome: None, ..query.clone() }));
        }
        if query.kinds.len() <= TYPE_CHIPS {
            for &kind in &query.kinds {
                let kinds = query.kinds.iter().copied().filter(|other| *other != kind).collect();
                found.push((chip("type", kind.as_str()), AuditQuery { kinds, ..query.clone() }));
            }
        } else {
            let count = format!("{} types", query.kinds.len());
            found.push((chip("type", count), AuditQuery { kinds: Vec::new(), ..query.clone() }));
        }
        if let Some(actor) = &query.actor {
            found.push((chip("user", actor), AuditQuery { actor: None, ..query.clone() }));
        }
        if let Some(address) = &query.source_ip {
            found.push((chip("address", address), AuditQuery { source_ip: None, ..query.clone() }));
        }
        if let Some(start) = query.start {
            found.push((chip("from", when::full(start)), AuditQuery { start: None, ..query.clone() }));
        }
        if let Some(end) = query.end {
            found.push((chip("until", when::full(end)), AuditQuery { end: None, ..query.clone() }));
        }
        if let Some(text) = &query.text {
            found.push((chip("text", text), AuditQuery { text: None, ..query.clone() }));
        }
        found
    }

    /// Shows what another query finds.
    pub fn refine(&mut self, query: AuditQuery, cx: &mut Cx<'_>) {
        if self.query == query {
            return;
        }
        if self.query.text != query.text {
            self.search.field = Field::new(query.text.as_deref().unwrap_or_default());
        }
        self.query = query;
        self.restart(cx);
    }

    /// Drops a filter.
    pub(super) fn drop_chip(&mut self, at: usize, cx: &mut Cx<'_>) {
        if let Some((_, query)) = self.filters().into_iter().nth(at) {
            self.refine(query, cx);
        }
    }

    /// What was written becomes the text that entries must hold.
    pub(super) fn apply_text(&mut self, cx: &mut Cx<'_>) {
        let text = self.search.text();
        if self.query.text != text {
            self.query.text = text;
            self.restart(cx);
        }
    }

    pub(super) fn filter(&mut self, command: Command, cx: &mut Cx<'_>) {
        let query = self.query.clone();
        let changed = match command {
            Command::Toggle => {
                let outcome = query.outcome.is_none().then_some(AuditOutcome::Failed);
                AuditQuery { outcome, ..query }
            }
            Command::Sort => {
                let tenant = query.tenant.is_none().then_some(TenantId::INSTALLATION);
                AuditQuery { tenant, ..query }
            }
            Command::ClearFilters => {
                let tenant = query.tenant.filter(|id| *id != TenantId::INSTALLATION);
                AuditQuery { tenant, ..AuditQuery::default() }
            }
            _ => {
                let last = self.filters().pop();
                last.map_or(query, |(_, without)| without)
            }
        };
        self.refine(changed, cx);
    }
}
