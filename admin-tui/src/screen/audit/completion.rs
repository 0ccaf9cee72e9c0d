//! Completion of a search text: names of fields, and values that the loaded entries contain.

use std::collections::VecDeque;

use doorward_shared::{AuditType, ErrorCode, audit::AdminAuditLogItem};

use super::{
    search::{FIELDS, quote, terms},
    statistics::{Property, top},
};

/// Maximum number of candidates that are offered.
const MAX_CANDIDATES: usize = 8;
const TIMES: [&str; 6] = ["15m", "1h", "24h", "7d", "today", "yesterday"];

/// A completion of the last term of the search text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) label: String,
    /// The complete search text with the candidate in it.
    pub(super) text: String,
}

/// Returns the candidates for the last term of a search text. If the text is empty or ends with a space, the candidates
/// are the names of all fields.
pub(super) fn candidates(text: &str, rows: &VecDeque<AdminAuditLogItem>) -> Vec<Candidate> {
    let is_new = text.is_empty() || text.ends_with(char::is_whitespace);
    let last = terms(text).pop().filter(|_| !is_new);
    let start = last.as_ref().map_or(text.len(), |term| term.start);
    let before = text.get(..start).unwrap_or_default();
    let not = if last.as_ref().is_some_and(|term| term.excludes) { "!" } else { "" };
    let typed = last.as_ref().map(|term| term.value.as_str()).unwrap_or_default();
    match last.as_ref().and_then(|term| term.field.as_deref()) {
        None => {
            let names = FIELDS.iter().map(|(name, _)| *name).filter(|name| name.starts_with(typed));
            names.map(|name| Candidate { label: format!("{name}:"), text: format!("{before}{not}{name}:") }).collect()
        }
        Some(field) => values(field, typed, rows)
            .into_iter()
            .map(|value| Candidate { text: format!("{before}{not}{field}:{} ", quote(&value)), label: value })
            .collect(),
    }
}

/// Returns values of a field that contain the typed text. Values of loaded entries come first, most frequent first.
fn values(field: &str, typed: &str, rows: &VecDeque<AdminAuditLogItem>) -> Vec<String> {
    let property = Property::ALL.into_iter().find(|property| property.field() == Some(field));
    let mut values: Vec<String> = match (property, field) {
        (Some(property), _) => top(rows, property).into_iter().map(|(value, _)| value.into_owned()).collect(),
        (None, "req") => rows.iter().map(|row| row.entry.meta_http_request_id.clone()).collect(),
        (None, "tx") => rows.iter().filter_map(|row| row.entry.transaction_id.clone()).collect(),
        _ => Vec::new(),
    };
    match field {
        "type" => values.extend(AuditType::ALL.iter().map(|kind| kind.as_str().to_owned())),
        "code" => values.extend(ErrorCode::ALL.iter().map(|code| code.as_str().to_owned())),
        "outcome" => values.extend(["failed", "succeeded"].map(str::to_owned)),
        "since" | "until" => values.extend(TIMES.map(str::to_owned)),
        _ => {}
    }
    let typed = typed.trim_matches('*');
    let mut found: Vec<String> = Vec::new();
    for value in values.into_iter().filter(|value| value.contains(typed)) {
        if found.len() < MAX_CANDIDATES && !found.contains(&value) {
            found.push(value);
        }
    }
    found.sort_by_key(|value| !value.starts_with(typed));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Vec<String> {
        candidates(text, &VecDeque::new()).into_iter().map(|candidate| candidate.label).collect()
    }

    #[test]
    fn fields_and_known_values_are_completed() {
        assert_eq!(labels("").len(), FIELDS.len());
        assert_eq!(labels("outcome:failed u"), ["user:", "until:"]);
        assert_eq!(labels("outcome:"), ["failed", "succeeded"]);
        assert_eq!(labels("code:origin_m"), ["origin_mismatch"]);
        assert_eq!(labels("since:y"), ["yesterday", "today"]);
        assert!(labels("type:mfa_reg").iter().all(|label| label.starts_with("mfa_registration")));
    }

    #[test]
    fn candidate_replaces_only_the_last_term() {
        let texts = |text: &str| candidates(text, &VecDeque::new()).into_iter().map(|it| it.text).collect::<Vec<_>>();
        assert_eq!(texts("user:alice !ou"), ["user:alice !outcome:"]);
        assert_eq!(texts("user:alice !outcome:fa"), ["user:alice !outcome:failed "]);
    }
}
