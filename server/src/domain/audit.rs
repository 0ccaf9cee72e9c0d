//! Audit events and the filters by which they are found.

use std::net::IpAddr;

use doorward_shared::{ApiKeyId, AuditId, AuditType, TenantId, Timestamp, audit::AuditOutcome};
use ipnet::IpNet;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestMeta {
    /// Id of the request, as in the `X-Request-Id` header of the response.
    pub request_id: String,
    pub source_ip: String,
    /// The client's `User-Agent`, cut to 256 bytes.
    pub user_agent: String,
    /// The API key of the request, if the key is valid or only disabled; otherwise `None`.
    pub api_key: Option<ApiKeyId>,
}

/// An event that is written as one audit entry. Entries never change. The id of an entry is assigned when it is
/// written.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEvent {
    /// Random bits of the entry's id.
    pub random: u64,
    /// The log that contains the entry; [`TenantId::INSTALLATION`] for events that concern no tenant.
    pub tenant_id: TenantId,
    pub kind: AuditType,
    pub error: Option<AuditError>,
    pub meta: RequestMeta,
    /// The user id of a ceremony, or the name of the admin token or command that made a change.
    pub actor: Option<String>,
    /// Id of the credential that the event concerns, in base64url.
    pub credential_id: Option<String>,
    /// The application's own id of the transaction.
    pub transaction_id: Option<String>,
    /// Details as a JSON object, such as the values before and after a change, or the check that caused a refusal.
    pub detail: Option<serde_json::Value>,
    pub at: Timestamp,
}

/// The reason of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditError {
    /// Machine-readable text of an `ErrorCode`.
    pub code: &'static str,
    /// Human-readable explanation.
    pub reason: String,
}

/// Condition on one column: the values that a filter accepts, and the values that it excludes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values<T> {
    /// The entry must have one of these values. If empty, every value is accepted.
    pub any_of: Vec<T>,
    /// The entry must have none of these values.
    pub none_of: Vec<T>,
}

impl<T> Default for Values<T> {
    fn default() -> Self {
        Self { any_of: Vec::new(), none_of: Vec::new() }
    }
}

impl<T> Values<T> {
    fn is_empty(&self) -> bool {
        self.any_of.is_empty() && self.none_of.is_empty()
    }
}

impl Values<ApiKeyId> {
    pub fn texts(&self) -> Values<String> {
        let texts = |ids: &[ApiKeyId]| ids.iter().map(ApiKeyId::to_string).collect();
        Values { any_of: texts(&self.any_of), none_of: texts(&self.none_of) }
    }
}

impl Values<IpNet> {
    /// Returns the accepted and excluded addresses as texts; `None` if a value is a network of several addresses.
    pub fn addresses(&self) -> Option<Values<String>> {
        let text =
            |network: &IpNet| (network.prefix_len() == network.max_prefix_len()).then(|| network.addr().to_string());
        let texts = |networks: &[IpNet]| networks.iter().map(text).collect::<Option<Vec<String>>>();
        Some(Values { any_of: texts(&self.any_of)?, none_of: texts(&self.none_of)? })
    }

    /// Returns whether the filter accepts an entry's source address.
    pub fn accept(&self, source_ip: &str) -> bool {
        let address = source_ip.parse::<IpAddr>().ok();
        let one_of = |networks: &[IpNet]| {
            address.is_some_and(|address| networks.iter().any(|network| network.contains(&address)))
        };
        (self.any_of.is_empty() || one_of(&self.any_of)) && !one_of(&self.none_of)
    }
}

/// Conditions on audit entries. An entry matches if it meets all conditions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Earliest creation time of matching entries (inclusive).
    pub start: Option<Timestamp>,
    /// Upper limit (exclusive) of the creation time of matching entries.
    pub end: Option<Timestamp>,
    pub kinds: Values<AuditType>,
    pub outcome: Option<AuditOutcome>,
    pub actor: Values<String>,
    pub source_ip: Values<IpNet>,
    pub error_code: Values<String>,
    pub request_id: Values<String>,
    /// Credential ids in base64url.
    pub credential_id: Values<String>,
    /// The applications' own ids of transactions.
    pub transaction_id: Values<String>,
    /// API keys with which the recorded requests were made.
    pub api_key_id: Values<ApiKeyId>,
    /// Text that the actor must contain.
    pub actor_part: Option<String>,
    /// Text that the source address must contain.
    pub source_ip_part: Option<String>,
    /// Text that the actor or the source address must contain.
    pub text: Option<String>,
    /// Range of ids that an earlier page has already searched. Entries in this range do not match.
    pub shown: Option<ShownEntries>,
}

/// Range of ids that a page searched although some newer entries were not searched yet. That page returned all matching
/// entries in this range, so later pages skip this range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownEntries {
    /// Id of the oldest entry in the range.
    pub oldest: AuditId,
    /// Id of the newest entry in the range.
    pub newest: AuditId,
}

impl AuditFilter {
    /// Returns whether the filter has no condition, so that every entry matches.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns whether a condition concerns columns other than time, type and outcome.
    pub fn examines_values(&self) -> bool {
        let Self { actor, source_ip, error_code, request_id, credential_id, transaction_id, api_key_id, .. } = self;
        let texts = [actor, error_code, request_id, credential_id, transaction_id];
        !(texts.into_iter().all(Values::is_empty) && source_ip.is_empty() && api_key_id.is_empty())
            || self.actor_part.is_some()
            || self.source_ip_part.is_some()
            || self.text.is_some()
            || self.shown.is_some()
    }

    /// Returns whether the only condition is one exact actor.
    pub fn is_one_actor(&self) -> bool {
        let [_] = self.actor.any_of.as_slice() else { return false };
        let actor = Values { any_of: self.actor.any_of.clone(), none_of: Vec::new() };
        *self == Self { actor, ..Self::default() }
    }

    /// Returns the accepted types; `None` if every type is accepted.
    pub fn accepted_kinds(&self) -> Option<Vec<AuditType>> {
        if self.kinds.is_empty() && self.outcome.is_none() {
            return None;
        }
        let named = if self.kinds.any_of.is_empty() { AuditType::ALL } else { &self.kinds.any_of };
        let accepted = |kind: &AuditType| {
            let outcome = if kind.is_failure() { AuditOutcome::Failed } else { AuditOutcome::Succeeded };
            !self.kinds.none_of.contains(kind) && self.outcome.is_none_or(|accepted| accepted == outcome)
        };
        Some(named.iter().copied().filter(accepted).collect())
    }

    /// Returns the time that the request id contains, if the filter names exactly one request id and this id is a
    /// UUIDv7.
    pub fn request_time(&self) -> Option<Timestamp> {
        let [id] = self.request_id.any_of.as_slice() else { return None };
        let id = Uuid::parse_str(id).ok().filter(|id| id.get_version_num() == 7)?;
        Some(AuditId::new(id).time())
    }
}

/// A position in a log and a reading direction. The entry at the position is not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditCursor {
    /// Entries newer than the entry with this id, oldest first.
    After(AuditId),
    /// Entries older than the entry with this id, newest first.
    Before(AuditId),
}

impl AuditCursor {
    /// All entries, newest first.
    pub const NEWEST: Self = Self::Before(AuditId::new(Uuid::max()));
    /// All entries, oldest first.
    pub const OLDEST: Self = Self::After(AuditId::new(Uuid::nil()));
}

/// Upper limit of the ids that a read on PostgreSQL may return. After the limit was determined, no entry is added below
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Horizon {
    /// A text that sorts after the ids that a read may return, and before all other ids.
    pub end: String,
    /// Whether a read may return all committed entries. If `false`, the read leaves out committed entries whose ids are
    /// larger than an id that a running transaction may still commit.
    pub is_newest: bool,
}

/// Maximum number of entries that one request examines, on every engine. Numbered pages reach at most this number of
/// rows, and totals are counted up to this number.
pub const EXAMINED: usize = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    Exact(u64),
    /// A lower bound, because more entries may match.
    AtLeast(u64),
}

impl Total {
    /// Returns a lower bound with this number.
    #[must_use]
    pub const fn or_more(self) -> Self {
        Self::AtLeast(self.count())
    }

    /// Returns the number, exact or not.
    pub const fn count(self) -> u64 {
        match self {
            Self::Exact(count) | Self::AtLeast(count) => count,
        }
    }
}

/// How to request the entries after a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextPage {
    Number,
    Before(AuditId),
    /// With the cursor `before`, and a range of ids that the next page must skip, because the current page contains the
    /// entries in this range.
    BeforeWithout(AuditId, ShownEntries),
}

/// A numbered page, newest entries first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage<T> {
    pub items: Vec<T>,
    pub total: Total,
    /// How to reach older entries; `None` on the last page.
    pub next: Option<NextPage>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSlice<T> {
    /// The entries, in the order of the cursor.
    pub items: Vec<T>,
    /// Cursor of the next slice; `None` at the end of the log.
    pub next: Option<AuditId>,
    /// Whether the slice may lack committed entries, because a running transaction may still commit an entry with a
    /// smaller id.
    pub is_cut: bool,
}

/// A range of UTC days, both ends included. Each end is given in days since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    pub first: i64,
    pub last: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Activity {
    /// Number of entries of any type.
    pub entries: u64,
    /// Number of ceremonies that succeeded.
    pub succeeded: u64,
    pub refused: u64,
}

impl Activity {
    pub fn add(&mut self, kind: AuditType, count: u64) {
        self.entries += count;
        if kind.ends_ceremony() {
            self.succeeded += count;
        }
        if kind.is_failure() {
            self.refused += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_outcome_are_combined() {
        let (init, failed) = (AuditType::MfaAuthenticationInitSucceeded, AuditType::MfaAuthenticationFinalFailed);
        let mut filter = AuditFilter::default();
        assert_eq!(filter.accepted_kinds(), None);
        filter.kinds.any_of = vec![init, failed];
        assert_eq!(filter.accepted_kinds(), Some(vec![init, failed]));
        filter.outcome = Some(AuditOutcome::Failed);
        assert_eq!(filter.accepted_kinds(), Some(vec![failed]));
        filter.kinds = Values { any_of: Vec::new(), none_of: vec![failed] };
        let accepted = filter.accepted_kinds().unwrap();
        assert!(accepted.iter().all(|kind| kind.is_failure()) && !accepted.contains(&failed));
        assert!(!filter.is_empty() && !filter.examines_values());
        filter.text = Some("a".to_owned());
        assert!(filter.examines_values());
    }

    #[test]
    fn request_time_needs_one_uuid_of_version_7() {
        let with = |ids: &[&str]| {
            let any_of = ids.iter().map(|id| (*id).to_owned()).collect();
            AuditFilter { request_id: Values { any_of, ..Values::default() }, ..AuditFilter::default() }
        };
        let v7 = "019c0000-0000-7000-8000-000000000000";
        assert_eq!(with(&[v7]).request_time(), Some(Timestamp::from_millis(0x019c_0000_0000)));
        assert_eq!(with(&[v7, v7]).request_time(), None);
        assert_eq!(with(&["019c0000-0000-4000-8000-000000000000"]).request_time(), None);
        assert_eq!(with(&["mine"]).request_time(), None);
    }
}
