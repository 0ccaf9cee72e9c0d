//! Explains logins that a stricter policy of the tenant would have rejected.

use doorward_shared::{ErrorCode, audit::AdminAuditLogItem, refusal::Check};
use serde::Deserialize;

use super::explanation::Explanation;

/// Member of an entry's detail: the signature counter did not increase, and the tenant accepts this.
#[derive(Deserialize)]
struct CounterRegression {
    stored: u32,
    received: u32,
}

fn regression(row: &AdminAuditLogItem) -> Option<CounterRegression> {
    CounterRegression::deserialize(row.entry.detail.as_ref()?.get("counter_regression")?).ok()
}

/// Returns whether [`super::explain`] explains the entry.
pub fn is_explained(row: &AdminAuditLogItem) -> bool {
    row.entry.has_reason() || regression(row).is_some()
}

/// Explains an accepted login whose signature counter did not increase.
pub(super) fn explain(row: &AdminAuditLogItem) -> Option<Explanation> {
    let CounterRegression { stored, received } = regression(row)?;
    let entry = &row.entry;
    let code = ErrorCode::CounterRegression;
    Some(Explanation {
        entry_id: entry.id,
        request_id: entry.meta_http_request_id.clone(),
        created_at: entry.created_at,
        kind: entry.kind.as_str(),
        outcome: None,
        tenant_id: entry.tenant_id,
        tenant_name: row.tenant_name.clone(),
        actor: entry.actor_user_id.clone(),
        code: Some(format!("{code} (accepted)")),
        message: Some(
            "accepted, because `webauthn.counter_policy` is `record` and the credential is synced".to_owned(),
        ),
        check: Some(Check::SignatureCounter.description()),
        expected: vec![format!("more than {stored}")],
        received: Some(received.to_string()),
        values: entry.credential_id.clone().map(|id| ("credential", id)).into_iter().collect(),
        causes: vec![
            "A password manager keeps one counter on each device, or no longer keeps a counter.".to_owned(),
            "The key was copied: look for logins of this user from unknown addresses.".to_owned(),
        ],
        fix: Some(code.help().fix),
        specification: Check::SignatureCounter.section(false).map(|section| format!("WebAuthn Level 3 {section}")),
    })
}
