//! Filters of an audit log.

use std::borrow::Cow;

use doorward_shared::{AuditType, TenantId, Timestamp, audit::AuditOutcome};

use super::Audit;
use crate::{
    api::AuditQuery,
    time_format,
    ui::{Command, UpdateContext},
};

/// Maximum number of event types for which each type has its own chip. If there are more, all types share one chip.
const MAX_TYPE_CHIPS: usize = 3;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FilterChip {
    pub(super) label: Cow<'static, str>,
    /// The value that entries must have or, if the label begins with `not`, must not have.
    pub(super) value: String,
    without: AuditQuery,
}

impl Audit {
    pub(super) fn chips(&self) -> Vec<FilterChip> {
        let query = &self.query;
        let time = |at: Timestamp| time_format::date_time(self.zone.to_local(at));
        let chip = |label: &'static str, value: Option<String>, remove: fn(&mut AuditQuery)| {
            let mut without = query.clone();
            remove(&mut without);
            value.map(|value| FilterChip { label: label.into(), value, without })
        };
        let type_chip = |kind: &AuditType| {
            let kinds = query.kinds.iter().copied().filter(|other| other != kind).collect();
            FilterChip {
                label: "type".into(),
                value: kind.as_str().to_owned(),
                without: AuditQuery { kinds, ..query.clone() },
            }
        };
        let is_installation = query.tenant == Some(TenantId::INSTALLATION);
        let has_many_types = query.kinds.len() > MAX_TYPE_CHIPS;
        let first = [
            chip("log", is_installation.then(|| "installation".to_owned()), |query| query.tenant = None),
            chip("outcome", query.outcome.map(|it| it.as_str().to_owned()), |query| query.outcome = None),
            chip("type", has_many_types.then(|| format!("{} types", query.kinds.len())), |query| query.kinds.clear()),
        ];
        let types = query.kinds.iter().filter(|_| !has_many_types).map(type_chip);
        let last = [
            chip("user", query.actor.as_deref().map(part), |query| query.actor = None),
            chip("address", query.source_ip.as_deref().map(part), |query| query.source_ip = None),
            chip("from", query.start.map(time), |query| query.start = None),
            chip("until", query.end.map(time), |query| query.end = None),
            chip("text", query.text.clone(), |query| query.text = None),
        ];
        let exact = query.exact.iter().enumerate().map(|(index, (name, value))| {
            let mut without = query.clone();
            without.exact.remove(index);
            FilterChip { label: exact_label(name), value: value.clone(), without }
        });
        first.into_iter().flatten().chain(types).chain(exact).chain(last.into_iter().flatten()).collect()
    }

    pub(super) fn set_query(&mut self, query: AuditQuery, cx: &mut UpdateContext<'_>) {
        if self.query == query {
            return;
        }
        self.query = query;
        self.wanted = None;
        self.restart(cx);
    }

    pub(super) fn drop_chip(&mut self, index: usize, cx: &mut UpdateContext<'_>) {
        if let Some(chip) = self.chips().into_iter().nth(index) {
            self.set_query(chip.without, cx);
        }
    }

    pub(super) fn change_filters(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        let query = self.query.clone();
        let changed = match command {
            Command::FailuresOnly => {
                AuditQuery { outcome: query.outcome.is_none().then_some(AuditOutcome::Failed), ..query }
            }
            Command::InstallationLog => {
                AuditQuery { tenant: query.tenant.is_none().then_some(TenantId::INSTALLATION), ..query }
            }
            Command::ClearFilters => {
                let tenant = query.tenant.filter(|id| *id != TenantId::INSTALLATION);
                AuditQuery { tenant, ..AuditQuery::default() }
            }
            _ => self.chips().pop().map_or(query, |chip| chip.without),
        };
        self.set_query(changed, cx);
    }
}

/// Formats the value of a substring filter with stars, to distinguish this filter from an exact filter.
fn part(text: &str) -> String {
    format!("*{text}*")
}

/// Returns the label of an exact filter from the name of its query parameter.
fn exact_label(parameter: &'static str) -> Cow<'static, str> {
    let (not, name) = match parameter.strip_prefix("not_") {
        Some(name) => ("not ", name),
        None => ("", parameter),
    };
    let name = match name {
        "actor" => "user",
        "source_ip" => "address",
        "error_code" => "code",
        "request_id" => "request",
        "credential_id" => "credential",
        "transaction_id" => "transaction",
        "api_key_id" => "key",
        other => other,
    };
    if not.is_empty() { name.into() } else { format!("{not}{name}").into() }
}
