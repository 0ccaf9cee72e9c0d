//! Explains a refusal from its audit entry: the failed check, the compared values, likely causes, and how to fix them.

use std::fmt::Write as _;

use doorward_shared::{
    AuditType, ErrorCode,
    audit::{AdminAuditLogItem, AuditLogItem},
    refusal::{Check, RefusalDetail},
};

use crate::api::AuditQuery;

mod accepted;
mod causes;
mod duration;
mod explanation;
mod origins;
#[cfg(test)]
mod tests;

pub use accepted::is_explained;
use duration::seconds;
pub use explanation::Explanation;
pub use origins::{is_local, origin_difference};

/// Text in place of a value that the entry does not contain, for example because an older version of the server wrote
/// the entry.
pub const NOT_RECORDED: &str = "not recorded";

/// Explains an entry that records a refusal, or an operation that a stricter policy would have refused. Returns `None`
/// for any other entry. `key_history` contains entries about the creation and revocation of API keys of any tenant,
/// newest first.
pub fn explain(row: &AdminAuditLogItem, key_history: &[AdminAuditLogItem]) -> Option<Explanation> {
    let entry = &row.entry;
    if !entry.has_reason() {
        return accepted::explain(row);
    }
    let code: Option<ErrorCode> = entry.error_code.as_deref().and_then(|code| code.parse().ok());
    let detail = RefusalDetail::of(entry.detail.as_ref()).unwrap_or_default();
    // If the entry contains no check, and its code stands for several checks, the failed check is unknown.
    let usual = || match code.map(ErrorCode::checks) {
        Some([only]) => Some(*only),
        _ => None,
    };
    let check = detail.check.or_else(usual);
    let causes = causes::likely(entry, code, check, &detail, key_history);
    let description = || code.map(|code| code.description().to_owned());
    let is_registration = entry.kind.as_str().contains("_registration_");
    let mut expected = detail.expected.clone();
    if detail.expected_left_out > 0 {
        expected.push(format!("and {} more", detail.expected_left_out));
    }
    Some(Explanation {
        entry_id: entry.id,
        request_id: entry.meta_http_request_id.clone(),
        created_at: entry.created_at,
        kind: entry.kind.as_str(),
        outcome: (!entry.kind.is_failure()).then_some("accepted, because the trust policy only monitors"),
        tenant_id: entry.tenant_id,
        tenant_name: row.tenant_name.clone(),
        actor: entry.actor_user_id.clone(),
        code: entry.error_code.clone(),
        message: entry.error.clone(),
        check: check.map(Check::description),
        expected,
        received: detail.received.clone(),
        values: values(entry, &detail),
        causes: if causes.is_empty() { description().into_iter().collect() } else { causes },
        fix: code.map(|code| code.help().fix),
        specification: check
            .and_then(|check| check.section(is_registration))
            .map(|section| format!("WebAuthn Level 3 {section}")),
    })
}

/// Returns whether [`explain`] uses the history of API keys for this entry.
pub fn needs_key_history(row: &AdminAuditLogItem) -> bool {
    let detail = RefusalDetail::of(row.entry.detail.as_ref());
    row.entry.kind == AuditType::ApiKeyRejected
        && detail.is_some_and(|detail| detail.check == Some(Check::KeyKnown) && detail.key_id.is_some())
}

/// Returns the query for the history of API keys that explains an entry: in the logs of all tenants, or only in the
/// entry's log if the admin token is limited.
pub fn key_history(row: &AdminAuditLogItem, all_tenants: bool) -> AuditQuery {
    let kinds = vec![AuditType::ApiKeyCreated, AuditType::ApiKeyRevoked];
    AuditQuery { tenant: (!all_tenants).then_some(row.entry.tenant_id), kinds, ..AuditQuery::default() }
}

/// Returns further recorded values, each with its label. For a finalize request, always lists the challenge, the flags
/// and the counter, with [`NOT_RECORDED`] for those that the entry does not contain.
fn values(entry: &AuditLogItem, detail: &RefusalDetail) -> Vec<(&'static str, String)> {
    let mut values = Vec::new();
    let absent = || NOT_RECORDED.to_owned();
    let kind = entry.kind.as_str();
    if kind.contains("_final_") {
        values.push((
            "challenge",
            detail.challenge.as_ref().map_or_else(absent, |challenge| {
                let (age, lifetime) = (seconds(challenge.age_ms), seconds(challenge.lifetime_ms));
                format!("of {}, {age} after initialize, valid for {lifetime}", challenge.ceremony)
            }),
        ));
        values.push((
            "flags",
            detail.authenticator.map_or_else(absent, |sent| {
                let flags = [("UP", sent.up), ("UV", sent.uv), ("BE", sent.be), ("BS", sent.bs)];
                flags.iter().fold(String::new(), |mut text, (name, is_set)| {
                    let gap = if text.is_empty() { "" } else { "  " };
                    // Writing to a string cannot fail.
                    let _ = write!(text, "{gap}{name} = {}", u8::from(*is_set));
                    text
                })
            }),
        ));
        let counter = |number: Option<u32>| number.map_or_else(absent, |number| number.to_string());
        let stored = detail.credential.map(|credential| credential.sign_count);
        let sent = detail.authenticator.map(|sent| sent.sign_count);
        let text = format!("stored {}, received {}", counter(stored), counter(sent));
        values.push(("counter", if stored.or(sent).is_none() { absent() } else { text }));
    }
    if let Some(id) = detail.key_id {
        values.push(("key id", id.to_string()));
    }
    if let (Some(method), Some(path)) = (&detail.method, &detail.path) {
        values.push(("request", format!("{method} {path}")));
    }
    if let Some(count) = detail.left_out_before {
        values.push(("not logged", format!("{count} refused changes before this one")));
    }
    values.extend(entry.credential_id.clone().map(|id| ("credential", id)));
    // An entry about a disabled key contains the key id in its detail as well. The id is listed only once.
    values.extend(entry.api_key_id.filter(|_| detail.key_id.is_none()).map(|id| ("key id", id.to_string())));
    values.extend(entry.transaction_id.clone().map(|id| ("transaction", id)));
    values
}

impl Explanation {
    /// Returns the explanation as pairs of label and text. A text that continues the previous one has an empty label.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let absent = || NOT_RECORDED.to_owned();
        let mut lines = vec![
            ("when", self.created_at.to_string()),
            ("event", self.kind.to_owned()),
            ("code", self.code.clone().unwrap_or_else(absent)),
            ("message", self.message.clone().unwrap_or_else(absent)),
        ];
        lines.extend(self.outcome.map(|outcome| ("outcome", outcome.to_owned())));
        lines.extend(self.actor.clone().map(|actor| ("actor", actor)));
        lines.extend([("", String::new()), ("check", self.check.map_or_else(absent, str::to_owned))]);
        let mut list = |label: &'static str, texts: &[String]| {
            let labels = std::iter::once(label).chain(std::iter::repeat(""));
            lines.extend(labels.zip(texts.iter().cloned()));
        };
        let missing = [absent()];
        list("expected", if self.expected.is_empty() { &missing } else { &self.expected });
        list("received", &[self.received.clone().unwrap_or_else(absent)]);
        lines.extend(self.values.iter().cloned());
        lines.push(("", String::new()));
        let labels = std::iter::once("likely").chain(std::iter::repeat(""));
        lines.extend(labels.zip(self.causes.iter().cloned()));
        lines.extend(self.fix.map(|fix| ("fix", fix.to_owned())));
        lines.push(("section", self.specification.clone().unwrap_or_else(|| "none: a rule of Doorward".to_owned())));
        lines.push(("request id", self.request_id.clone()));
        lines
    }
}
